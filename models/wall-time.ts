/**
 * Times on the clock of a wall, and when a clock shows them. Such a time is written `YYYY-MM-DDTHH:MM`, and counted as milliseconds
 * as if the wall were in UTC. Pure.
 */
import { DateTime, IANAZone } from 'luxon';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** More than any clock is ahead of UTC, or behind it. */
const MOST_AHEAD_MS = 15 * HOUR_MS;
const MOST_BEHIND_MS = 13 * HOUR_MS;

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

const offsetMs = (zone: IANAZone, atMs: number): number => zone.offset(atMs) * MINUTE_MS;

/** What the clock on the wall shows. */
export const wallAt = (atMs: number, timeZone: string): number =>
  atMs + offsetMs(IANAZone.create(timeZone), atMs);

/** When the clock was changed, between two instants that differ in their offset. */
const changeBetween = (zone: IANAZone, fromMs: number, toMs: number): number => {
  const before = zone.offset(fromMs);
  let [lastMs, firstMs] = [fromMs, toMs];
  while (firstMs - lastMs > 1) {
    const middleMs = Math.floor((lastMs + firstMs) / 2);
    if (zone.offset(middleMs) === before) lastMs = middleMs;
    else firstMs = middleMs;
  }
  return firstMs;
};

/**
 * The first instant at which the clock shows this time or, where it is put on over it, a later one. So a time that there is twice
 * comes at the first of them, one that there is not comes when the clock is put on, and later times never come earlier.
 */
export const instantOf = (wallMs: number, timeZone: string): number => {
  const zone = IANAZone.create(timeZone);
  const [fromMs, toMs] = [wallMs - MOST_AHEAD_MS, wallMs + MOST_BEHIND_MS];
  const [before, after] = [offsetMs(zone, fromMs), offsetMs(zone, toMs)];
  const firstMs = wallMs - before;
  if (before === after || offsetMs(zone, firstMs) === before) return firstMs;
  const secondMs = wallMs - after;
  return offsetMs(zone, secondMs) === after ? secondMs : changeBetween(zone, fromMs, toMs);
};
