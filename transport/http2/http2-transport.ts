/** The transport over our own HTTP/2: many small requests at a fraction of what node:http2 costs. */
import type { TransportOptions } from '../options.js';
import { transportOfPools } from '../pools.js';
import type { Transport } from '../transport.js';
import { DeadlineWheel } from './deadline-wheel.js';
import { Pool } from './pool.js';

export const http2Transport = (options: TransportOptions = {}): Transport => {
  const deadlines = new DeadlineWheel();
  return transportOfPools(options, (endpoint, settings) => new Pool(endpoint, settings, deadlines));
};
