/** Decides after a commit, by compare-and-set, whether a task is done; the sweep asks again. */
import type { Types } from 'mongoose';
import { audienceLists } from '../models/audience-list.js';
import { tasks } from '../models/lease.js';
import { hasOpenBatch } from '../models/ledger.js';
import { faultPoint } from './fault-point.js';
import type { JobParts } from './parts.js';

/** Cancelled, but its last rows may be missing. */
const CANCELLED = { state: 'cancelled', endedAt: { $exists: false } } as const;

/** True when this call ended the task. */
export const finishIfDone = async (
  { parts }: { readonly parts: Pick<JobParts, 'db' | 'now'> },
  task: Types.ObjectId,
): Promise<boolean> => {
  // First whether the planner is done with it, then the look for open batches: the other way round, a last stretch that is
  // committed between the two would be overlooked. Majority, because the snapshot of the second look must not be older.
  const canEnd = await tasks(parts.db).findOne(
    { _id: task, $or: [{ state: 'sending', planned: true }, CANCELLED] },
    // Without the hint, MongoDB may prefer an index by state, and read all tasks that are being sent.
    { projection: { _id: 1 }, readConcern: { level: 'majority' }, hint: { _id: 1 } },
  );
  if (canEnd == null || (await hasOpenBatch(parts.db, task))) return false;
  await faultPoint('finish:before-end');
  const endedAt = new Date(parts.now());
  const done = await tasks(parts.db).updateOne(
    { _id: task, state: 'sending', planned: true },
    { $set: { state: 'done', endedAt }, $unset: { owner: '' } },
  );
  await faultPoint('finish:ended');
  if (done.matchedCount === 1) return true;
  const settled = await tasks(parts.db).updateOne(
    { _id: task, ...CANCELLED },
    { $set: { endedAt }, $unset: { owner: '' } },
  );
  if (settled.matchedCount === 0) return false;
  await audienceLists(parts.db).deleteOne({ _id: task });
  return true;
};
