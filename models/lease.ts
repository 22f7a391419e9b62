/** Leases in the database: owner, beat, fence. Whether one is dead is for an observer's monotonic clock to say (jobs/lease-watch.ts). */
import type { mongo, Types } from 'mongoose';
import { type Batch, batches } from './batch.js';
import type { Lane, Task } from './task.js';

export const tasks = (db: mongo.Db): mongo.Collection<Task> => db.collection<Task>('tasks');

/** What a task keeps of an audience only until it is planned: expressions may name accounts, and an account may be erased. */
export const EXPRESSIONS = { whereExpression: '', 'exclude.where': '' } as const;

/** Which of a lane's batches may be claimed. */
export interface DueBatches {
  readonly now: Date;
  readonly from?: Date | undefined;
  /** Not those of these vendor profiles. */
  readonly not?: readonly Pick<Batch, 'app' | 'vendor' | 'profile'>[];
}

/**
 * The batch of this lane that has been due longest, and not before `from`, claimed for `owner`; null when none is due. What
 * was claimed lately is still in the index, and without `from` each claim walks over all of it.
 */
export const claimBatch = (
  db: mongo.Db,
  lane: Lane,
  owner: string,
  due: DueBatches,
): Promise<mongo.WithId<Batch> | null> =>
  batches(db).findOneAndUpdate(
    {
      lane,
      state: 'due',
      notBefore: { $lte: due.now, ...(due.from == null ? {} : { $gte: due.from }) },
      ...(due.not == null || due.not.length === 0 ? {} : { $nor: [...due.not] }),
    },
    { $set: { state: 'claimed', owner }, $inc: { fence: 1, beat: 1 } },
    { sort: { notBefore: 1 }, returnDocument: 'after', hint: { lane: 1, notBefore: 1 } },
  );

/** Gives a claimed batch back without an outcome; false when the lease is lost. */
export const releaseBatch = async (
  db: mongo.Db,
  batch: Pick<Batch, '_id' | 'fence'>,
  change: { state: 'due' | 'held'; notBefore?: Date },
): Promise<boolean> => {
  const { matchedCount } = await batches(db).updateOne(
    { _id: batch._id, fence: batch.fence, state: 'claimed' },
    { $set: change, $unset: { owner: '', parked: '' } },
  );
  return matchedCount === 1;
};

/** Takes back the mark of a batch of which nothing has left; false when the lease is lost. */
export const unmarkSending = async (
  db: mongo.Db,
  batch: Pick<Batch, '_id' | 'fence'>,
): Promise<boolean> => {
  const { matchedCount } = await batches(db).updateOne(
    { _id: batch._id, fence: batch.fence, state: { $in: ['claimed', 'sending'] } },
    { $set: { state: 'claimed' } },
  );
  return matchedCount === 1;
};

/** Written before the first byte leaves; false when the lease is lost. */
export const markSending = async (
  db: mongo.Db,
  batch: Pick<Batch, '_id' | 'fence'>,
): Promise<boolean> => {
  const { matchedCount } = await batches(db).updateOne(
    { _id: batch._id, fence: batch.fence, state: 'claimed' },
    { $set: { state: 'sending' }, $unset: { parked: '' } },
  );
  return matchedCount === 1;
};

/** The accepted task that has waited longest, claimed for planning; null when none waits. */
export const claimTask = (
  db: mongo.Db,
  owner: string,
  lanes: readonly Lane[],
): Promise<mongo.WithId<Task> | null> =>
  tasks(db).findOneAndUpdate(
    { state: 'accepted', lane: { $in: [...lanes] } },
    { $set: { state: 'planning', owner }, $inc: { fence: 1, beat: 1 } },
    { sort: { createdAt: 1 }, returnDocument: 'after' },
  );

/** Gives a task that is planned in part to whoever comes next, who continues at the cursor. */
export const releaseTask = async (
  db: mongo.Db,
  task: Pick<Task, '_id' | 'fence'>,
): Promise<void> => {
  await tasks(db).updateOne(
    { _id: task._id, state: 'planning', fence: task.fence },
    { $set: { state: 'accepted' }, $unset: { owner: '' } },
  );
};

/** What a process works on. */
export interface HeldIds {
  readonly batches: readonly mongo.Binary[];
  readonly tasks: readonly Types.ObjectId[];
}

/** Raises the beat of what `owner` works on; a batch it gave up on is not in `held`, and its lease dies. */
export const beat = async (db: mongo.Db, owner: string, held: HeldIds): Promise<void> => {
  const raise = { $inc: { beat: 1 } };
  await Promise.all([
    held.batches.length === 0
      ? undefined
      : batches(db).updateMany(
          { _id: { $in: [...held.batches] }, owner, state: { $ne: 'done' } },
          raise,
        ),
    held.tasks.length === 0
      ? undefined
      : tasks(db).updateMany({ _id: { $in: [...held.tasks] }, owner, state: 'planning' }, raise),
  ]);
};

/** A lease as an observer sees it. */
export type SeenLease = { readonly beat: number; readonly fence: number } & (
  | { readonly kind: 'batch'; readonly _id: mongo.Binary }
  | { readonly kind: 'task'; readonly _id: Types.ObjectId }
);

/** All leases that are held now, by anybody. */
export const heldLeases = async (db: mongo.Db): Promise<SeenLease[]> => {
  const fields = { beat: 1, fence: 1 } as const;
  const [ofBatches, ofTasks] = await Promise.all([
    batches(db)
      .find({ state: { $in: ['claimed', 'sending'] } }, { projection: fields, hint: 'leased' })
      .toArray(),
    tasks(db).find({ state: 'planning' }, { projection: fields }).toArray(),
  ]);
  return [
    ...ofBatches.map(({ _id, beat, fence }) => ({ kind: 'batch' as const, _id, beat, fence })),
    ...ofTasks.map(({ _id, beat, fence }) => ({ kind: 'task' as const, _id, beat, fence })),
  ];
};

/** Gives the dead lease of a planner to whoever comes next, who continues at the cursor. False when it lives after all. */
export const freeTask = async (
  db: mongo.Db,
  seen: SeenLease & { kind: 'task' },
): Promise<boolean> => {
  const { matchedCount } = await tasks(db).updateOne(
    { _id: seen._id, state: 'planning', beat: seen.beat, fence: seen.fence },
    { $set: { state: 'accepted' }, $inc: { fence: 1 }, $unset: { owner: '' } },
  );
  return matchedCount === 1;
};

/**
 * Takes a batch whose lease is dead away from its worker. One that was `claimed` is simply due again; one that was `sending`
 * is handed to `owner`, still `sending`, to be settled. Null when it lives after all.
 */
export const seizeBatch = (
  db: mongo.Db,
  seen: SeenLease & { kind: 'batch' },
  owner: string,
): Promise<mongo.WithId<Batch> | null> =>
  batches(db).findOneAndUpdate(
    { _id: seen._id, state: { $in: ['claimed', 'sending'] }, beat: seen.beat, fence: seen.fence },
    { $set: { owner }, $inc: { fence: 1, beat: 1 } },
    { returnDocument: 'after' },
  );

/** An unsure batch whose task wants it sent again: its devices may have got the push already. */
export const resendUnsure = async (
  db: mongo.Db,
  batch: Pick<Batch, '_id' | 'fence'>,
): Promise<void> => {
  await batches(db).updateOne(
    { _id: batch._id, fence: batch.fence, state: 'sending' },
    { $set: { state: 'due', maybe: true, lastReason: 'worker-died' }, $unset: { owner: '' } },
  );
};
