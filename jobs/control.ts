/** Pause, resume and cancel: one compare-and-set on the task, then its batches follow. */
import { Types } from 'mongoose';
import { batches } from '../models/batch.js';
import { EXPRESSIONS, tasks } from '../models/lease.js';
import type { Task, TaskState } from '../models/task.js';
import type { JobContext } from './context.js';
import { TaskStateConflict, type TaskVerb } from './engine.js';
import { faultPoint } from './fault-point.js';
import { finishIfDone } from './finish.js';

const RUNNING: readonly TaskState[] = ['scheduled', 'accepted', 'planning', 'sending'];

/** From which states a verb is allowed; asking for what already holds is no conflict. */
const ALLOWED: Record<TaskVerb, readonly TaskState[]> = {
  pause: RUNNING,
  resume: ['paused'],
  cancel: [...RUNNING, 'paused'],
};
const ALREADY: Record<TaskVerb, readonly TaskState[]> = {
  pause: ['paused'],
  resume: RUNNING,
  cancel: ['cancelled'],
};

/** Where a paused task goes on: behind its last step. */
const resumedState = (task: Task, now: Date): TaskState => {
  if (task.planned) return 'sending';
  // Whether the task that it recalls has ended is for the sweep to say.
  if (task.recallOf != null && task.planCursor == null) return 'scheduled';
  return task.scheduledAt != null && task.scheduledAt > now ? 'scheduled' : 'accepted';
};

const nextState = (verb: TaskVerb, task: Task, now: Date): TaskState => {
  if (verb === 'pause') return 'paused';
  return verb === 'cancel' ? 'cancelled' : resumedState(task, now);
};

const moveBatches = async (
  { parts }: JobContext,
  task: Types.ObjectId,
  verb: TaskVerb,
): Promise<void> => {
  const now = new Date(parts.now());
  if (verb === 'pause') {
    await batches(parts.db).updateMany({ task, state: 'due' }, { $set: { state: 'held' } });
    return;
  }
  // Cancelled batches go the same way as others; dispatch ends their devices without sending.
  await batches(parts.db).updateMany(
    { task, state: verb === 'cancel' ? { $in: ['due', 'held'] } : 'held' },
    { $set: { state: 'due', ...(verb === 'cancel' ? { notBefore: now } : {}) } },
  );
};

/** The task after the verb, or null when the app has no such task. Rejects with TaskStateConflict. */
export const control = async (
  context: JobContext,
  app: string,
  id: Types.ObjectId,
  verb: TaskVerb,
): Promise<Task | null> => {
  const { db, now } = context.parts;
  for (;;) {
    const task = await tasks(db).findOne({ _id: id, app });
    if (task == null || ALREADY[verb].includes(task.state)) return task;
    if (!ALLOWED[verb].includes(task.state)) throw new TaskStateConflict(task.state, verb);
    const changed = await tasks(db).findOneAndUpdate(
      { _id: id, state: task.state },
      {
        $set: { state: nextState(verb, task, new Date(now())) },
        $inc: { fence: 1 },
        $unset: { owner: '', ...(verb === 'cancel' ? EXPRESSIONS : {}) },
      },
      { returnDocument: 'after' },
    );
    // Somebody else moved the task in between: look again.
    if (changed == null) continue;
    await faultPoint('control:task-changed');
    if (verb !== 'resume') context.inFlight.abortTask(id.toHexString());
    await moveBatches(context, id, verb);
    if (verb === 'pause') return changed;
    // Its last batch may have been reported while it was paused, and of one that was not planned yet there is none.
    await finishIfDone(context, id);
    return tasks(db).findOne({ _id: id });
  }
};

/** Aborts what this process sends for tasks that were paused or cancelled through another process. */
export const obeyControls = async ({ parts, inFlight }: JobContext): Promise<void> => {
  const running = inFlight.tasks().map((id) => new Types.ObjectId(id));
  if (running.length === 0) return;
  const stopped = await tasks(parts.db)
    .find(
      { _id: { $in: running }, state: { $in: ['paused', 'cancelled'] } },
      { projection: { _id: 1 } },
    )
    .toArray();
  for (const { _id } of stopped) inFlight.abortTask(_id.toHexString());
};
