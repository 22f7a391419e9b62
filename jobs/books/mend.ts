/** Mends what can be mended without guessing. Each compares before it sets, so that a gateway may run beside it. */
import type { Types } from 'mongoose';
import { audienceLists } from '../../models/audience-list.js';
import { batches, type Counts, countKey, type DeliveryState } from '../../models/batch.js';
import { tasks } from '../../models/lease.js';
import { isQueried } from '../../models/task.js';
import { finishIfDone } from '../finish.js';
import { batchId } from './batch-id.js';
import type { Books } from './books.js';
import { type BookTask, type RowCount, rowDifferences, type TaskBooks } from './compare.js';
import { type Fault, type FindingKind, type Mend, some } from './finding.js';
import type { BatchLine } from './sums.js';

export const endTask = async (parts: Books, _id: Types.ObjectId): Promise<string | null> =>
  (await finishIfDone({ parts }, _id)) ? 'It has ended now' : null;

export const freeHeld = async (
  { db, now }: Books,
  task: Types.ObjectId,
): Promise<string | null> => {
  const { modifiedCount } = await batches(db).updateMany({ task, state: 'held' }, [
    { $set: { state: 'due', notBefore: { $max: ['$notBefore', new Date(now())] } } },
  ]);
  return modifiedCount === 0 ? null : `${some(modifiedCount, 'batch', 'batches')} are held no more`;
};

export const removeList = async ({ db }: Books, _id: Types.ObjectId): Promise<string | null> => {
  const { deletedCount } = await audienceLists(db).deleteOne({ _id });
  return deletedCount === 0 ? null : 'The list is deleted';
};

const reopen = async ({ db }: Books, { task }: TaskBooks): Promise<string | null> => {
  // A cancelled task stays so, and the sweep ends its rows.
  const { matchedCount } = await tasks(db).updateOne(
    { _id: task._id, state: task.state, fence: task.fence },
    { ...(task.state === 'done' ? { $set: { state: 'sending' } } : {}), $unset: { endedAt: '' } },
  );
  return matchedCount === 0 ? null : 'It goes on until every device has ended';
};

/** Expressions are gone once a plan ends: without them it would go to those who are left out, too. */
const hasExpressions = ({ audienceKind, whereExpression, exclude }: BookTask): boolean =>
  isQueried(audienceKind) &&
  (audienceKind !== 'where' || whereExpression != null) &&
  (exclude == null || (exclude.where != null && exclude.listed == null));

/** Everything of its audience that a list named is lost with the list. */
const isPlannable = async ({ db }: Books, { task }: TaskBooks): Promise<boolean> =>
  hasExpressions(task) ||
  (await audienceLists(db).findOne({ _id: task._id }, { projection: { _id: 1 } })) != null;

const planOn = async (books: Books, of: TaskBooks): Promise<string | null> => {
  if (!(await isPlannable(books, of))) return null;
  const { matchedCount } = await tasks(books.db).updateOne(
    { _id: of.task._id, state: of.task.state, planned: false, fence: of.task.fence },
    { $set: { state: 'accepted' }, $unset: { endedAt: '' } },
  );
  return matchedCount === 0 ? null : 'Its plan goes on where it stopped';
};

const sendOn = async ({ db }: Books, { task }: TaskBooks): Promise<string | null> => {
  const { matchedCount } = await tasks(db).updateOne(
    { _id: task._id, state: task.state, planned: true, fence: task.fence },
    { $set: { state: 'sending' }, $inc: { fence: 1 }, $unset: { owner: '' } },
  );
  return matchedCount === 0 ? null : 'It is being sent, not planned';
};

const emptyDone = async ({ db }: Books, { task }: TaskBooks): Promise<string | null> => {
  const { modifiedCount } = await batches(db).updateMany(
    {
      task: task._id,
      state: 'done',
      $or: ['devices', 'tokens', 'accounts', 'data'].map((field) => ({
        [field]: { $exists: true },
      })),
    },
    { $unset: { devices: '', tokens: '', accounts: '', data: '', badges: '' } },
  );
  return modifiedCount === 0 ? null : `${some(modifiedCount, 'batch', 'batches')} carry none now`;
};

const countsOf = (rows: readonly RowCount[]): Counts => {
  const counts: Counts = {};
  for (const { state, reason, rows: count } of rows) {
    const key = countKey(state as DeliveryState, state === 'accepted' ? undefined : reason);
    counts[key] = (counts[key] ?? 0) + count;
  }
  return counts;
};

/** A vendor's only batch, with as many rows as it has devices: they say what its counts must be. */
const recountable = ({ sums, rows }: TaskBooks): { batch: BatchLine; counts: Counts }[] => {
  if (typeof rows === 'string') return [];
  const differences = rowDifferences(sums.counts, rows);
  return [...sums.only].flatMap(([vendor, batch]) => {
    const ofVendor = rows.filter((row) => row.vendor === vendor);
    const inRows = ofVendor.reduce((sum, row) => sum + row.rows, 0);
    const differs = [...differences.keys()].some((key) => key.startsWith(`${vendor}|`));
    const isClear = batch?.state === 'done' && batch.movedOn === 0 && batch.size === inRows;
    return isClear && differs ? [{ batch, counts: countsOf(ofVendor) }] : [];
  });
};

const recount = async ({ db }: Books, of: TaskBooks): Promise<string | null> => {
  let changed = 0;
  for (const { batch, counts } of recountable(of)) {
    const { matchedCount } = await batches(db).updateOne(
      { _id: batchId(batch.id), state: 'done', movedOn: 0, size: batch.size },
      { $set: { counts } },
    );
    changed += matchedCount;
  }
  if (changed === 0) return null;
  return `${some(changed, 'batch', 'batches')} counted anew from the rows`;
};

/** How findings about a task are mended; where only a person can decide, there is no row. */
const MENDS: Partial<Record<FindingKind, (books: Books, of: TaskBooks) => Promise<string | null>>> =
  {
    'ended-with-pending': reopen,
    'plan-unfinished': planOn,
    'planned-again': sendOn,
    'done-batch-keeps-devices': emptyDone,
    'rows-differ': recount,
  };

export const mendOf = (books: Books, of: TaskBooks, { kind }: Fault): Mend | undefined => {
  // Where rows and counts contradict each other, only some can be told which is right.
  if (kind === 'rows-differ' && recountable(of).length === 0) return undefined;
  const mend = MENDS[kind];
  return mend && (() => mend(books, of));
};
