/** Batches that are not sent now: their task ended or rests, their time is over, or their vendor profile rests. */
import type { Batch, DeliveryState } from '../models/batch.js';
import { releaseBatch } from '../models/lease.js';
import { setAside } from '../models/rest.js';
import type { Task } from '../models/task.js';
import { vendorProfileId } from '../models/vendor-profile.js';
import type { Pass } from './breaker.js';
import { endOf } from './consequence.js';
import type { JobContext } from './context.js';
import { finishIfDone } from './finish.js';
import { report } from './report.js';

/** Names a vendor profile to the breaker. */
export const vendorProfileOf = ({
  app,
  vendor,
  profile,
}: Pick<Batch, 'app' | 'vendor' | 'profile'>): string => vendorProfileId(app, vendor, profile);

/** Ends every device of a batch in one state, without sending. */
export const endAll = async (
  context: JobContext,
  task: Task,
  batch: Batch,
  state: DeliveryState,
  reason: string,
): Promise<void> => {
  const end = endOf(state, reason, batch.maybe);
  if (end.kind !== 'end') return;
  const ended = Array.from({ length: batch.size }, (_, index) => ({
    index,
    state: end.state,
    reason,
  }));
  const { written, taskEnded } = await report(context, task, batch, { ended, again: [] });
  context.inFlight.committed(batch._id);
  if (written && !taskEnded) await finishIfDone(context, task._id);
};

/** Ends a batch whose task has ended or whose time is over; false when neither is so. */
export const endIfOver = async (
  context: JobContext,
  task: Task,
  batch: Batch,
): Promise<boolean> => {
  if (task.state === 'cancelled' || task.state === 'failed') {
    await endAll(context, task, batch, 'cancelled', 'task-cancelled');
    return true;
  }
  if (batch.expiresAt.getTime() > context.parts.now()) return false;
  await endAll(context, task, batch, 'expired', batch.lastReason ?? 'not-sent-in-time');
  return true;
};

/** Whether a batch may be sent now, as the breaker allows; null when it may not, and that has been dealt with. */
export const admit = async (
  context: JobContext,
  task: Task,
  batch: Batch,
): Promise<Exclude<Pass, 'rest'> | null> => {
  const { parts, breaker } = context;
  if (await endIfOver(context, task, batch)) return null;
  if (task.state === 'paused') {
    await releaseBatch(parts.db, batch, { state: 'held' });
    return null;
  }
  const profile = vendorProfileOf(batch);
  const pass = await breaker.admit(profile);
  if (pass !== 'rest') return pass;
  await setAside(parts.db, batch, { on: profile, code: breaker.codeOf(profile) ?? 'resting' });
  return null;
};

/** A batch of an earlier worker that died while it sent: whether its devices got the push is not known. */
export const settleUnsure = (context: JobContext, task: Task, batch: Batch): Promise<void> =>
  endAll(context, task, batch, 'unknown', 'worker-died');
