/** Runs in a process of its own, forked by delay-relay.ts: passes bytes on, both ways, each so much later than it came. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import type { DelayRelayNews, DelayRelayOrder } from './delay-relay.js';
import { HOST } from './sink.js';

/** In order, because all of them wait equally long. */
const passOn = (from: Socket, to: Socket, delayMs: number): void => {
  const later = (step: () => void): void => void setTimeout(step, delayMs);
  from.on('data', (bytes: Buffer) => {
    if (delayMs === 0) to.write(bytes);
    else later(() => to.write(bytes));
  });
  from.on('end', () => later(() => to.end()));
  from.on('error', () => to.destroy());
};

process.on('disconnect', () => process.exit());
process.on('SIGINT', () => undefined);
const [{ port, delayMs }] = (await once(process, 'message')) as [DelayRelayOrder];
const server = createServer({ allowHalfOpen: true, noDelay: true }, (near) => {
  const far = connect({ port, host: HOST, allowHalfOpen: true, noDelay: true });
  passOn(near, far, delayMs);
  passOn(far, near, delayMs);
});
server.listen(0, HOST);
await once(server, 'listening');
const news: DelayRelayNews = { port: (server.address() as AddressInfo).port };
process.send?.(news);
