/** Finds a port to listen on: the wanted one, or any free one. */
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';

const tryPort = async (port: number, host: string): Promise<number> => {
  const server = createServer();
  // `once` rejects when the server emits an error first.
  const listening = once(server, 'listening');
  server.listen(port, host);
  await listening;
  const taken = (server.address() as AddressInfo).port;
  server.close();
  await once(server, 'close');
  return taken;
};

/** `isOther`: the wanted one is in use, or not ours to take. */
export const freePort = async (
  wanted: number,
  host: string,
): Promise<{ port: number; isOther: boolean }> => {
  try {
    return { port: await tryPort(wanted, host), isOther: false };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EADDRINUSE' && code !== 'EACCES') throw error;
    return { port: await tryPort(0, host), isOther: true };
  }
};
