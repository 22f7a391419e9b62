/** Ports of the loopback interface. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';

export const LOOPBACK = '127.0.0.1';

/** A port that nobody listens on just now. */
export const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, LOOPBACK);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
};

/** Whether somebody accepts connections on the port. */
export const isListening = async (port: number): Promise<boolean> => {
  const socket = connect(port, LOOPBACK);
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
};
