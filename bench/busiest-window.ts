/** The most events in any stretch of time of a given length. Pure. */

/** `timesMs` in any order; a stretch has its beginning and not its end. */
export const busiestWindow = (timesMs: readonly number[], lengthMs: number): number => {
  const sorted = timesMs.toSorted((one, other) => one - other);
  let from = 0;
  let most = 0;
  sorted.forEach((atMs, index) => {
    while (atMs - (sorted[from] ?? atMs) >= lengthMs) from += 1;
    most = Math.max(most, index - from + 1);
  });
  return most;
};
