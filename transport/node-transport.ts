/** The transport over node:http2: one connection for each origin and credential, shared by all who send there. */
import { connectFault } from './connect.js';
import { endpointOf } from './endpoint.js';
import { type NodeTransportOptions, withDefaults } from './options.js';
import { originKey } from './origin-key.js';
import { Pool } from './pool.js';
import { type Origin, type Transport, TransportError } from './transport.js';

export const nodeTransport = (options: NodeTransportOptions = {}): Transport => {
  const settings = withDefaults(options);
  const pools = new Map<string, Pool>();
  let closing: Promise<void> | undefined;

  const addPool = (key: string, origin: Origin): Pool => {
    // Credentials come and go, so the rare moment that adds one also forgets what nobody uses.
    for (const [other, pool] of pools) if (pool.isDisposable) pools.delete(other);
    const pool = new Pool(endpointOf(origin, settings.allowPrivateEndpoints), settings);
    pools.set(key, pool);
    return pool;
  };

  const poolOf = (origin: Origin): Pool => {
    const key = originKey(origin);
    return pools.get(key) ?? addPool(key, origin);
  };

  return {
    request(origin, request) {
      if (closing) {
        return Promise.reject(new TransportError('closed', 'The transport is closing', false));
      }
      if (request.signal?.aborted) {
        const options = { cause: request.signal.reason as unknown };
        return Promise.reject(
          new TransportError('aborted', 'The request was aborted', false, options),
        );
      }
      try {
        return poolOf(origin).request(request);
      } catch (error) {
        return Promise.reject(connectFault(error as Error, origin.url));
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
