/** Sweep: starts what is due, ends what is over, and mends whatever a crash left between two steps. */
import type { mongo } from 'mongoose';
import { audienceLists } from '../models/audience-list.js';
import { batches } from '../models/batch.js';
import { tasks } from '../models/lease.js';
import type { JobContext } from './context.js';
import { finishIfDone } from './finish.js';

const startScheduled = async (db: mongo.Db, now: Date): Promise<void> => {
  await tasks(db).updateMany(
    { state: 'scheduled', scheduledAt: { $lte: now } },
    { $set: { state: 'accepted' } },
  );
};

/** Expired batches are claimed at once, and end `expired` without being sent. */
const dueExpired = async (db: mongo.Db, now: Date): Promise<void> => {
  await batches(db).updateMany(
    { state: { $in: ['due', 'held'] }, expiresAt: { $lte: now }, notBefore: { $gt: now } },
    { $set: { notBefore: now } },
  );
  await batches(db).updateMany(
    { state: 'held', expiresAt: { $lte: now } },
    { $set: { state: 'due', notBefore: now } },
  );
};

/** A batch that was held in the moment its task was resumed or cancelled. */
const freeForgotten = async (db: mongo.Db, now: Date): Promise<void> => {
  const held = await batches(db).distinct('task', { state: 'held' });
  if (held.length === 0) return;
  const running = await tasks(db)
    .find({ _id: { $in: held }, state: { $ne: 'paused' } }, { projection: { _id: 1 } })
    .toArray();
  if (running.length === 0) return;
  await batches(db).updateMany(
    { task: { $in: running.map(({ _id }) => _id) }, state: 'held' },
    { $set: { state: 'due', notBefore: now } },
  );
};

const finishForgotten = async (context: JobContext): Promise<void> => {
  const open = await tasks(context.parts.db)
    .find(
      {
        $or: [
          { state: 'sending', planned: true },
          { state: 'cancelled', endedAt: { $exists: false } },
        ],
      },
      { projection: { _id: 1 } },
    )
    .toArray();
  for (const { _id } of open) await finishIfDone(context, _id);
};

/** Lists of tasks that ended or were planned while nobody could delete them. */
const dropLists = async (db: mongo.Db): Promise<void> => {
  const kept = await audienceLists(db)
    .find({}, { projection: { _id: 1 } })
    .toArray();
  if (kept.length === 0) return;
  const over = await tasks(db)
    .find(
      {
        _id: { $in: kept.map(({ _id }) => _id) },
        $or: [{ planned: true }, { state: { $in: ['done', 'cancelled', 'failed'] } }],
      },
      { projection: { _id: 1 } },
    )
    .toArray();
  await audienceLists(db).deleteMany({ _id: { $in: over.map(({ _id }) => _id) } });
};

/** Whether anything waits to be planned or sent now. */
const hasWork = async (db: mongo.Db, now: Date): Promise<boolean> => {
  const [batch, task] = await Promise.all([
    batches(db).findOne({ state: 'due', notBefore: { $lte: now } }, { projection: { _id: 1 } }),
    tasks(db).findOne({ state: 'accepted' }, { projection: { _id: 1 } }),
  ]);
  return batch != null || task != null;
};

/** True when there is work to wake for. Safe to run in several processes at a time. */
export const sweep = async (context: JobContext): Promise<boolean> => {
  const { db } = context.parts;
  const now = new Date(context.parts.now());
  await startScheduled(db, now);
  await dueExpired(db, now);
  await freeForgotten(db, now);
  await finishForgotten(context);
  await dropLists(db);
  await context.guard.review();
  return hasWork(db, now);
};
