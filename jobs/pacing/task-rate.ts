/** Changes the rate of a task while it runs; every process notices when it next looks at what it paces. */
import type { mongo, Types } from 'mongoose';
import { tasks } from '../../models/lease.js';
import { ENDED_STATES, type Task } from '../../models/task.js';
import { TaskStateConflict } from '../engine.js';

/** The task after it, or null when the app has no such task. Null for the rate: as fast as it goes. */
export const setTaskRate = async (
  db: mongo.Db,
  { app, task }: { app: string; task: Types.ObjectId },
  ratePerSecond: number | null,
): Promise<Task | null> => {
  const changed = await tasks(db).findOneAndUpdate(
    { _id: task, app, state: { $nin: [...ENDED_STATES] } },
    ratePerSecond == null ? { $unset: { ratePerSecond: '' } } : { $set: { ratePerSecond } },
    { returnDocument: 'after' },
  );
  if (changed != null) return changed;
  const ended = await tasks(db).findOne({ _id: task, app });
  if (ended != null) throw new TaskStateConflict(ended.state, 'change its rate');
  return null;
};
