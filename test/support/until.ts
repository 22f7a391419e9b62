/** Waits for a condition instead of for time. */
import { setTimeout as pause } from 'node:timers/promises';

/** Resolves when `condition` holds; rejects, naming `what`, when it does not within `withinMs`. */
export const until = async (
  what: string,
  condition: () => boolean | Promise<boolean>,
  { withinMs = 30_000, everyMs = 20 } = {},
): Promise<void> => {
  const deadline = performance.now() + withinMs;
  while (!(await condition())) {
    if (performance.now() > deadline)
      throw new Error(`Waited ${withinMs} ms in vain until ${what}`);
    await pause(everyMs);
  }
};
