/** The transports there are, by the name that the configuration uses. */
import { http2Transport } from './http2/http2-transport.js';
import { nodeTransport } from './node/node-transport.js';
import type { TransportOptions } from './options.js';
import type { Transport } from './transport.js';

/** `own`: ours. `node`: over node:http2, to compare with. */
export const ENGINES = ['own', 'node'] as const;
export type Engine = (typeof ENGINES)[number];

const MAKERS: Readonly<Record<Engine, (options: TransportOptions) => Transport>> = {
  own: http2Transport,
  node: nodeTransport,
};

export const makeTransport = (engine: Engine, options: TransportOptions = {}): Transport =>
  MAKERS[engine](options);
