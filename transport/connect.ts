/** From an endpoint to an HTTP/2 session that is ready for requests: TCP or a tunnel, TLS with ALPN h2, the peer's SETTINGS. */
import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2';
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls';
import type { OpenSession } from './connection.js';
import type { Endpoint } from './endpoint.js';
import { assertPublicHost, ForbiddenAddressError } from './private-addresses.js';
import { openTunnel } from './proxy-tunnel.js';
import { TransportError } from './transport.js';

/** Replies to a thousand streams at once fit, so that a long round trip does not stall them. */
const CONNECTION_WINDOW_BYTES = 4 * 1024 * 1024;
/** In MB. node:http2's 10 would refuse streams of a busy connection. */
const SESSION_MEMORY_MB = 256;

const NO_HTTP2 = 'the peer does not speak HTTP/2 (no ALPN h2)';
const REASONS: Readonly<Record<string, string>> = {
  ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL: NO_HTTP2,
};

const reasonOf = (error: Error): string => {
  const { code } = error as NodeJS.ErrnoException;
  // The error of several attempted addresses has no message of its own.
  const first: unknown = error instanceof AggregateError ? error.errors[0] : error;
  return REASONS[code ?? ''] ?? (first instanceof Error ? first.message : error.message);
};

/** Nothing was sent in any of these cases. */
export const connectFault = (error: Error, where: string): TransportError =>
  error instanceof ForbiddenAddressError
    ? new TransportError('forbidden', error.message, false, { cause: error })
    : new TransportError('connect', `Cannot connect to ${where}: ${reasonOf(error)}`, false, {
        cause: error,
      });

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

const openTls = async (endpoint: Endpoint, signal: AbortSignal): Promise<TLSSocket> => {
  const options = await tlsOptions(endpoint, signal);
  return new Promise((resolve, reject) => {
    const socket = connectTls(options);
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
 * Waits for the peer's first SETTINGS before anything is sent. They come within the round trip that follows the
 * handshake, tell the stream limit, and prove that the peer accepts us: under TLS 1.3 a refused client certificate shows
 * only after the client holds the handshake for done, and no request should be in doubt because of it.
 */
const openHttp2 = (
  endpoint: Endpoint,
  socket: TLSSocket,
  signal: AbortSignal,
): Promise<ClientHttp2Session> =>
  new Promise((resolve, reject) => {
    const session = connectHttp2(`https://${endpoint.authority}`, {
      createConnection: () => socket,
      settings: { enablePush: false },
      maxSessionMemory: SESSION_MEMORY_MB,
    });
    const cancel = (): void => {
      session.destroy(signal.reason as Error);
    };
    signal.addEventListener('abort', cancel);
    if (signal.aborted) cancel();
    session.on('error', reject);
    socket.on('error', reject);
    session.once('close', () => reject(new Error('the peer closed the connection')));
    session.once('remoteSettings', () => {
      signal.removeEventListener('abort', cancel);
      session.setLocalWindowSize(CONNECTION_WINDOW_BYTES);
      resolve(session);
    });
  });

const open = async (endpoint: Endpoint, signal: AbortSignal): Promise<OpenSession> => {
  const socket = await openTls(endpoint, signal);
  return { socket, session: await openHttp2(endpoint, socket, signal) };
};

/** Rejects with TransportError `connect` or `forbidden`; on abort with the signal's reason as its cause. */
export const connect = async (endpoint: Endpoint, signal: AbortSignal): Promise<OpenSession> => {
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
