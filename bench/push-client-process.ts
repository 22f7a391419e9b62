/** Runs in a process of its own, forked by push-client.ts: pushes as fast as it can, first to warm up, then to be measured. */
import { once } from 'node:events';
import type { PushClientNews, PushClientOrder } from './push-client.js';
import { openPushClient, type PushClient } from './push-clients.js';

const CPU_US_PER_MS = 1_000;
const BYTES_PER_MB = 1_000_000;

interface Load {
  readonly pushes: number;
  readonly inFlight: number;
}

const pushAll = async (client: PushClient, { pushes, inFlight }: Load): Promise<number> => {
  let next = 0;
  let accepted = 0;
  const worker = async (): Promise<void> => {
    while (next < pushes) {
      next += 1;
      if (await client.push(next)) accepted += 1;
    }
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
  return accepted;
};

const run = async (order: PushClientOrder): Promise<PushClientNews> => {
  const client = await openPushClient(order.contender, order);
  await pushAll(client, { pushes: order.warmUp, inFlight: order.inFlight });
  const rssBefore = process.memoryUsage.rss();
  const startedAt = performance.now();
  const cpuBefore = process.cpuUsage();
  const accepted = await pushAll(client, order);
  const { user, system } = process.cpuUsage(cpuBefore);
  const wallMs = performance.now() - startedAt;
  const grownMb = (process.memoryUsage.rss() - rssBefore) / BYTES_PER_MB;
  await client.close();
  return { wallMs, cpuMs: (user + system) / CPU_US_PER_MS, accepted, grownMb };
};

process.on('disconnect', () => process.exit());
// Ctrl-C reaches all processes of the terminal; the one that measures ends this one when it is done with it.
process.on('SIGINT', () => undefined);
const [order] = (await once(process, 'message')) as [PushClientOrder];
process.send?.(await run(order));
// Ends by itself: a profile is written at the exit.
process.disconnect();
