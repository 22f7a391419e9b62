/** Erases, and answers only when nothing that was on its way can reach the erased any more. */
import { setTimeout as pause } from 'node:timers/promises';
import {
  carryOut,
  type EraseContext,
  type Erased,
  erase as eraseNow,
  forgetCounts,
  isHeld,
} from '../models/erase.js';
import {
  type Erasable,
  erasureOf,
  erasuresBefore,
  forgetErasure,
  markErased,
} from '../models/erasure.js';
import type { JobContext } from './context.js';
import { FRESH_MS } from './dispatch.js';
import type { ErasureResult } from './engine.js';
import { nothingOnItsWay } from './on-their-way.js';

/** Younger ones are being carried out; where a clock is wrong, an erasure is carried out twice, which does no harm. */
const FORGOTTEN_AFTER_MS = 30_000;

const eraseContext = async (
  { parts, secrets }: JobContext,
  app: string,
): Promise<EraseContext> => ({
  connection: parts.connection,
  app,
  hashSecret: await secrets(app),
  now: new Date(parts.now()),
});

/** Removing the devices of a person takes a moment. */
const LOOK_EVERY_MS = 25;
const REMOVED_WITHIN_MS = 2_000;

/** What an earlier call has erased that still waits, in whatever process; null when there is none. */
const underWay = async (
  { db, monotonic }: JobContext['parts'],
  app: string,
  what: Erasable,
): Promise<Erased | null> => {
  const until = monotonic() + REMOVED_WITHIN_MS;
  for (;;) {
    const earlier = await erasureOf(db, app, what);
    if (earlier?.erased != null) {
      const { devices, ids } = earlier.erased;
      return { devices, ids: new Set(ids) };
    }
    // One that is removing nothing any more was left by a process that died.
    if (earlier == null || monotonic() > until) return null;
    await pause(LOOK_EVERY_MS);
  }
};

const waitForPushes = async (
  { parts }: JobContext,
  app: string,
  { devices, ids }: Erased,
): Promise<ErasureResult> => {
  // Accept may have read them just before, and writes the batch that it sends by this knowledge a moment later. Once the
  // knowledge would be too old to send by, every batch that goes out by it is there to be seen.
  if (ids.size > 0) await pause(FRESH_MS);
  const settled = await nothingOnItsWay(parts, app, ids, parts.timings.erasureWaitMs);
  if (!settled) parts.log.warn('An erasure was answered although a vendor keeps a batch waiting');
  return { devices, mayStillArrive: !settled };
};

/**
 * The data goes at once, before the wait: who opts in anew meanwhile becomes a new device, and keeps nothing of the old
 * one. A vendor that never answers holds up the answer for a while only. Asked for once more meanwhile, it answers the same.
 */
export const erase = async (
  context: JobContext,
  app: string,
  what: Erasable,
): Promise<ErasureResult> => {
  const { db } = context.parts;
  const earlier = await underWay(context.parts, app, what);
  if (earlier != null && !(await isHeld(db, app, what)))
    return waitForPushes(context, app, earlier);
  const asked = await eraseContext(context, app);
  const { record, ...erased } = await eraseNow(asked, what);
  await markErased(db, record, erased);
  try {
    const result = await waitForPushes(context, app, erased);
    // What was on its way may have been counted after the data went.
    await forgetCounts(asked, record, erased.ids);
    return result;
  } finally {
    await forgetErasure(db, record);
  }
};

/** Goes on with erasures whose process died in the middle. */
export const eraseForgotten = async (context: JobContext): Promise<void> => {
  const { db, now, log } = context.parts;
  for (const erasure of await erasuresBefore(db, new Date(now() - FORGOTTEN_AFTER_MS))) {
    const { app } = erasure;
    try {
      // Its process died while it waited: whoever opted in anew since then stays.
      if (erasure.erased != null) {
        await forgetCounts(await eraseContext(context, app), erasure, erasure.erased.ids);
        await forgetErasure(db, erasure);
        continue;
      }
      const { devices } = await carryOut(await eraseContext(context, app), erasure);
      await forgetErasure(db, erasure);
      log.warn('Carried out an erasure that was left unfinished', { app, devices });
    } catch (error) {
      // The others are not to wait for it; the next sweep tries again.
      log.error('An erasure that was left unfinished cannot be carried out', { app, error });
    }
  }
};
