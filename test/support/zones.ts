/** The zones of IANA, and when their clocks are changed, for tests of wall time. */
import { DateTime } from 'luxon';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const HALF_DAY_MS = 12 * HOUR_MS;
/** The first zone is so far ahead of UTC, and a bit. */
const AHEAD_MS = 15 * HOUR_MS;
const DAYS = 365;

export const ZONES: readonly string[] = Intl.supportedValuesOf('timeZone');

/** Instants around which the clocks of a zone are changed in 2026, and one in summer. */
export const changesOf = (zone: string): number[] => {
  const changes = [Date.parse('2026-07-01T00:00:00Z')];
  const offset = (ms: number): number => DateTime.fromMillis(ms, { zone }).offset;
  const first = Date.parse('2026-01-01T00:00:00Z');
  for (let day = 0; day < DAYS; day += 1) {
    const ms = first + 2 * day * HALF_DAY_MS;
    if (offset(ms) !== offset(ms + 2 * HALF_DAY_MS)) changes.push(ms + HALF_DAY_MS);
  }
  return changes;
};

/** When it is this time in a zone (`2026-12-24T18:00`), as somebody finds out who looks at the wall until the clock says so, or more. */
export const lookedFor = (zone: string, wallTime: string): number => {
  const wall = (ms: number): string =>
    DateTime.fromMillis(ms, { zone }).toISO({ includeOffset: false })!.slice(0, 16);
  let ms = Date.parse(`${wallTime}Z`) - AHEAD_MS;
  // Every hour at first, which is often enough as long as the clock is far from it.
  while (wall(ms + 3 * HOUR_MS) < wallTime) ms += HOUR_MS;
  while (wall(ms) < wallTime) ms += MINUTE_MS;
  return ms;
};
