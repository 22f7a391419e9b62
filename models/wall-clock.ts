/** What the clock on the wall says in a zone, and when it says it. Pure. */
import { IANAZone } from 'luxon';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** No zone is further ahead of UTC, and none further behind. */
export const MOST_AHEAD_MS = 14 * 60 * MINUTE_MS;
export const MOST_BEHIND_MS = 12 * 60 * MINUTE_MS;

/** Whether the clock of this name is known here. */
export const isKnownZone = (zone: string): boolean => IANAZone.create(zone).isValid;

/** How far the clocks of a zone are ahead of UTC at this instant. */
export const offsetMs = (zone: string, atMs: number): number =>
  IANAZone.create(zone).offset(atMs) * MINUTE_MS;

/** When clocks are changed behind `fromMs` and not behind `toMs`, where the offset is another one. They are changed at full minutes. */
export const changeBetween = (zone: string, fromMs: number, toMs: number): number => {
  const before = offsetMs(zone, fromMs);
  let first = Math.floor(fromMs / MINUTE_MS);
  let last = Math.ceil(toMs / MINUTE_MS);
  while (last - first > 1) {
    const middle = Math.floor((first + last) / 2);
    if (offsetMs(zone, middle * MINUTE_MS) === before) first = middle;
    else last = middle;
  }
  return last * MINUTE_MS;
};

/** `2026-12-24T18:00`, which is no instant before somebody says where, in milliseconds as if it were in UTC. */
export const wallMsOf = (wallTime: string): number => Date.parse(`${wallTime}Z`);

/**
 * When the clock of a zone first stands at a wall time or beyond it: of a time that comes twice, as clocks are put back, the
 * first; for one that is left out, as they are put on, the moment that is done.
 */
export const instantOf = (zone: string, wallMs: number): number => {
  const before = offsetMs(zone, wallMs - DAY_MS);
  const after = offsetMs(zone, wallMs + DAY_MS);
  const firstMs = wallMs - before;
  if (before === after || offsetMs(zone, firstMs) === before) return firstMs;
  const secondMs = wallMs - after;
  return offsetMs(zone, secondMs) === after
    ? secondMs
    : changeBetween(zone, wallMs - DAY_MS, wallMs + DAY_MS);
};
