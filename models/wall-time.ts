/**
 * Times on the clock of a wall, and when a clock shows them. Such a time is written `YYYY-MM-DDTHH:MM`, and counted as milliseconds
 * as if the wall were in UTC. Pure.
 */
import { DateTime, IANAZone } from 'luxon';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** No clock is further ahead of UTC, and none further behind. */
export const MOST_AHEAD_MS = 14 * HOUR_MS;
export const MOST_BEHIND_MS = 12 * HOUR_MS;

const WALL_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d$/;

/** Undefined for what no calendar has. */
export const readWallTime = (text: string): number | undefined => {
  const read = DateTime.fromISO(text, { zone: 'utc' });
  return WALL_TIME.test(text) && read.isValid ? read.toMillis() : undefined;
};

/** Throws for a text that was not checked. */
export const wallMsOf = (text: string): number => {
  const wallMs = readWallTime(text);
  if (wallMs == null) throw new Error('It is not a time on a wall');
  return wallMs;
};

/** `YYYY-MM-DDTHH:MM`. */
export const wallText = (wallMs: number): string => new Date(wallMs).toISOString().slice(0, 16);

/** Whether the clock of this name is known here. */
export const isKnownZone = (timeZone: string): boolean => IANAZone.create(timeZone).isValid;

/** How far the clock is ahead of UTC. */
export const offsetMs = (atMs: number, timeZone: string): number =>
  IANAZone.create(timeZone).offset(atMs) * MINUTE_MS;

/** What the clock on the wall shows. */
export const wallAt = (atMs: number, timeZone: string): number => atMs + offsetMs(atMs, timeZone);

/** When the clock was changed, between two instants that differ in their offset. */
export const changeBetween = (fromMs: number, toMs: number, timeZone: string): number => {
  const before = offsetMs(fromMs, timeZone);
  let [lastMs, firstMs] = [fromMs, toMs];
  while (firstMs - lastMs > 1) {
    const middleMs = Math.floor((lastMs + firstMs) / 2);
    if (offsetMs(middleMs, timeZone) === before) lastMs = middleMs;
    else firstMs = middleMs;
  }
  return firstMs;
};

/**
 * The first instant at which the clock shows this time or, where it is put on over it, a later one. So a time that there is twice
 * comes at the first of them, one that there is not comes when the clock is put on, and later times never come earlier.
 */
export const instantOf = (wallMs: number, timeZone: string): number => {
  const fromMs = wallMs - MOST_AHEAD_MS - HOUR_MS;
  const toMs = wallMs + MOST_BEHIND_MS + HOUR_MS;
  const [before, after] = [offsetMs(fromMs, timeZone), offsetMs(toMs, timeZone)];
  const firstMs = wallMs - before;
  if (before === after || offsetMs(firstMs, timeZone) === before) return firstMs;
  const secondMs = wallMs - after;
  return offsetMs(secondMs, timeZone) === after ? secondMs : changeBetween(fromMs, toMs, timeZone);
};
