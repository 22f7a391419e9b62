/** The transport over node:http2: slower than ours, by other hands, and so the reference that ours is compared with. */
import type { TransportOptions } from '../options.js';
import { transportOfPools } from '../pools.js';
import type { Transport } from '../transport.js';
import { Pool } from './pool.js';

export const nodeTransport = (options: TransportOptions = {}): Transport =>
  transportOfPools(options, (endpoint, settings) => new Pool(endpoint, settings));
