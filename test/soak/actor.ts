/** Somebody who does something now and then, by chance, until the soak is over. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Random } from '../../demo/seeded-random.js';

export interface Pace {
  readonly leastMs: number;
  readonly mostMs: number;
}

/** Resolves once `isOver`, after the last deed has ended. A deed that fails ends the soak. */
export const act = async (
  random: Random,
  { leastMs, mostMs }: Pace,
  isOver: () => boolean,
  deed: (random: Random) => void | Promise<void>,
): Promise<void> => {
  while (!isOver()) {
    await pause(random.between(leastMs, mostMs));
    if (!isOver()) await deed(random);
  }
};
