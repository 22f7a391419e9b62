/** From an endpoint to a session of node:http2 that is ready for requests: the peer's SETTINGS have arrived. */
import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2';
import type { TLSSocket } from 'node:tls';
import { connectBy, openTls } from '../connect-tls.js';
import type { Endpoint } from '../endpoint.js';
import type { OpenSession } from './connection.js';

/** Replies to a thousand streams at once fit, so that a long round trip does not stall them. */
const CONNECTION_WINDOW_BYTES = 4 * 1024 * 1024;
/** In MB. node:http2's 10 would refuse streams of a busy connection. */
const SESSION_MEMORY_MB = 256;

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

/** Rejects with TransportError `connect` or `forbidden`; on abort with the signal's reason as its cause. */
export const connect = (endpoint: Endpoint, signal: AbortSignal): Promise<OpenSession> =>
  connectBy(endpoint, signal, async () => {
    const socket = await openTls(endpoint, signal);
    return { socket, session: await openHttp2(endpoint, socket, signal) };
  });
