/** Decides after a commit, by compare-and-set, whether a task is done; the sweep asks again. */
import type { Types } from 'mongoose';
import { audienceLists } from '../models/audience-list.js';
import { tasks } from '../models/lease.js';
import { hasOpenBatch } from '../models/ledger.js';
import type { JobContext } from './context.js';

/** True when this call ended the task. */
export const finishIfDone = async (
  { parts }: Pick<JobContext, 'parts'>,
  task: Types.ObjectId,
): Promise<boolean> => {
  if (await hasOpenBatch(parts.db, task)) return false;
  const endedAt = new Date(parts.now());
  // A planner inserts batches only while the task is `planning`, so none can appear behind our look.
  const done = await tasks(parts.db).updateOne(
    { _id: task, state: 'sending', planned: true },
    { $set: { state: 'done', endedAt }, $unset: { owner: '' } },
  );
  if (done.matchedCount === 1) return true;
  const settled = await tasks(parts.db).updateOne(
    { _id: task, state: 'cancelled', endedAt: { $exists: false } },
    { $set: { endedAt }, $unset: { owner: '' } },
  );
  if (settled.matchedCount === 0) return false;
  await audienceLists(parts.db).deleteOne({ _id: task });
  return true;
};
