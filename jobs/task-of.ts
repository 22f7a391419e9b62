/** The task of a batch. Where somebody removed it by hand, the batch ends: nobody knows any more what to send. */
import { type Batch, countKey } from '../models/batch.js';
import { tasks } from '../models/lease.js';
import type { Task } from '../models/task.js';
import type { JobContext } from './context.js';

/** No row says so, because only the task knew where its rows are: `npm run check-books` tells of such batches. */
const endOrphan = async ({ parts, writes }: JobContext, batch: Batch): Promise<void> => {
  const isUnsure = batch.maybe || batch.state === 'sending';
  const counts = { [countKey(isUnsure ? 'unknown' : 'cancelled', 'task-missing')]: batch.size };
  const { written } = await writes.report({
    batch,
    deliveriesIn: '',
    counts,
    movedOn: 0,
    doneAt: new Date(parts.now()),
    rows: [],
    followUps: [],
  });
  if (!written) return;
  parts.log.error('A batch was ended because its task does not exist', {
    app: batch.app,
    taskId: batch.task.toHexString(),
    counts,
  });
};

/** Of a batch that this process has claimed or seized; null when there is none, and that has been dealt with. */
export const taskOf = async (context: JobContext, batch: Batch): Promise<Task | null> => {
  const task = await tasks(context.parts.db).findOne({ _id: batch.task });
  if (task == null) await endOrphan(context, batch);
  return task;
};
