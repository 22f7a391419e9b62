/** When a device is tried again: a row of numbers, never earlier than the vendor asks for. */

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;

/** By attempt, from the first; the last one repeats until the task expires. */
export const SCHEDULE_MS = [
  SECOND_MS,
  5 * SECOND_MS,
  30 * SECOND_MS,
  2 * MINUTE_MS,
  10 * MINUTE_MS,
  30 * MINUTE_MS,
] as const;

/** Trouble of the vendor or of ours is asked about again more often: it burns no attempt. */
export const WAITS_MS = [
  SECOND_MS,
  5 * SECOND_MS,
  15 * SECOND_MS,
  30 * SECOND_MS,
  MINUTE_MS,
] as const;

const JITTER = 0.2;

const nth = (schedule: readonly number[], count: number): number =>
  schedule[Math.min(count, schedule.length) - 1] ?? SECOND_MS;

/**
 * Milliseconds from now. `count`: attempts or waits so far, from 1. `floorMs`: what the vendor asked for; jitter (`random`, 0
 * to 1) only adds.
 */
export const retryInMs = (
  schedule: readonly number[],
  count: number,
  floorMs: number,
  random: number,
): number => Math.ceil(Math.max(nth(schedule, count), floorMs) * (1 + JITTER * random));
