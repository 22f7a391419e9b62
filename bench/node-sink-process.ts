/** Runs in a process of its own, forked by node-sink.ts. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createSecureServer, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { NodeSinkNews, NodeSinkOrder } from './node-sink.js';
import { sharedClockMs } from './shared-clock.js';
import { ANSWERS, type Arrival, HOST, MOST_STREAMS } from './sink.js';

const tell = (news: NodeSinkNews): void => void process.send?.(news);

const NS_PER_MS = 1_000_000;
/** What arrived while it was busy, or others had the machine, is noted late. */
const delays = monitorEventLoopDelay({ resolution: 5 });
delays.enable();

const arrivals = new Map<string, Arrival>();

const record = (path: string, atMs: number): void => {
  const before = arrivals.get(path);
  arrivals.set(path, { firstAtMs: before?.firstAtMs ?? atMs, times: (before?.times ?? 0) + 1 });
};

const answer = (stream: ServerHttp2Stream, path: string): void => {
  const found = ANSWERS.find(({ prefix }) => path.startsWith(prefix));
  if (found == null) {
    stream.respond({ ':status': 200, 'apns-id': randomUUID() }, { endStream: true });
    return;
  }
  stream.respond({ ':status': 200, 'content-type': 'application/json' });
  stream.end(found.body);
};

const [order] = (await once(process, 'message')) as [NodeSinkOrder];
const server = createSecureServer({
  cert: order.cert,
  key: order.key,
  settings: { maxConcurrentStreams: MOST_STREAMS },
});
server.on('stream', (stream, headers) => {
  const atMs = sharedClockMs();
  stream.on('error', () => undefined);
  stream.on('end', () => {
    const path = headers[':path'] ?? '';
    if (order.record) record(path, atMs);
    answer(stream, path);
  });
  stream.resume();
});
server.listen(0, HOST);
await once(server, 'listening');
process.on('message', () => {
  tell({ kind: 'arrivals', byPath: [...arrivals], stalledMs: delays.max / NS_PER_MS });
  delays.reset();
});
// Whoever measures has gone, in whatever way.
process.on('disconnect', () => process.exit());
// Ctrl-C reaches all processes of the terminal; the one that measures ends this one when it is done with it.
process.on('SIGINT', () => undefined);
tell({ kind: 'listening', url: `https://${HOST}:${(server.address() as AddressInfo).port}` });
