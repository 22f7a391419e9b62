/** Runs in a process of its own, forked by push-client.ts: pushes as fast as it can, first to warm up, then to be measured. */
import { once } from 'node:events';
import { readCpuMs, readPeakRssMb, readRssMb, resetPeakRss } from './process-figures.js';
import type { PushClientNews, PushClientOrder } from './push-client.js';
import { openPushClient, type PushClient } from './push-clients.js';

const CPU_US_PER_MS = 1_000;

interface Load {
  readonly pushes: number;
  readonly inFlight: number;
}

const pushAll = async (client: PushClient, { pushes, inFlight }: Load): Promise<number> => {
  const { batch } = client;
  let next = 0;
  let accepted = 0;
  const worker = async (): Promise<void> => {
    while (next < pushes) {
      const from = next;
      next += batch;
      const taken = await client.push(from, Math.min(batch, pushes - from));
      accepted += taken;
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, Math.floor(inFlight / batch)) }, worker));
  return accepted;
};

/** Of this process by its own, finer clock; of another one as the system tells it. */
const cpuMsOf = async (pid: number): Promise<number> => {
  if (pid !== process.pid) return readCpuMs([pid]);
  const { user, system } = process.cpuUsage();
  return (user + system) / CPU_US_PER_MS;
};

const run = async (order: PushClientOrder): Promise<PushClientNews> => {
  const { pid = process.pid } = order;
  const client = await openPushClient(order.contender, order);
  await pushAll(client, { pushes: order.warmUp, inFlight: order.inFlight });
  await resetPeakRss(pid);
  const rssBefore = await readRssMb(pid);
  const cpuBefore = await cpuMsOf(pid);
  const startedAt = performance.now();
  const accepted = await pushAll(client, order);
  const wallMs = performance.now() - startedAt;
  const cpuMs = (await cpuMsOf(pid)) - cpuBefore;
  const grownMb = (await readRssMb(pid)) - rssBefore;
  const peakMb = await readPeakRssMb(pid);
  await client.close();
  return { wallMs, cpuMs, accepted, grownMb, peakMb };
};

process.on('disconnect', () => process.exit());
// Ctrl-C reaches all processes of the terminal; the one that measures ends this one when it is done with it.
process.on('SIGINT', () => undefined);
const [order] = (await once(process, 'message')) as [PushClientOrder];
process.send?.(await run(order));
// Ends by itself: a profile is written at the exit.
process.disconnect();
