/** Quiet hours: when a device is left in peace, by the clock on its wall. Pure. */
import { DateTime } from 'luxon';

/** `HH:MM` from 00:00 to 23:45, a quarter of an hour each; a window that ends before it begins goes on past midnight. */
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
/** Windows begin and end at quarters of an hour, and clocks are put on and back by multiples of one. */
const STEP_MS = 15 * MINUTE_MS;

const minutesOf = (wallTime: string): number =>
  Number(wallTime.slice(0, 2)) * HOUR_MINUTES + Number(wallTime.slice(3));

/** Minutes of a day that are outside of a window. */
export const freeMinutes = ({ from, to }: QuietWindow): number =>
  (minutesOf(from) - minutesOf(to) + DAY_MINUTES) % DAY_MINUTES;

interface Wall {
  /** Of the day. */
  readonly minutes: number;
  /** From UTC, in minutes. */
  readonly offset: number;
}

const wallOf = (atMs: number, zone: string): Wall => {
  const { hour, minute, offset } = DateTime.fromMillis(atMs, { zone });
  return { minutes: hour * HOUR_MINUTES + minute, offset };
};

const isWithin = (minutes: number, window: QuietWindow): boolean => {
  const from = minutesOf(window.from);
  const to = minutesOf(window.to);
  return from < to ? from <= minutes && minutes < to : from <= minutes || minutes < to;
};

/** Where the clocks are changed before the window ends. */
const walkedEnd = (startMs: number, zone: string, window: QuietWindow): number => {
  const isQuiet = (atMs: number): boolean => isWithin(wallOf(atMs, zone).minutes, window);
  const lastMs = startMs + LONGEST_MINUTES * MINUTE_MS;
  let endMs = Math.floor(startMs / STEP_MS) * STEP_MS + STEP_MS;
  while (endMs < lastMs && isQuiet(endMs)) endMs += STEP_MS;
  return endMs;
};

/** What the clocks on many walls say at one instant. */
export class Walls {
  private readonly known = new Map<string, Wall>();

  /** Milliseconds since 1970. */
  constructor(private readonly nowMs: number) {}

  /**
   * The first instant at which the wall clock of the zone stands outside the window; undefined when it does now. Where the
   * clock is put on over the end, that is when it is put on; where it is put back into the window, it is quiet once more.
   */
  quietUntil(zone: string, window: QuietWindow): number | undefined {
    const wall = this.wallOf(zone);
    if (!isWithin(wall.minutes, window)) return undefined;
    const left = (minutesOf(window.to) - wall.minutes + DAY_MINUTES) % DAY_MINUTES;
    const minuteMs = Math.floor(this.nowMs / MINUTE_MS) * MINUTE_MS;
    const endMs = minuteMs + left * MINUTE_MS;
    const isChanged = wallOf(endMs, zone).offset !== wall.offset;
    return isChanged ? walkedEnd(this.nowMs, zone, window) : endMs;
  }

  private wallOf(zone: string): Wall {
    let wall = this.known.get(zone);
    if (wall == null) {
      wall = wallOf(this.nowMs, zone);
      this.known.set(zone, wall);
    }
    return wall;
  }
}

/** Of the settings, what counts for a purpose. */
export const quietRuleFor = ({ rules }: QuietSettings, purpose: string): QuietRule | undefined =>
  rules.find(({ purposes }) => purposes == null || purposes.includes(purpose));
