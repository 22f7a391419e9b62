/** Quiet hours: when a device is left in peace, by the clock on its wall. Pure. */
import { DateTime } from 'luxon';

/** `HH:MM` from 00:00 to 23:59; a window that ends before it begins goes on past midnight. */
export interface QuietWindow {
  readonly from: string;
  readonly to: string;
}

/** `hold`: sent when they end, unless the task has expired. `drop`: suppressed. */
export type QuietAction = 'hold' | 'drop';

export interface QuietRule extends QuietWindow {
  /** Absent: all of them. */
  readonly purposes?: readonly string[];
  readonly action: QuietAction;
}

export interface QuietSettings {
  /** The first one that names the purpose, or names none, counts. */
  readonly rules: readonly QuietRule[];
  /** IANA name, for devices that have not told theirs. */
  readonly timeZone: string;
}

const MINUTE_MS = 60_000;
const HOUR_MINUTES = 60;
const DAY_MINUTES = 24 * HOUR_MINUTES;
/** Two zones have days that are missing altogether; nobody is held longer than this. */
const LONGEST_MINUTES = 3 * DAY_MINUTES;
/** Clocks are put on and back by multiples of this. */
const STEP_MINUTES = 15;

const minutesOf = (wallTime: string): number =>
  Number(wallTime.slice(0, 2)) * HOUR_MINUTES + Number(wallTime.slice(3));

const isWithin = (minute: number, from: number, to: number): boolean =>
  from < to ? from <= minute && minute < to : from <= minute || minute < to;

/** Minutes of the day on the wall of a zone. */
const wallMinutes = (atMs: number, zone: string): number => {
  const { hour, minute } = DateTime.fromMillis(atMs, { zone });
  return hour * HOUR_MINUTES + minute;
};

/**
 * The first instant from `nowMs` on at which the wall clock stands outside the window; undefined when it does now. Where the
 * clock is put on over the end, that is when it is put on; where it is put back into the window, it is quiet once more.
 */
export const quietUntil = (
  nowMs: number,
  zone: string,
  window: QuietWindow,
): number | undefined => {
  const from = minutesOf(window.from);
  const to = minutesOf(window.to);
  const isQuiet = (atMs: number): boolean => isWithin(wallMinutes(atMs, zone), from, to);
  if (!isQuiet(nowMs)) return undefined;
  const free = (from - to + DAY_MINUTES) % DAY_MINUTES;
  const stepMs = Math.min(STEP_MINUTES, free) * MINUTE_MS;
  const startMs = Math.floor(nowMs / MINUTE_MS) * MINUTE_MS;
  const lastMs = startMs + LONGEST_MINUTES * MINUTE_MS;
  let quietMs = startMs;
  while (quietMs < lastMs && isQuiet(quietMs + stepMs)) quietMs += stepMs;
  let endMs = quietMs + MINUTE_MS;
  while (endMs < quietMs + stepMs && isQuiet(endMs)) endMs += MINUTE_MS;
  return endMs;
};

/** Of the settings, what counts for a purpose. */
export const quietRuleFor = ({ rules }: QuietSettings, purpose: string): QuietRule | undefined =>
  rules.find(({ purposes }) => purposes == null || purposes.includes(purpose));
