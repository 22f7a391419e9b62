/** Tasks whose books balance, written straight into the database, for tests that then put something wrong. */
import type { Connection, mongo, Types } from 'mongoose';
import { type Books, booksOf } from '../../jobs/books/books.js';
import { type CheckOptions, checkBooks } from '../../jobs/books/check-books.js';
import type { Finding } from '../../jobs/books/finding.js';
import {
  type Batch,
  batches,
  countKey,
  type DeliveryState,
  followUpBatchId,
} from '../../models/batch.js';
import { type Delivery, deliveries, deliveryId } from '../../models/delivery.js';
import { tasks } from '../../models/lease.js';
import { LANES, type Task } from '../../models/task.js';
import { signIn, signOut } from '../../models/worker.js';
import { someBatch, someIds, someTask } from './job-context.js';

/** Waiting costs no time: its clock jumps. */
export const booksForTest = (connection: Connection, change: Partial<Books> = {}): Books => {
  let elapsedMs = 0;
  return booksOf(connection, {
    monotonic: () => elapsedMs,
    pause: async (ms) => {
      elapsedMs += ms;
    },
    ...change,
  });
};

/** All stretches of a check. */
export const checkAll = async (books: Books, options: CheckOptions = {}): Promise<Finding[]> => {
  const findings: Finding[] = [];
  let place = options.place;
  do {
    const stretch = await checkBooks(books, { ...options, ...(place == null ? {} : { place }) });
    findings.push(...stretch.findings);
    place = stretch.next;
  } while (place != null);
  return findings;
};

const SOME_WORKER = 'a-worker';

/** As a worker says that it works. */
export const startWork = async (db: mongo.Db): Promise<void> => {
  await signIn(db, SOME_WORKER, LANES);
};

export const stopWork = (db: mongo.Db): Promise<void> => signOut(db, SOME_WORKER);

export interface Booked {
  readonly task: Task;
  /** Three devices: one accepted, one refused, one tried again. */
  readonly first: Batch;
  /** The one that was tried again: accepted. */
  readonly followUp: Batch;
  /** One that was suppressed at planning, under no vendor. */
  readonly suppressed: Batch;
  readonly ids: readonly Types.ObjectId[];
}

const rowOf = (
  task: Task,
  device: Types.ObjectId,
  s: DeliveryState,
  rest: Partial<Delivery>,
): Delivery => ({
  _id: deliveryId(task._id.id, device.id),
  d: device,
  s,
  n: 1,
  t: new Date(),
  ...rest,
});

const done = (task: Task, change: Parameters<typeof someBatch>[1]): Batch => {
  const { devices: _devices, ...batch } = someBatch(task, { state: 'done', ...change });
  return { ...batch, doneAt: new Date() };
};

/** A task of four devices that is done, and whose books balance. */
export const addBooked = async (db: mongo.Db, change: Partial<Task> = {}): Promise<Booked> => {
  const task = someTask({
    state: 'done',
    planSequence: 2,
    endedAt: new Date(),
    ...change,
  });
  const ids = someIds(4);
  const [a, b, c, d] = ids as [Types.ObjectId, Types.ObjectId, Types.ObjectId, Types.ObjectId];
  const refused = countKey('failed', 'refused');
  const counts = { accepted: 1, [refused]: 1 };
  const first = done(task, { ids: [a, b, c], counts, movedOn: 1 });
  const followUp = done(task, {
    _id: followUpBatchId(task._id),
    first: false,
    ids: [c],
    counts: { accepted: 1 },
  });
  const suppressed = done(task, {
    sequence: 1,
    vendor: '',
    profile: '',
    ids: [d],
    counts: { [countKey('suppressed', 'not-registered')]: 1 },
  });
  await tasks(db).insertOne(task);
  await batches(db).insertMany([first, followUp, suppressed]);
  await deliveries(db, task.deliveriesIn).insertMany([
    rowOf(task, a, 'accepted', { v: 'sandbox', p: 'default' }),
    rowOf(task, b, 'failed', { v: 'sandbox', p: 'default', r: 'refused' }),
    rowOf(task, c, 'accepted', { v: 'sandbox', p: 'default' }),
    rowOf(task, d, 'suppressed', { r: 'not-registered' }),
  ]);
  return { task, first, followUp, suppressed, ids };
};
