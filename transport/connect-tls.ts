/** From an endpoint to a TLS socket whose peer speaks HTTP/2: address or tunnel, certificate, ALPN (RFC 9113 section 3.2). */
import type { OnReadOpts } from 'node:net';
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls';
import { connectFault, NO_HTTP2 } from './connect-fault.js';
import type { Endpoint } from './endpoint.js';
import { assertPublicHost } from './private-addresses.js';
import { openTunnel } from './proxy-tunnel.js';

const tlsOptions = async (endpoint: Endpoint, signal: AbortSignal): Promise<ConnectionOptions> => {
  const { host, port, servername, secureContext, proxy, tlsSession, lookup } = endpoint;
  if (!proxy && !endpoint.allowPrivate) assertPublicHost(host);
  return {
    host,
    secureContext,
    ALPNProtocols: ['h2'],
    rejectUnauthorized: true,
    ...(servername ? { servername } : {}),
    ...(tlsSession ? { session: tlsSession } : {}),
    ...(proxy ? { socket: await openTunnel(endpoint, proxy, signal) } : { port, lookup }),
  };
};

/** `onread`: where the bytes go instead of into `data` events. A tunnel's socket does not know it. */
export const openTls = async (
  endpoint: Endpoint,
  signal: AbortSignal,
  onread?: OnReadOpts,
): Promise<TLSSocket> => {
  const options = await tlsOptions(endpoint, signal);
  return new Promise((resolve, reject) => {
    // Known to Node since 12.10 and to its documentation of sockets, but not to the types of TLS.
    const withOnread: ConnectionOptions & { onread?: OnReadOpts } =
      onread == null ? options : { ...options, onread };
    const socket = connectTls(withOnread);
    const cancel = (): void => {
      socket.destroy(signal.reason as Error);
    };
    signal.addEventListener('abort', cancel);
    if (signal.aborted) cancel();
    // Stays for good: a socket may fail at moments when nobody else listens.
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('the peer closed the connection')));
    socket.on('session', (session) => {
      if (socket.authorized) endpoint.tlsSession = session;
    });
    socket.once('secureConnect', () => {
      signal.removeEventListener('abort', cancel);
      if (socket.alpnProtocol === 'h2') return resolve(socket);
      socket.destroy();
      reject(new Error(NO_HTTP2));
    });
  });
};

/**
 * What `open` makes of the endpoint. Rejects with TransportError `connect` or `forbidden`; on abort with the signal's
 * reason as its cause.
 */
export const connectBy = async <Open>(
  endpoint: Endpoint,
  signal: AbortSignal,
  open: (endpoint: Endpoint, signal: AbortSignal) => Promise<Open>,
): Promise<Open> => {
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error));
  });
  try {
    // Not every step can be interrupted (a DNS look-up cannot), so an abort does not wait for it.
    return await Promise.race([open(endpoint, signal), aborted]);
  } catch (error) {
    // A session that the peer no longer accepts must not spoil the next attempt.
    delete endpoint.tlsSession;
    throw connectFault(error as Error, endpoint.authority);
  }
};
