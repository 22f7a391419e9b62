/** A transport from pools: one for each origin and credential, shared by all who send there. */
import { connectFault } from './connect-fault.js';
import { type Endpoint, endpointOf } from './endpoint.js';
import { type TransportOptions, type TransportSettings, withDefaults } from './options.js';
import { originKey } from './origin-key.js';
import {
  type Origin,
  type Transport,
  TransportError,
  type TransportReply,
  type TransportRequest,
} from './transport.js';

/** All that goes to one origin. */
export interface OriginPool {
  /** Nothing is lost when it is forgotten. */
  readonly isDisposable: boolean;
  /** Rejects with TransportError only. */
  request(request: TransportRequest): Promise<TransportReply>;
  /** Resolves when a connection takes requests, or none can be had now; never rejects. */
  ready(): Promise<void>;
  renew(): void;
  close(): Promise<void>;
}

export type MakePool = (endpoint: Endpoint, settings: TransportSettings) => OriginPool;

const refused = (fault: 'closed' | 'aborted', message: string, cause?: unknown): Promise<never> =>
  Promise.reject(new TransportError(fault, message, false, { cause }));

export const transportOfPools = (options: TransportOptions, makePool: MakePool): Transport => {
  const settings = withDefaults(options);
  const pools = new Map<string, OriginPool>();
  let closing: Promise<void> | undefined;

  const addPool = (key: string, origin: Origin): OriginPool => {
    // Credentials come and go, so the rare moment that adds one also forgets what nobody uses.
    for (const [other, pool] of pools) if (pool.isDisposable) pools.delete(other);
    const pool = makePool(endpointOf(origin, settings.allowPrivateEndpoints), settings);
    pools.set(key, pool);
    return pool;
  };

  const poolOf = (origin: Origin): OriginPool => {
    const key = originKey(origin);
    return pools.get(key) ?? addPool(key, origin);
  };

  return {
    request(origin, request) {
      if (closing) return refused('closed', 'The transport is closing');
      if (request.signal?.aborted) {
        return refused('aborted', 'The request was aborted', request.signal.reason);
      }
      let pool: OriginPool;
      try {
        pool = poolOf(origin);
      } catch (error) {
        return Promise.reject(connectFault(error as Error, origin.url));
      }
      return pool.request(request);
    },
    async ready(origin) {
      if (closing) return;
      try {
        await poolOf(origin).ready();
      } catch {
        // Whoever sends there is told why it cannot be used.
      }
    },
    renew(origin) {
      pools.get(originKey(origin))?.renew();
    },
    close() {
      closing ??= Promise.all(Array.from(pools.values(), (pool) => pool.close())).then(() => {
        pools.clear();
      });
      return closing;
    },
  };
};
