/**
 * Mends the driver: a command that was written to a socket that had just been destroyed, or whose socket is destroyed before all
 * of the command has left, waits for `drain` for ever (mongodb 7.9 and before, `Connection.writeCommand`). No timeout ends
 * that, and with it hangs whoever waits: after a mongod that was killed, a report was never written.
 */
import type { Socket } from 'node:net';
import { ofDriver } from './driver-part.js';

interface DriverConnection {
  readonly closed: boolean;
  readonly socket: Socket;
  cleanup: (this: DriverConnection, error: Error) => void;
}

const Connection = ofDriver<{ Connection?: { readonly prototype: DriverConnection } }>(
  'lib/cmap/connection.js',
)?.Connection;

/** Whoever still waits for the socket is told that it has gone. */
const tellWriters = ({ socket }: DriverConnection, error: Error): void => {
  if (socket.listenerCount('drain') > 0) socket.emit('error', error);
};

const mend = (prototype: DriverConnection): void => {
  const { cleanup } = prototype;
  prototype.cleanup = function (error) {
    const wasClosed = this.closed;
    cleanup.call(this, error);
    // In the next turn: a command may be between its look at the connection and its look at the socket.
    if (!wasClosed) setImmediate(tellWriters, this, error);
  };
};

if (typeof Connection?.prototype.cleanup === 'function') mend(Connection.prototype);
