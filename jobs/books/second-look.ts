/** Looks again at what looked wrong, until it is right or has had the time to be. */
import type { Books } from './books.js';
import type { Found } from './finding.js';
import type { Suspicion } from './suspect.js';

const LOOK_EVERY_MS = 1_000;

/** Those that are still as they were when their patience is over; together they take no longer than the longest of them. */
export const secondLook = async (
  books: Books,
  suspicions: readonly Suspicion[],
): Promise<Found[]> => {
  const since = books.monotonic();
  const confirmed: Found[] = [];
  let open = suspicions;
  for (;;) {
    const waitedMs = books.monotonic() - since;
    const still: Suspicion[] = [];
    for (const one of open) {
      if (!(await one.holds())) continue;
      if (waitedMs >= one.patienceMs) confirmed.push(one);
      else still.push(one);
    }
    if (still.length === 0) return confirmed;
    open = still;
    const leftMs = Math.min(...open.map(({ patienceMs }) => patienceMs)) - waitedMs;
    await books.pause(Math.min(LOOK_EVERY_MS, Math.max(leftMs, 1)));
  }
};
