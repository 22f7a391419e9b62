/** Sweep: starts what is due, ends what is over, and mends whatever a crash left between two steps. */
import type { mongo, Types } from 'mongoose';
import { audienceLists } from '../models/audience-list.js';
import { batches } from '../models/batch.js';
import { tasks } from '../models/lease.js';
import { withOpenBatch } from '../models/ledger.js';
import { CANCELLED_INDEX, LANES, type Lane, type Task } from '../models/task.js';
import { makeRuns } from './campaigns/make-runs.js';
import { sendEntries } from './campaigns/send-entries.js';
import type { JobContext } from './context.js';
import { eraseForgotten } from './erase.js';
import { endExpired } from './expire.js';
import { finishIfDone } from './finish.js';
import { removeTags } from './remove-tags.js';

const startScheduled = async (db: mongo.Db, now: Date): Promise<void> => {
  await tasks(db).updateMany(
    { state: 'scheduled', scheduledAt: { $lte: now } },
    { $set: { state: 'accepted' } },
  );
};

/** Recalls wait until the books of the task that they recall are closed. */
const startRecalls = async (db: mongo.Db): Promise<void> => {
  const waiting = await tasks(db)
    .find({ state: 'scheduled', recallOf: { $exists: true } }, { projection: { recallOf: 1 } })
    .toArray();
  if (waiting.length === 0) return;
  const recalled = waiting.flatMap(({ recallOf }) => recallOf ?? []);
  const ended = await tasks(db)
    .find({ _id: { $in: recalled }, endedAt: { $exists: true } }, { projection: { _id: 1 } })
    .toArray();
  await tasks(db).updateMany(
    { recallOf: { $in: ended.map(({ _id }) => _id) }, state: 'scheduled' },
    { $set: { state: 'accepted' } },
  );
};

/** More than the clocks of two processes may differ: nobody must send what was paused because their clock is behind. */
const CLOCK_MARGIN_MS = 60_000;

/** Nothing can be sent any more of a task whose time is over, so that a pause holds up nothing but its end. */
const endPauses = async (db: mongo.Db, now: Date): Promise<void> => {
  await tasks(db).updateMany(
    { state: 'paused', expiresAt: { $lte: new Date(now.getTime() - CLOCK_MARGIN_MS) } },
    [{ $set: { state: { $cond: ['$planned', 'sending', 'accepted'] } } }],
  );
};

/** A batch that was held in the moment its task was resumed or cancelled. */
const freeForgotten = async (db: mongo.Db, now: Date): Promise<void> => {
  // `distinct` takes no hint before MongoDB 7.1, and without one it reads every batch there is.
  const held = await batches(db)
    .aggregate<Pick<Task, '_id'>>([{ $match: { state: 'held' } }, { $group: { _id: '$task' } }], {
      hint: 'held',
    })
    .toArray();
  if (held.length === 0) return;
  const running = await tasks(db)
    .find(
      { _id: { $in: held.map(({ _id }) => _id) }, state: { $ne: 'paused' } },
      { projection: { _id: 1 } },
    )
    .toArray();
  if (running.length === 0) return;
  await batches(db).updateMany(
    { task: { $in: running.map(({ _id }) => _id) }, state: 'held' },
    // Who is not due yet, or is tried again later, is not in a hurry for that.
    [{ $set: { state: 'due', notBefore: { $max: ['$notBefore', now] } } }],
  );
};

/** Cancelled tasks whose last rows may be missing. */
const openCancelled = async (db: mongo.Db): Promise<Types.ObjectId[]> => {
  const open = await tasks(db)
    .find(
      { state: 'cancelled', endedAt: { $exists: false } },
      { projection: { _id: 1 }, hint: CANCELLED_INDEX },
    )
    .toArray();
  return open.map(({ _id }) => _id);
};

/** Retries of a cancelled task that were written behind the cancel would wait for as long as the vendor asked for. */
const hurryCancelled = async (db: mongo.Db, now: Date): Promise<void> => {
  const cancelled = await openCancelled(db);
  if (cancelled.length === 0) return;
  await batches(db).updateMany(
    { task: { $in: cancelled }, state: 'due', notBefore: { $gt: now } },
    { $set: { notBefore: now } },
  );
};

/** Hours of trouble with a vendor leave very many tasks open: one look answers for so many. */
const TASKS_PER_QUERY = 1_000;

const finishForgotten = async (context: JobContext): Promise<void> => {
  const { db } = context.parts;
  const sending = await tasks(db)
    .find({ state: 'sending', planned: true }, { projection: { _id: 1 } })
    .toArray();
  const going = [...sending.map(({ _id }) => _id), ...(await openCancelled(db))];
  for (let start = 0; start < going.length; start += TASKS_PER_QUERY) {
    const some = going.slice(start, start + TASKS_PER_QUERY);
    const open = await withOpenBatch(db, some);
    for (const id of some) if (!open.has(id.toHexString())) await finishIfDone(context, id);
  }
};

/** Lists of tasks that ended or were planned while nobody could delete them. */
const dropLists = async (db: mongo.Db): Promise<void> => {
  const kept = await audienceLists(db)
    .find({}, { projection: { _id: 1 }, hint: { _id: 1 } })
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

/** Whether anything of the lane waits to be planned or sent now. */
const hasWork = async (db: mongo.Db, lane: Lane, now: Date): Promise<boolean> => {
  const only = { projection: { _id: 1 } };
  const [batch, task] = await Promise.all([
    batches(db).findOne({ lane, state: 'due', notBefore: { $lte: now } }, only),
    tasks(db).findOne({ state: 'accepted', lane }, only),
  ]);
  return batch != null || task != null;
};

/** Resolves with the lanes that have work. Safe to run in several processes at a time. */
export const sweep = async (context: JobContext): Promise<Lane[]> => {
  const { db } = context.parts;
  const now = new Date(context.parts.now());
  await startScheduled(db, now);
  await startRecalls(db);
  await endPauses(db, now);
  await endExpired(context);
  await freeForgotten(db, now);
  await hurryCancelled(db, now);
  await finishForgotten(context);
  await dropLists(db);
  await eraseForgotten(context);
  await removeTags(context);
  await makeRuns(context);
  await sendEntries(context);
  await context.guard.review();
  const busy = await Promise.all(LANES.map((lane) => hasWork(db, lane, now)));
  return LANES.filter((_, index) => busy[index]);
};
