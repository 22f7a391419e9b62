/** Sends at a steady rate whatever becomes of what was sent before: a slow answer must not slow the load. */
import { setTimeout as pause } from 'node:timers/promises';
import { sharedClockMs } from './shared-clock.js';

const SECOND_MS = 1_000;

/**
 * Calls `send` for 0, 1, 2 ... at its moment; one that is late, because this process was, follows at once. Resolves with
 * what all of them resolve with, and rejects as the first of them does.
 */
export const openLoop = async <Answer>(
  { perSecond, count }: { perSecond: number; count: number },
  send: (index: number, dueAtMs: number) => Promise<Answer>,
): Promise<Answer[]> => {
  const startMs = sharedClockMs();
  const sent: Promise<Answer>[] = [];
  for (let index = 0; index < count; index += 1) {
    const dueAtMs = startMs + (index * SECOND_MS) / perSecond;
    // Again, because a timer may fire a fraction of a millisecond too early.
    for (let nowMs = sharedClockMs(); nowMs < dueAtMs; nowMs = sharedClockMs()) {
      await pause(Math.ceil(dueAtMs - nowMs));
    }
    const answer = send(index, dueAtMs);
    // All are awaited at the end; until then a failure is not unhandled.
    answer.catch(() => undefined);
    sent.push(answer);
  }
  return Promise.all(sent);
};
