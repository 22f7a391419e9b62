/** Runs in a process of its own, forked by connect-proxy.ts: joins each client to the sink and passes bytes on. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { HOST } from '../sink.js';
import type { ConnectProxyNews, ConnectProxyOrder } from './connect-proxy.js';

process.on('disconnect', () => process.exit());
process.on('SIGINT', () => undefined);
const [{ port }] = (await once(process, 'message')) as [ConnectProxyOrder];
const server = createServer();
server.on('connect', (_request, near, head) => {
  const far = connect({ port, host: HOST, noDelay: true }, () => {
    near.write('HTTP/1.1 200 Connection established\r\n\r\n');
    far.write(head);
    near.pipe(far).pipe(near);
  });
  near.on('error', () => far.destroy());
  far.on('error', () => near.destroy());
});
server.listen(0, HOST);
await once(server, 'listening');
const news: ConnectProxyNews = { port: (server.address() as AddressInfo).port };
process.send?.(news);
