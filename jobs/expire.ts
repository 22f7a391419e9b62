/** Ends batches whose time is over without waiting for a slot of their lane: a lane may be full of a vendor that does not answer. */
import { type Batch, batches } from '../models/batch.js';
import { releaseBatch } from '../models/lease.js';
import type { JobContext } from './context.js';
import { endIfOver } from './held-back.js';
import { taskOf } from './task-of.js';

/** At a time: they are short writes, and what is sent in time comes first. */
const ENDERS = 4;
/** Of one sweep, which has other things to do; the next goes on. */
const WITHIN_MS = 2_000;

/** The batch that has been over longest, paused or not, claimed like one that is sent. */
const claimExpired = ({ db, owner, now }: JobContext['parts']): Promise<Batch | null> =>
  batches(db).findOneAndUpdate(
    { state: { $in: ['due', 'held'] }, expiresAt: { $lte: new Date(now()) } },
    { $set: { state: 'claimed', owner }, $inc: { fence: 1, beat: 1 } },
    { sort: { expiresAt: 1 }, returnDocument: 'after', hint: { expiresAt: 1 } },
  );

const endBatch = async (context: JobContext, batch: Batch): Promise<void> => {
  const { parts } = context;
  const held = context.inFlight.hold(batch._id, batch.task);
  try {
    const task = await taskOf(context, batch);
    if (task == null || (await endIfOver(context, task, batch))) return;
    // The clock was set back since it was claimed.
    await releaseBatch(parts.db, batch, { state: 'due' });
  } catch (error) {
    // Its lease runs out, and it is due again.
    parts.log.error('An expired batch could not be ended', {
      taskId: batch.task.toHexString(),
      error,
    });
  } finally {
    held.release();
  }
};

/** Safe to run in several processes, and beside lanes that claim the same batches. */
export const endExpired = async (context: JobContext): Promise<void> => {
  const { monotonic } = context.parts;
  const until = monotonic() + WITHIN_MS;
  const ender = async (): Promise<void> => {
    while (monotonic() < until && !context.stopping.aborted) {
      const batch = await claimExpired(context.parts);
      if (batch == null) return;
      await endBatch(context, batch);
    }
  };
  await Promise.all(Array.from({ length: ENDERS }, ender));
};
