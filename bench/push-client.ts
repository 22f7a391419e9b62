/** One run of a contender of the part `transport`, in a process of its own. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import type { Closing } from '../server/closing.js';
import { endChild } from './child.js';
import type { Contender } from './contenders.js';
import type { PushClientOptions } from './push-clients.js';

export interface PushClientOrder extends PushClientOptions {
  readonly contender: Contender;
  readonly pushes: number;
  /** Pushes before those that count. */
  readonly warmUp: number;
  readonly inFlight: number;
  /** The process that does the work, where it is not the client itself. */
  readonly pid?: number;
}

export interface PushClientNews {
  readonly wallMs: number;
  readonly cpuMs: number;
  readonly accepted: number;
  /** Of resident memory, while it was measured. */
  readonly grownMb: number;
  readonly peakMb: number;
}

export interface PushRunOptions {
  readonly closing: Closing;
  readonly profileDir?: string;
}

/** Rejects unless every push was accepted. */
export const runPushClient = async (
  order: PushClientOrder,
  { closing, profileDir }: PushRunOptions,
): Promise<PushClientNews> => {
  const execArgv = [
    ...process.execArgv,
    ...(profileDir == null ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileDir}`]),
  ];
  const child = fork(new URL('./push-client-process.ts', import.meta.url), { execArgv });
  await closing.add('the push client', () => endChild(child));
  child.send(order);
  const exited = once(child, 'exit');
  const ended = exited.then(() => Promise.reject(new Error('The push client has ended')));
  ended.catch(() => undefined);
  const heard = once(child, 'message') as Promise<[PushClientNews]>;
  const [news] = await Promise.race([heard, ended]);
  await exited;
  if (news.accepted !== order.pushes) {
    throw new Error(
      `Of ${order.pushes} pushes of ${order.contender} ${news.accepted} were accepted`,
    );
  }
  return news;
};
