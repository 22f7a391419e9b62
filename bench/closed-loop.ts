/** Sends as fast as answers come: each of a number of senders waits for its answer and sends again. */
import { sharedClockMs } from './shared-clock.js';

/**
 * Calls `send` for 0, 1, 2 ... with the moment at which it is due, which is now. Resolves, in this order, with what all of
 * them resolve with, and rejects as the first of them does, sending no more.
 */
export const closedLoop = async <Answer>(
  { inFlight, count }: { inFlight: number; count: number },
  send: (index: number, dueAtMs: number) => Promise<Answer>,
): Promise<Answer[]> => {
  const answers = new Array<Answer>(count);
  let next = 0;
  const sender = async (): Promise<void> => {
    for (let index = next++; index < count; index = next++) {
      try {
        answers[index] = await send(index, sharedClockMs());
      } catch (error) {
        next = count;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(inFlight, count) }, sender));
  return answers;
};
