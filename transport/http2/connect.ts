/** From an endpoint to a connection that is ready for requests. */
import { connectBy } from '../connect-tls.js';
import type { Endpoint } from '../endpoint.js';
import { Connection, type ConnectionOwner, type ConnectionSettings } from './connection.js';
import { openLine } from './line.js';

/**
 * Waits for the peer's first SETTINGS before anything is sent. They come within the round trip that follows the
 * handshake, tell the stream limit, and prove that the peer accepts us: under TLS 1.3 a refused client certificate shows
 * only after the client holds the handshake for done, and no request should be in doubt because of it.
 */
export const connect = (
  endpoint: Endpoint,
  signal: AbortSignal,
  owner: ConnectionOwner,
  settings: ConnectionSettings,
): Promise<Connection> =>
  connectBy(endpoint, signal, async () => {
    const line = await openLine(endpoint, signal);
    return new Promise<Connection>((resolve, reject) => {
      const cancel = (): void => {
        line.socket.destroy(signal.reason as Error);
      };
      const connection = new Connection(line, endpoint.authority, settings, {
        onReady() {
          signal.removeEventListener('abort', cancel);
          owner.onReady(connection);
          resolve(connection);
        },
        onRoom: () => owner.onRoom(connection),
        onRetired: () => owner.onRetired(connection),
        onUnprocessed: (exchange) => owner.onUnprocessed(exchange),
        onClosed() {
          owner.onClosed(connection);
          reject(connection.error ?? new Error('the peer closed the connection'));
        },
      });
      signal.addEventListener('abort', cancel);
      if (signal.aborted) cancel();
      connection.start();
    });
  });
