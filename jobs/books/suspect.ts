/** What looks wrong at one instant but may be right in the next: a task that has just ended its last batch, a lease, a queue. */
import type { mongo } from 'mongoose';
import { audienceLists } from '../../models/audience-list.js';
import { batches } from '../../models/batch.js';
import { tasks } from '../../models/lease.js';
import { hasOpenBatch } from '../../models/ledger.js';
import type { Lane } from '../../models/task.js';
import { batchId, isSameId } from './batch-id.js';
import type { Books } from './books.js';
import type { TaskBooks } from './compare.js';
import { type FindingKind, type Found, fault, some } from './finding.js';
import { endTask, freeHeld, removeList } from './mend.js';

export interface Suspicion extends Found {
  /** A gateway that works has put it right by then. */
  readonly patienceMs: number;
  /** Whether it is still as it was. */
  holds(): Promise<boolean>;
}

/** Sweeps that may pass before what they mend is found wanting. */
const SWEEPS = 5;
/** A queue that is shorter than this is no queue. */
const OVERDUE_MS = 10 * 60_000;
/** Clocks differ, and the sweep has other things to end. */
const LATE_MS = 60_000;
/** Looks of the lease watch beyond the lease itself. */
const WATCHES = 4;

export const sweepPatienceMs = ({ timings }: Books): number => SWEEPS * timings.sweepMs;

const leasePatienceMs = ({ timings }: Books): number => timings.leaseMs + WATCHES * timings.watchMs;

/** The batch of a lane that is due longest: while it changes, the lane moves. */
const frontOf = (db: mongo.Db, lane: Lane) =>
  batches(db).findOne(
    { lane, state: 'due' },
    { sort: { notBefore: 1 }, projection: { notBefore: 1 } },
  );

const about = ({ task }: TaskBooks) => ({ app: task.app, task: task._id });

const suspectEnd = (books: Books, of: TaskBooks): Suspicion[] => {
  const { task, sums } = of;
  const isGoing =
    (task.state === 'sending' && task.planned) || (task.state === 'cancelled' && !task.endedAt);
  if (!isGoing || sums.open > 0) return [];
  const what = `It is ${task.state} with nothing left to do`;
  return [
    {
      fault: fault('not-ended', what, about(of)),
      patienceMs: sweepPatienceMs(books),
      holds: async () =>
        (await tasks(books.db).findOne({
          _id: task._id,
          state: task.state,
          endedAt: { $exists: false },
        })) != null && !(await hasOpenBatch(books.db, task._id)),
      mend: () => endTask(books, task._id),
    },
  ];
};

const suspectHeld = (books: Books, of: TaskBooks): Suspicion[] => {
  const { task, sums } = of;
  if (sums.held === 0 || task.state === 'paused') return [];
  const what = `It is ${task.state}, but ${some(sums.held, 'batch', 'batches')} are held`;
  return [
    {
      fault: fault('held-forgotten', what, about(of)),
      patienceMs: sweepPatienceMs(books),
      holds: async () =>
        (await batches(books.db).findOne({ task: task._id, state: 'held' })) != null &&
        (await tasks(books.db).findOne({ _id: task._id, state: 'paused' })) == null,
      mend: () => freeHeld(books, task._id),
    },
  ];
};

const suspectList = async (books: Books, of: TaskBooks): Promise<Suspicion[]> => {
  const { task } = of;
  const isOver = task.planned || ['done', 'cancelled', 'failed'].includes(task.state);
  if (!isOver || (await audienceLists(books.db).findOne({ _id: task._id })) == null) return [];
  const what = `Its list of ${task.audienceKind} is still there`;
  return [
    {
      fault: fault('list-left', what, { ...about(of), where: 'audiences' }),
      patienceMs: sweepPatienceMs(books),
      holds: async () => (await audienceLists(books.db).findOne({ _id: task._id })) != null,
      mend: () => removeList(books, task._id),
    },
  ];
};

const suspectLeases = (books: Books, of: TaskBooks): Suspicion[] => {
  const { task, sums } = of;
  const { beat, fence } = task;
  const isPlanned = task.state === 'planning';
  if (sums.leased.length === 0 && !isPlanned) return [];
  const same = sums.leased.map(({ id, beat, fence }) => ({ _id: batchId(id), beat, fence }));
  const held = [
    ...(isPlanned ? ['the plan'] : []),
    ...(same.length > 0 ? [some(same.length, 'batch', 'batches')] : []),
  ].join(' and ');
  return [
    {
      fault: fault(
        'lease-dead',
        `Of ${held}, which somebody had claimed, at least one has shown no life`,
        about(of),
      ),
      patienceMs: leasePatienceMs(books),
      holds: async () =>
        (isPlanned &&
          (await tasks(books.db).findOne({ _id: task._id, state: 'planning', beat, fence })) !=
            null) ||
        (same.length > 0 &&
          (await batches(books.db).findOne({
            state: { $in: ['claimed', 'sending'] },
            $or: same,
          })) != null),
    },
  ];
};

/** A batch at the front of its lane that is not claimed, or one behind a front that does not move. */
const suspectQueue = async (books: Books, of: TaskBooks): Promise<Suspicion[]> => {
  const { longestDue: due } = of.sums;
  if (due == null || due.notBefore.getTime() > books.now() - OVERDUE_MS) return [];
  const front = await frontOf(books.db, due.lane);
  const what = `${some(of.sums.due, 'batch', 'batches')} wait in the lane ${due.lane}, due since ${due.notBefore.toISOString()}`;
  return [
    {
      fault: fault('batch-hangs', what, { ...about(of), where: due.id }),
      patienceMs: leasePatienceMs(books),
      holds: async () => {
        const { id, fence, notBefore } = due;
        const waits = await batches(books.db).findOne({
          _id: batchId(id),
          state: 'due',
          fence,
          notBefore,
        });
        if (waits == null) return false;
        const now = await frontOf(books.db, due.lane);
        const isBehind = now != null && now.notBefore < notBefore;
        const hasMoved = front == null || now == null || !isSameId(now._id, front._id);
        return !(isBehind && hasMoved);
      },
    },
  ];
};

const suspectExpiry = (books: Books, of: TaskBooks): Suspicion[] => {
  const { firstToExpire: late } = of.sums;
  if (late == null || late.expiresAt.getTime() > books.now() - LATE_MS) return [];
  const what = `Its time was over at ${late.expiresAt.toISOString()}, and it still waits`;
  return [
    {
      fault: fault('past-expiry', what, { ...about(of), where: late.id }),
      patienceMs: leasePatienceMs(books),
      holds: async () =>
        (await batches(books.db).findOne({
          _id: batchId(late.id),
          state: { $in: ['due', 'held'] },
          fence: late.fence,
        })) != null,
    },
  ];
};

const suspectBeginning = (books: Books, of: TaskBooks): Suspicion[] => {
  const { task } = of;
  const since = task.scheduledAt ?? task.createdAt;
  const lateMs = books.now() - since.getTime();
  const suspicion = (kind: FindingKind): Suspicion[] => [
    {
      fault: fault(kind, `It is ${task.state} since ${since.toISOString()}`, about(of)),
      patienceMs: leasePatienceMs(books),
      holds: async () =>
        (await tasks(books.db).findOne({
          _id: task._id,
          state: task.state,
          fence: task.fence,
          planSequence: task.planSequence,
        })) != null,
    },
  ];
  if (task.state === 'scheduled' && lateMs > LATE_MS) return suspicion('task-not-started');
  return task.state === 'accepted' && lateMs > OVERDUE_MS ? suspicion('task-not-planned') : [];
};

/** Who is there to put things right. */
export interface Workers {
  /** Empty: nobody. */
  readonly served: ReadonlySet<Lane>;
}

/** While no worker runs, or none of the lane, nobody will put it right in a moment, and what only a worker may do is no fault. */
export const suspect = async (
  books: Books,
  of: TaskBooks,
  { served }: Workers,
): Promise<Suspicion[]> => {
  const left = [
    ...suspectEnd(books, of),
    ...suspectHeld(books, of),
    ...(await suspectList(books, of)),
  ];
  if (served.size === 0) return left.map((one) => ({ ...one, patienceMs: 0 }));
  return [
    ...left,
    ...suspectLeases(books, of),
    ...suspectExpiry(books, of),
    ...(served.has(of.task.lane)
      ? [...(await suspectQueue(books, of)), ...suspectBeginning(books, of)]
      : []),
  ];
};
