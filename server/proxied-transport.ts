/** Sends everything through the operator's proxy. A tenant cannot name one: its address is not guarded. */
import type { Origin, Transport } from '../transport/transport.js';

export const proxied = (transport: Transport, proxy: string | undefined): Transport => {
  if (proxy == null) return transport;
  // The same object each time: transports recognise an origin by it.
  const through = new WeakMap<Origin, Origin>();
  const withProxy = (origin: Origin): Origin => {
    if (origin.proxy != null) return origin;
    const known = through.get(origin) ?? { ...origin, proxy };
    through.set(origin, known);
    return known;
  };
  return {
    request: (origin, request) => transport.request(withProxy(origin), request),
    ready: (origin) => transport.ready(withProxy(origin)),
    renew: (origin) => transport.renew(withProxy(origin)),
    close: () => transport.close(),
  };
};
