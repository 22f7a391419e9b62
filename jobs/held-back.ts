/** Batches that are not sent now: their task ended or rests, their time is over, or their vendor profile rests. */
import type { Batch, DeliveryState } from '../models/batch.js';
import { releaseBatch } from '../models/lease.js';
import type { Task } from '../models/task.js';
import { endOf } from './consequence.js';
import type { JobContext } from './context.js';
import { finishIfDone } from './finish.js';
import { report } from './report.js';

/** Names a vendor profile to the breaker. */
export const vendorProfileOf = ({ app, vendor, profile }: Batch): string =>
  `${app}/${vendor}/${profile}`;

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
  if (written && !taskEnded) await finishIfDone(context, task._id);
};

/** A batch whose task or profile does not let it be sent now; true when that has been dealt with. */
export const heldBack = async (context: JobContext, task: Task, batch: Batch): Promise<boolean> => {
  const { parts, breaker } = context;
  const nowMs = parts.now();
  if (task.state === 'cancelled' || task.state === 'failed') {
    await endAll(context, task, batch, 'cancelled', 'task-cancelled');
    return true;
  }
  if (batch.expiresAt.getTime() <= nowMs) {
    await endAll(context, task, batch, 'expired', batch.lastReason ?? 'not-sent-in-time');
    return true;
  }
  if (task.state === 'paused') {
    await releaseBatch(parts.db, batch, { state: 'held' });
    return true;
  }
  const waitMs = breaker.waitMs(vendorProfileOf(batch));
  if (waitMs === 0) return false;
  const until = Math.min(nowMs + waitMs, batch.expiresAt.getTime());
  await releaseBatch(parts.db, batch, { state: 'due', notBefore: new Date(until) });
  return true;
};

/** A batch of an earlier worker that died while it sent: whether its devices got the push is not known. */
export const settleUnsure = (context: JobContext, task: Task, batch: Batch): Promise<void> =>
  endAll(context, task, batch, 'unknown', 'worker-died');
