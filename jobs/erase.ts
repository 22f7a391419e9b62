/** Erases, and answers only when nothing that was on its way can reach the erased any more. */
import { setTimeout as pause } from 'node:timers/promises';
import { carryOut, type EraseContext, erase as eraseNow } from '../models/erase.js';
import { type Erasable, erasuresBefore } from '../models/erasure.js';
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

/**
 * The data goes at once, before the wait: who opts in anew meanwhile becomes a new device, and keeps nothing of the old
 * one. A vendor that never answers holds up the answer for a while only.
 */
export const erase = async (
  context: JobContext,
  app: string,
  what: Erasable,
): Promise<ErasureResult> => {
  const { parts } = context;
  const { devices, ids } = await eraseNow(await eraseContext(context, app), what);
  // Accept may have read them just before, and writes the batch that it sends by this knowledge a moment later. Once the
  // knowledge would be too old to send by, every batch that goes out by it is there to be seen.
  if (ids.size > 0) await pause(FRESH_MS);
  const settled = await nothingOnItsWay(parts, app, ids, parts.timings.erasureWaitMs);
  if (!settled) parts.log.warn('An erasure was answered although a vendor keeps a batch waiting');
  return { devices, mayStillArrive: !settled };
};

/** Goes on with erasures whose process died in the middle. */
export const eraseForgotten = async (context: JobContext): Promise<void> => {
  const { db, now, log } = context.parts;
  for (const erasure of await erasuresBefore(db, new Date(now() - FORGOTTEN_AFTER_MS))) {
    const { devices } = await carryOut(await eraseContext(context, erasure.app), erasure);
    log.warn('Carried out an erasure that was left unfinished', { app: erasure.app, devices });
  }
};
