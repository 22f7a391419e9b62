/** Reads the books of one task at one instant, beside a gateway that writes them. Driver, not Mongoose: projected and streamed. */
import { type ClientSession, mongo, type Types } from 'mongoose';
import { type Batch, batches, LEDGER_INDEX } from '../../models/batch.js';
import { deliveries, deliveryRange, keptUntil } from '../../models/delivery.js';
import { tasks } from '../../models/lease.js';
import type { Books } from './books.js';
import type { BookTask, RowCount, TaskBooks } from './compare.js';
import { addBatch, type BatchLine, noSums, type Sums } from './sums.js';

const TASK_FIELDS = {
  app: 1,
  lane: 1,
  state: 1,
  planned: 1,
  planSequence: 1,
  audienceKind: 1,
  exclude: 1,
  whereExpression: 1,
  deliveriesIn: 1,
  scheduledAt: 1,
  createdAt: 1,
  endedAt: 1,
  beat: 1,
  fence: 1,
} as const satisfies Partial<Record<keyof BookTask, 1>>;

const DEVICE_BYTES = 12;
const ACCOUNT_KEY_BYTES = 16;

/** Null where the field is missing. */
const items = (field: string, itemBytes: number) => ({
  $cond: [
    { $eq: [{ $type: field }, 'binData'] },
    { $divide: [{ $binarySize: field }, itemBytes] },
    null,
  ],
});
const length = (field: string) => ({ $cond: [{ $isArray: field }, { $size: field }, null] });

/** Lengths instead of the lists themselves: a batch is 12 bytes a device and more. */
const LINE = {
  app: 1,
  vendor: 1,
  lane: 1,
  state: 1,
  first: 1,
  size: 1,
  movedOn: 1,
  counts: 1,
  notBefore: 1,
  expiresAt: 1,
  beat: 1,
  fence: 1,
  carried: {
    devices: items('$devices', DEVICE_BYTES),
    tokens: length('$tokens'),
    accounts: items('$accounts', ACCOUNT_KEY_BYTES),
    data: length('$data'),
  },
} as const;

const sumBatches = async (db: mongo.Db, task: BookTask, session: ClientSession): Promise<Sums> => {
  const sums = noSums();
  const lines = batches(db).aggregate<Omit<BatchLine, 'id'> & Pick<Batch, '_id'>>(
    [{ $match: { task: task._id } }, { $project: LINE }],
    { session, hint: LEDGER_INDEX },
  );
  for await (const { _id, ...line } of lines) {
    addBatch(sums, { id: _id.toString('hex'), ...line }, task.app);
  }
  return sums;
};

const MAX_TIME_EXPIRED = 50;

const hasCode = (error: unknown, codes: readonly number[]): boolean =>
  error instanceof mongo.MongoServerError && codes.includes(Number(error.code));

const exists = async (db: mongo.Db, name: string): Promise<boolean> =>
  (await db.listCollections({ name }, { nameOnly: true }).toArray()).length > 0;

const countRows = async (
  { db, now, rowsWithinMs }: Books,
  { _id, deliveriesIn }: BookTask,
  session: ClientSession,
): Promise<TaskBooks['rows']> => {
  try {
    const groups = await deliveries(db, deliveriesIn)
      .aggregate<{ _id: { v?: string; s: string; r?: string }; rows: number }>(
        [
          { $match: { _id: deliveryRange(_id) } },
          { $group: { _id: { v: '$v', s: '$s', r: '$r' }, rows: { $sum: 1 } } },
        ],
        { session, ...(rowsWithinMs == null ? {} : { maxTimeMS: rowsWithinMs }) },
      )
      .toArray();
    const counts = groups.map(
      ({ _id: { v = '', s, r }, rows }): RowCount => ({
        vendor: v,
        state: s,
        ...(r == null ? {} : { reason: r }),
        rows,
      }),
    );
    if (counts.length > 0 || (await exists(db, deliveriesIn))) return counts;
  } catch (error) {
    if (hasCode(error, [MAX_TIME_EXPIRED])) return 'not-counted';
    throw error;
  }
  const until = keptUntil(deliveriesIn);
  return until != null && until.getTime() <= now() ? 'dropped' : 'gone';
};

const readAtSnapshot = async (books: Books, id: Types.ObjectId): Promise<TaskBooks | null> => {
  const session = await books.connection.startSession({ snapshot: true });
  try {
    const task = await tasks(books.db).findOne<BookTask>(
      { _id: id },
      { session, projection: TASK_FIELDS },
    );
    if (task == null) return null;
    const sums = await sumBatches(books.db, task, session);
    return { task, sums, rows: await countRows(books, task, session) };
  } finally {
    await session.endSession();
  }
};

/** QueryPlanKilled, SnapshotTooOld, SnapshotUnavailable: a collection was made or dropped a moment ago, or counting took minutes. */
const SNAPSHOT_LOST = [175, 239, 246];
const SNAPSHOT_TRIES = 5;
const SNAPSHOT_PAUSE_MS = 200;

/** Null when there is no such task. */
export const readTaskBooks = async (
  books: Books,
  id: Types.ObjectId,
): Promise<TaskBooks | null> => {
  for (let left = SNAPSHOT_TRIES; ; left -= 1) {
    try {
      return await readAtSnapshot(books, id);
    } catch (error) {
      if (left <= 1 || !hasCode(error, SNAPSHOT_LOST)) throw error;
      await books.pause(SNAPSHOT_PAUSE_MS);
    }
  }
};
