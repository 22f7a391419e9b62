/** Frequency caps: how many pushes a person may get in a window of time. Pure. */
import { DateTime } from 'luxon';

export const CALENDAR_UNITS = ['day', 'week', 'month'] as const;
export type CalendarUnit = (typeof CALENDAR_UNITS)[number];

/** The last so many seconds, or the day, week (from Monday) or month that it is in a zone. */
export type CapWindow =
  | { readonly rollingSeconds: number }
  | {
      readonly calendar: CalendarUnit;
      /** IANA name; one for everybody, because the devices of one person may be in several. Absent: UTC. */
      readonly timeZone?: string;
    };

export interface Cap {
  /** Unique in an app; what was counted is kept under it. */
  readonly name: string;
  /** Pushes for any of these count together; absent: all of them. */
  readonly purposes?: readonly string[];
  readonly limit: number;
  readonly window: CapWindow;
}

const SECOND_MS = 1_000;
const NO_ZONE = 'UTC';

/** Where clocks are put back over midnight, a day begins when they show it first. */
const firstInstant = (at: DateTime, unit: CalendarUnit): DateTime => {
  const start = at.startOf(unit);
  const before = start.minus(1);
  return before.toISODate() === start.toISODate() ? before.startOf(unit) : start;
};

/** A window as it stands at one moment; in milliseconds since 1970. */
export interface OpenWindow {
  /** What was counted earlier counts no more. */
  readonly startMs: number;
  /** When a push that was counted then, in this window, counts no more. */
  readonly endMs: (countedMs: number) => number;
}

export const openWindow = (window: CapWindow, nowMs: number): OpenWindow => {
  if ('rollingSeconds' in window) {
    const lengthMs = window.rollingSeconds * SECOND_MS;
    return { startMs: nowMs - lengthMs + 1, endMs: (countedMs) => countedMs + lengthMs };
  }
  const { calendar, timeZone = NO_ZONE } = window;
  const start = firstInstant(DateTime.fromMillis(nowMs, { zone: timeZone }), calendar);
  // Worked out once: thousands of people share it.
  const endMs = firstInstant(start.plus({ [calendar]: 1 }), calendar).toMillis();
  return { startMs: start.toMillis(), endMs: () => endMs };
};

/** Of the caps, those that count pushes for a purpose. */
export const capsFor = (caps: readonly Cap[], purpose: string): readonly Cap[] =>
  caps.filter(({ purposes }) => purposes == null || purposes.includes(purpose));
