/** Repeats what may be repeated while the database is in trouble: an election is over in seconds, and so are most restarts. */
import { setTimeout as pause } from 'node:timers/promises';
import { isMongoTrouble } from './mongo-trouble.js';

const EVERY_MS = 200;
const WITHIN_MS = 30_000;

/**
 * Resolves with what `work` does, which must be idempotent. Meant for what the driver does not repeat itself, as the making of
 * collections and indexes. Rejects at once with what is no trouble of the database, and with trouble that lasts.
 */
export const repeated = async <T>(
  work: () => Promise<T>,
  { everyMs = EVERY_MS, withinMs = WITHIN_MS } = {},
): Promise<T> => {
  const deadline = performance.now() + withinMs;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!isMongoTrouble(error) || performance.now() > deadline) throw error;
    }
    await pause(everyMs);
  }
};
