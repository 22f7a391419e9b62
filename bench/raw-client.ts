/** A peer to compare with: node:http2 alone, without database or report, in a process of its own. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import type { Closing } from '../server/closing.js';
import { endChild } from './child.js';
import type { Sink } from './sink.js';

export interface RawClientOrder {
  readonly url: string;
  readonly ca: string;
  readonly pushes: number;
}

export interface RawClientNews {
  readonly wallMs: number;
  readonly cpuMs: number;
  readonly accepted: number;
}

/** Rejects unless every push was accepted. */
export const runRawClient = async (
  { url, ca }: Sink,
  pushes: number,
  closing: Closing,
): Promise<RawClientNews> => {
  const child = fork(new URL('./raw-client-process.ts', import.meta.url));
  await closing.add('the raw client', () => endChild(child));
  const order: RawClientOrder = { url, ca, pushes };
  child.send(order);
  const ended = once(child, 'exit').then(() =>
    Promise.reject(new Error('The raw client has ended')),
  );
  const heard = once(child, 'message') as Promise<[RawClientNews]>;
  const [news] = await Promise.race([heard, ended]);
  ended.catch(() => undefined);
  await endChild(child);
  if (news.accepted !== pushes) {
    throw new Error(`Of ${pushes} pushes of the raw client ${news.accepted} were accepted`);
  }
  return news;
};
