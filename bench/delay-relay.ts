/** A long way to the sink: a relay in a process of its own that holds everything back for half a round trip. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import type { Closing } from '../server/closing.js';
import { endChild } from './child.js';
import { HOST, type Sink } from './sink.js';

export interface DelayRelayOrder {
  /** Of the sink. */
  readonly port: number;
  /** Each way. */
  readonly delayMs: number;
}

export interface DelayRelayNews {
  readonly port: number;
}

/** Returns the URL of the sink at the end of the long way. */
export const startDelayRelay = async (
  sink: Sink,
  roundTripMs: number,
  closing: Closing,
): Promise<string> => {
  const child = fork(new URL('./delay-relay-process.ts', import.meta.url));
  await closing.add('the relay', () => endChild(child));
  const order: DelayRelayOrder = {
    port: Number(new URL(sink.url).port),
    delayMs: roundTripMs / 2,
  };
  child.send(order);
  const [{ port }] = (await once(child, 'message')) as [DelayRelayNews];
  return `https://${HOST}:${port}`;
};
