/** Group commits: small plans and small reports that come at the same time share a transaction. */
import type { ClientSession, Connection, mongo, Types } from 'mongoose';
import { type Batch, batches, type Counts } from '../models/batch.js';
import { dbOf } from '../models/database.js';
import type { Delivery } from '../models/delivery.js';
import { isDuplicateKey } from '../models/duplicate-key.js';
import { insertDeliveries } from '../models/insert-rows.js';
import { tasks } from '../models/lease.js';
import type { Task } from '../models/task.js';
import { inTransaction } from '../models/transaction.js';
import type { Cut } from './cut.js';
import { faultPoint } from './fault-point.js';
import { keepFirstRows } from './first-rows.js';
import { createGroup } from './group.js';
import { LARGE_PIECE, type Priority } from './priority.js';

/** A task whose whole audience is planned. */
export interface PlannedTask {
  readonly task: Task;
  readonly cut: Pick<Cut, 'batches' | 'rows'>;
}

/** What became of the devices of one batch. */
export interface BatchReport {
  readonly batch: Pick<Batch, '_id' | 'task' | 'fence' | 'sole'>;
  readonly deliveriesIn: string;
  readonly counts: Counts;
  readonly movedOn: number;
  readonly doneAt: Date;
  readonly rows: readonly Delivery[];
  readonly followUps: readonly Batch[];
}

export interface Reported {
  /** False when the lease was lost: nothing was written. */
  readonly written: boolean;
  /** The task ended with it. When false, it may be done all the same. */
  readonly taskEnded: boolean;
}

export interface Writes {
  plan(planned: PlannedTask): Promise<void>;
  report(report: BatchReport): Promise<Reported>;
}

/** Documents of one transaction: many enough to share its cost, few enough to commit in a moment. */
const MOST_TOGETHER = 200;
/** A report with more rows than this bears the cost of its own transaction. */
const SMALL_ROWS = 20;
const AT_ONCE = 8;
/** Nobody waits for a small report, so it may wait for company; a crash meanwhile makes its devices unsure. */
const REPORT_GATHER_MS = 20;

/** Rows of several tasks by the collection they belong to, in the order of their ids there. */
const insertRows = async (
  db: mongo.Db,
  items: readonly { deliveriesIn: string; rows: readonly Delivery[] }[],
  session: ClientSession,
  pieceRows = LARGE_PIECE,
): Promise<void> => {
  const byCollection = new Map<string, Delivery[]>();
  for (const { deliveriesIn, rows } of items) {
    if (rows.length === 0) continue;
    const known = byCollection.get(deliveriesIn);
    if (known == null) byCollection.set(deliveriesIn, [...rows]);
    else known.push(...rows);
  }
  for (const [name, rows] of byCollection) {
    if (items.length > 1)
      rows.sort((left, right) => Buffer.compare(left._id.buffer, right._id.buffer));
    // In pieces: others have their turns while the server answers.
    for (let start = 0; start < rows.length; start += pieceRows) {
      await insertDeliveries(db, name, rows.slice(start, start + pieceRows), session);
    }
  }
};

/** Batches and suppressed rows, in the caller's transaction. */
export const writeCuts = async (
  db: mongo.Db,
  planned: readonly {
    readonly task: Pick<Task, 'deliveriesIn'>;
    readonly cut: PlannedTask['cut'];
  }[],
  session: ClientSession,
): Promise<void> => {
  const all = planned.flatMap(({ cut }) => cut.batches);
  if (all.length > 0) await batches(db).insertMany(all, { session });
  const rows = planned.map(({ task, cut }) => ({
    deliveriesIn: task.deliveriesIn,
    rows: cut.rows,
  }));
  await insertRows(db, rows, session);
};

/** Tasks with all that was planned of them, in the caller's transaction. */
export const writePlanned = async (
  db: mongo.Db,
  planned: readonly PlannedTask[],
  session: ClientSession,
): Promise<void> => {
  await tasks(db).insertMany(
    planned.map(({ task }) => task),
    { session },
  );
  await faultPoint('accept:task-written');
  await writeCuts(db, planned, session);
  await faultPoint('accept:before-commit');
};

/** Somebody else has the lease of one of these batches. */
class LeaseLost extends Error {}

const endTasks = async (
  db: mongo.Db,
  ids: readonly Types.ObjectId[],
  endedAt: Date,
  session: ClientSession,
): Promise<boolean> => {
  if (ids.length === 0) return false;
  const { matchedCount } = await tasks(db).updateMany(
    { _id: { $in: [...ids] }, state: 'sending', planned: true },
    { $set: { state: 'done', endedAt }, $unset: { owner: '' } },
    { session },
  );
  return matchedCount === ids.length;
};

const endsTask = ({ batch, followUps }: BatchReport): boolean =>
  batch.sole === true && followUps.length === 0;

/** All of them, or rejects with nothing written. */
const writeReports = async (
  db: mongo.Db,
  reports: readonly BatchReport[],
  session: ClientSession,
  pieceRows: number,
): Promise<Reported[]> => {
  const { matchedCount } = await batches(db).bulkWrite(
    reports.map(({ batch, counts, movedOn, doneAt }) => ({
      updateOne: {
        filter: { _id: batch._id, fence: batch.fence, state: { $in: ['claimed', 'sending'] } },
        update: {
          $set: { state: 'done', counts, movedOn, doneAt },
          $unset: { owner: '', devices: '', tokens: '', accounts: '', data: '', badges: '' },
        },
      },
    })),
    { session },
  );
  if (matchedCount !== reports.length) throw new LeaseLost();
  await faultPoint('report:batch-updated');
  await insertRows(db, reports, session, pieceRows);
  await faultPoint('report:rows-written');
  const followUps = reports.flatMap((report) => report.followUps);
  if (followUps.length > 0) await batches(db).insertMany(followUps, { session });
  const ending = reports.filter(endsTask);
  const ids = ending.map(({ batch }) => batch.task);
  const ended = await endTasks(db, ids, ending[0]?.doneAt ?? new Date(0), session);
  await faultPoint('report:before-commit');
  return reports.map((report) => ({ written: true, taskEnded: ended && endsTask(report) }));
};

/** Whether a commit whose answer got lost was made all the same. */
const isReported = async (db: mongo.Db, { batch }: BatchReport): Promise<boolean> =>
  (await batches(db).findOne(
    { _id: batch._id, fence: batch.fence, state: 'done' },
    { projection: { _id: 1 }, readConcern: { level: 'majority' } },
  )) != null;

const isPlanned = async (db: mongo.Db, { task }: PlannedTask): Promise<boolean> =>
  (await tasks(db).findOne(
    { _id: task._id },
    { projection: { _id: 1 }, readConcern: { level: 'majority' } },
  )) != null;

export const createWrites = (
  connection: Connection,
  priority: Pick<Priority, 'giveWay' | 'pieceDevices'>,
): Writes => {
  const db = dbOf(connection);
  const planTogether = async (planned: readonly PlannedTask[]): Promise<void> =>
    inTransaction(connection, (session) => writePlanned(db, planned, session));
  const reportTogether = (reports: readonly BatchReport[]): Promise<Reported[]> =>
    inTransaction(connection, (session) =>
      writeReports(db, reports, session, priority.pieceDevices),
    );
  const reportAlone = async (report: BatchReport): Promise<Reported> => {
    try {
      return (await reportTogether([report]))[0] ?? { written: false, taskEnded: false };
    } catch (error) {
      if (await isReported(db, report)) return { written: true, taskEnded: false };
      if (error instanceof LeaseLost) return { written: false, taskEnded: false };
      const kept = isDuplicateKey(error) ? await keepFirstRows(db, report) : report;
      if (kept.rows.length === report.rows.length) throw error;
      return reportAlone(kept);
    }
  };
  const plan = createGroup<PlannedTask, void>({
    together: async (planned) => {
      await planTogether(planned);
      return planned.map(() => undefined);
    },
    alone: async (planned) => {
      try {
        await planTogether([planned]);
      } catch (error) {
        // Its group was committed, and only the answer got lost: nobody else has this id.
        if (!isDuplicateKey(error) || !(await isPlanned(db, planned))) throw error;
      }
    },
    most: MOST_TOGETHER,
    atOnce: AT_ONCE,
  });
  const reportSmall = createGroup<BatchReport, Reported>({
    together: reportTogether,
    alone: reportAlone,
    most: MOST_TOGETHER,
    atOnce: AT_ONCE,
    gatherMs: REPORT_GATHER_MS,
  });
  return {
    plan,
    async report(report) {
      if (report.rows.length <= SMALL_ROWS) return reportSmall(report);
      await priority.giveWay();
      return reportAlone(report);
    },
  };
};
