/**
 * When each device of a task is due, where that is not one instant for all: at a wall time, within windows, spread over minutes.
 * The task, the zone and the device's id alone decide, so that it is the same whoever asks, and whenever.
 */
import type { Batch } from '../models/batch.js';
import { SendWindows } from '../models/send-windows.js';
import type { DueRule, Task } from '../models/task.js';
import {
  instantOf,
  isKnownZone,
  MOST_AHEAD_MS,
  MOST_BEHIND_MS,
  wallMsOf,
} from '../models/wall-time.js';
import { orderBy } from './order.js';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const DAY_MS = 24 * 60 * MINUTE_MS;
/** A week, and clocks that are changed meanwhile. */
const LONGEST_CLOSED_MS = 8 * DAY_MS;
/** Somebody may have to wait for the next day twice: when it comes in the first zones, the last ones have another date. */
const MOST_LATE_MS = 2 * DAY_MS;

export interface DueTimes {
  /** Of a device that has told none that is known here, the task's. */
  zoneOf(device: { readonly timeZone?: string }): string;
  /** In milliseconds since 1970. Null: its wall time was over before there was a task, and the task leaves such devices out. */
  of(zone: string, device: { readonly id: Uint8Array }): number | null;
  /** The first instant from `atMs` on at which a window is open there. */
  nextOpen(zone: string, atMs: number): number;
}

type TimedTask = Pick<Task, '_id' | 'scheduledAt' | 'createdAt' | 'expiresAt'> & { due?: DueRule };

/** A minute of the wall clock is over when the next one begins. */
const isOver = (instantMs: number, atMs: number): boolean => instantMs + MINUTE_MS <= atMs;

/** When the rule begins to count in a zone, windows and spread aside. */
const beginningIn = (
  zone: string,
  { localTime, late }: DueRule,
  task: TimedTask,
): number | null => {
  const createdMs = task.createdAt.getTime();
  if (localTime == null) return task.scheduledAt?.getTime() ?? createdMs;
  let wallMs = wallMsOf(localTime);
  let instantMs = instantOf(wallMs, zone);
  if (!isOver(instantMs, createdMs)) return instantMs;
  if (late !== 'next-day') return late === 'now' ? createdMs : null;
  while (isOver(instantMs, createdMs)) {
    wallMs += DAY_MS;
    instantMs = instantOf(wallMs, zone);
  }
  return instantMs;
};

/** Null when all devices of the task are due at once. */
export const dueTimes = (task: TimedTask): DueTimes | null => {
  const { due } = task;
  if (due == null) return null;
  const { timeZone: fallback, spreadMinutes = 1 } = due;
  const windows = due.windows == null ? null : new SendWindows(due.windows);
  // Not the order of a sample or a limit: those would all have the same few minutes.
  const order = orderBy(`spread ${task._id.toHexString()}`);
  const zones = new Map<string, string>();
  /** By zone, by minute of the spread: thousands of devices share a few. */
  const known = new Map<string, (number | null)[]>();

  const nextOpen = (zone: string, atMs: number): number => windows?.nextOpen(zone, atMs) ?? atMs;
  const dueAt = (zone: string, minute: number): number | null => {
    const beginsMs = beginningIn(zone, due, task);
    if (beginsMs == null) return null;
    const openMs = nextOpen(zone, beginsMs);
    // It may close before the minute comes.
    return minute === 0 ? openMs : nextOpen(zone, openMs + minute * MINUTE_MS);
  };
  return {
    nextOpen,
    zoneOf({ timeZone = fallback }) {
      let zone = zones.get(timeZone);
      if (zone == null) {
        zone = isKnownZone(timeZone) ? timeZone : fallback;
        zones.set(timeZone, zone);
      }
      return zone;
    },
    of(zone, device) {
      const minute = spreadMinutes === 1 ? 0 : Math.floor(order(device) * spreadMinutes);
      let ofZone = known.get(zone);
      if (ofZone == null) {
        ofZone = [];
        known.set(zone, ofZone);
      }
      const found = ofZone[minute];
      return found === undefined ? (ofZone[minute] = dueAt(zone, minute)) : found;
    },
  };
};

/** When a device that is due then is tried no more. */
export const expiryOf = (
  { due, expiresAt }: Pick<TimedTask, 'due' | 'expiresAt'>,
  dueMs: number,
) => (due?.ttlSeconds == null ? expiresAt : new Date(dueMs + due.ttlSeconds * SECOND_MS));

/** When the first and the last of these batches are due; null when all are at once. */
export const dueSpan = (
  batches: readonly Pick<Batch, 'dueAt'>[],
): Required<Pick<Task, 'firstDueAt' | 'lastDueAt'>> | null => {
  const dues = batches.flatMap(({ dueAt }) => dueAt?.getTime() ?? []);
  if (dues.length === 0) return null;
  return { firstDueAt: new Date(Math.min(...dues)), lastDueAt: new Date(Math.max(...dues)) };
};

/** Whether the zones of the devices have a part in it. */
export const needsZones = (rule: DueRule | undefined): boolean =>
  rule?.localTime != null || rule?.windows != null;

/** Between which instants all devices are due, wherever they are: nobody knows where before they are read. */
export const dueBounds = (
  { localTime, late, windows, spreadMinutes = 1 }: DueRule,
  { startMs, nowMs }: { readonly startMs: number; readonly nowMs: number },
): { readonly firstMs: number; readonly lastMs: number } => {
  const wallMs = localTime == null ? startMs : wallMsOf(localTime);
  const firstMs = localTime == null ? startMs : wallMs - MOST_AHEAD_MS;
  const isLateSomewhere = localTime != null && isOver(firstMs, nowMs);
  const spreadMs = (spreadMinutes - 1) * MINUTE_MS;
  const closedMs = windows == null ? 0 : LONGEST_CLOSED_MS * (spreadMs > 0 ? 2 : 1);
  const lastMs =
    (localTime == null ? startMs : Math.max(nowMs, wallMs + MOST_BEHIND_MS)) +
    (isLateSomewhere && late === 'next-day' ? MOST_LATE_MS : 0);
  return { firstMs, lastMs: lastMs + spreadMs + closedMs };
};
