/** Windows of a week in which a task is sent, by the clock on the wall. Pure. */
import { changeBetween, offsetMs } from './wall-time.js';

export const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
export type Weekday = (typeof WEEKDAYS)[number];

/** `from` and `to` are `HH:MM`, a quarter of an hour each, `to` also `24:00`; one that ends before it begins goes on past midnight. */
export interface SendWindow {
  /** When it begins; absent: every day. */
  readonly days?: readonly Weekday[];
  readonly from: string;
  readonly to: string;
}

/** In minutes; of a week, from Monday. */
interface Stretch {
  readonly start: number;
  readonly length: number;
}

const MINUTE_MS = 60_000;
const HOUR_MINUTES = 60;
const DAY_MINUTES = 24 * HOUR_MINUTES;
const WEEK_MINUTES = 7 * DAY_MINUTES;
/** 1970 began on a Thursday. */
const EPOCH_MINUTES = 3 * DAY_MINUTES;

const minutesOf = (wallTime: string): number =>
  Number(wallTime.slice(0, 2)) * HOUR_MINUTES + Number(wallTime.slice(3));

const stretchesOf = ({ days = WEEKDAYS, from, to }: SendWindow): Stretch[] => {
  const length = (minutesOf(to) - minutesOf(from) + DAY_MINUTES) % DAY_MINUTES || DAY_MINUTES;
  return days.map((day) => ({
    start: WEEKDAYS.indexOf(day) * DAY_MINUTES + minutesOf(from),
    length,
  }));
};

const weekMinutes = (wallMs: number): number =>
  (Math.floor(wallMs / MINUTE_MS) + EPOCH_MINUTES) % WEEK_MINUTES;

/** From one minute of the week to another, forward. */
const minutesBetween = (from: number, to: number): number =>
  (to - from + WEEK_MINUTES) % WEEK_MINUTES;

export class SendWindows {
  private readonly stretches: readonly Stretch[];

  /** At least one. */
  constructor(windows: readonly SendWindow[]) {
    this.stretches = windows.flatMap(stretchesOf);
  }

  /** The first instant from `atMs` on at which the wall clock of the zone stands in a window. */
  nextOpen(zone: string, atMs: number): number {
    const offset = offsetMs(atMs, zone);
    const now = weekMinutes(atMs + offset);
    if (this.stretches.some(({ start, length }) => minutesBetween(start, now) < length))
      return atMs;
    const left = Math.min(...this.stretches.map(({ start }) => minutesBetween(now, start)));
    const opensMs = (Math.floor(atMs / MINUTE_MS) + left) * MINUTE_MS;
    if (offsetMs(opensMs, zone) === offset) return opensMs;
    // Nothing opens before the clocks are changed; then they may stand in a window, or before it once more.
    return this.nextOpen(zone, changeBetween(atMs, opensMs, zone));
  }
}
