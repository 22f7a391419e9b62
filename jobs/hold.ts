/** Who is not sent to now though they may be pushed to: their time has not come, a window is closed, or it is quiet where they are. */
import type { DueTimes } from './due.js';
import type { SuppressedReason } from './eligibility.js';
import type { Quiet, QuietDevice } from './quiet.js';

export type WaitReason = 'not-due' | 'outside-window' | 'quiet-hours';

export interface Wait {
  readonly reason: WaitReason;
  /** In milliseconds since 1970. */
  readonly untilMs: number;
  /** When the device is due by now: its zone has changed since it was planned. */
  readonly dueMs?: number;
}

export interface HeldDevice extends QuietDevice {
  readonly _id: { readonly id: Uint8Array };
}

export interface Holds {
  /** A reason when nothing will be sent at all; null: it may be pushed to now. */
  of(device: HeldDevice): Wait | SuppressedReason | null;
  /** The same of a later moment, when it is due: the first instant from then on at which it may be pushed to. */
  from(device: HeldDevice, atMs: number): number | SuppressedReason;
}

/** Windows come again after a week. What both allow only later, or never, is looked at again then. */
const SEARCH_MS = 8 * 24 * 60 * 60_000;

const remembered = (find: (device: QuietDevice, fromMs: number) => number) => {
  const known = new Map<string, number>();
  return (device: QuietDevice, fromMs: number): number => {
    const { timeZone, quietHours } = device;
    const key = `${fromMs} ${timeZone} ${quietHours?.from} ${quietHours?.to}`;
    const foundMs = known.get(key) ?? find(device, fromMs);
    known.set(key, foundMs);
    return foundMs;
  };
};

/** Null when nobody has to wait. */
export const holdsOf = (
  { due, quiet }: { readonly due: DueTimes | null; readonly quiet: Quiet | null },
  nowMs: number,
): Holds | null => {
  if (due == null && quiet == null) return null;
  /** The first instant from then on that the windows and the quiet hours allow. */
  const firstAllowed = remembered((device, fromMs) => {
    const lastMs = fromMs + SEARCH_MS;
    for (let atMs = fromMs; ; ) {
      const openMs = due?.nextOpen(due.zoneOf(device), atMs) ?? atMs;
      const peace = quiet?.peaceOf(device, openMs);
      // What is dropped then is not to be saved by waiting longer.
      if (peace == null || peace.drops) return openMs;
      if (peace.untilMs >= lastMs) return peace.untilMs;
      atMs = peace.untilMs;
    }
  });
  const openNow = new Map<string, boolean>();
  const isOpenNow = (zone: string, times: DueTimes): boolean => {
    const isOpen = openNow.get(zone) ?? times.nextOpen(zone, nowMs) === nowMs;
    openNow.set(zone, isOpen);
    return isOpen;
  };
  const byDue = (device: HeldDevice, times: DueTimes): ReturnType<Holds['of']> => {
    const zone = times.zoneOf(device);
    const dueMs = times.of(zone, device._id);
    if (dueMs == null) return 'too-late';
    if (dueMs > nowMs) return { reason: 'not-due', untilMs: dueMs, dueMs };
    return isOpenNow(zone, times)
      ? null
      : { reason: 'outside-window', untilMs: firstAllowed(device, nowMs) };
  };
  return {
    of(device) {
      const held = due == null ? null : byDue(device, due);
      if (held != null) return held;
      const peace = quiet?.peaceOf(device);
      if (peace == null) return null;
      if (peace.drops) return 'quiet-hours';
      const untilMs = due == null ? peace.untilMs : firstAllowed(device, nowMs);
      return { reason: 'quiet-hours', untilMs };
    },
    from(device, atMs) {
      const openMs = firstAllowed(device, atMs);
      return quiet?.peaceOf(device, openMs)?.drops ? 'quiet-hours' : openMs;
    },
  };
};
