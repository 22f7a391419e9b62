/** Checks the books of a page of tasks, and mends them when it is told to. */
import type { mongo, Types } from 'mongoose';
import { tasks } from '../../models/lease.js';
import type { Task } from '../../models/task.js';
import type { Books } from './books.js';
import { compareBooks, type TaskBooks } from './compare.js';
import type { Fault, Finding, Found } from './finding.js';
import { mendOf } from './mend.js';
import { readTaskBooks } from './read-task.js';
import { secondLook } from './second-look.js';
import { type Suspicion, suspect, type Workers } from './suspect.js';

export interface BooksFilter {
  readonly app?: string;
  readonly task?: Types.ObjectId;
  /** Tasks that were created before it are passed over. */
  readonly since?: Date;
}

export interface CheckedTasks {
  readonly findings: Finding[];
  readonly tasks: number;
  readonly batches: number;
  readonly rows: number;
  /** The last task that was looked at; absent at the end. */
  readonly last?: Types.ObjectId;
}

/** What a page may cost: once it has, it takes no further task. It begins with a few, whatever they cost. */
export interface PageCost {
  /** Batches and rows that were read. */
  readonly items?: number;
  readonly withinMs?: number;
}

export interface PageOptions extends PageCost, Workers {
  readonly filter: BooksFilter;
  readonly fix: boolean;
  readonly after?: Types.ObjectId;
  readonly limit: number;
}

/** Reads at a time: enough to hide the way to the database, few enough not to be felt by a gateway beside it. */
const READERS = 4;

const idsOf = async (
  { db }: Books,
  { filter, after, limit }: PageOptions,
): Promise<Types.ObjectId[]> => {
  const { app, task, since } = filter;
  const wanted: mongo.Filter<Task> = {
    ...(app == null ? {} : { app }),
    ...(since == null ? {} : { createdAt: { $gte: since } }),
    $and: [task == null ? {} : { _id: task }, after == null ? {} : { _id: { $gt: after } }],
  };
  const found = await tasks(db)
    .find(wanted, { projection: { _id: 1 }, sort: { _id: 1 }, limit, hint: { _id: 1 } })
    .toArray();
  return found.map(({ _id }) => _id);
};

/** Mends one after the other: a later one may find that it is no longer needed. */
export const settle = async (found: readonly Found[], fix: boolean): Promise<Finding[]> => {
  const settled: Finding[] = [];
  for (const { fault, mend } of found) {
    const mended = fix ? await mend?.() : undefined;
    settled.push({ ...fault, mendable: mend != null, ...(mended == null ? {} : { mended }) });
  }
  return settled;
};

const isSame = (one: Fault, other: Fault): boolean =>
  one.kind === other.kind && one.where === other.where;

/** One mend may put several findings right. */
const rereadMended = async (
  books: Books,
  { task }: TaskBooks,
  findings: Finding[],
): Promise<Finding[]> => {
  if (!findings.some(({ mended }) => mended != null)) return findings;
  const after = await readTaskBooks(books, task._id);
  const left = after == null ? [] : compareBooks(after);
  return findings.map((finding) =>
    finding.mended != null || left.some((other) => isSame(finding, other))
      ? finding
      : { ...finding, mended: 'It was put right together with another finding' },
  );
};

interface Read {
  readonly findings: Finding[];
  readonly suspicions: Suspicion[];
  readonly batches: number;
  readonly rows: number;
}

const NOTHING: Read = { findings: [], suspicions: [], batches: 0, rows: 0 };

const readOne = async (books: Books, id: Types.ObjectId, options: PageOptions): Promise<Read> => {
  const of = await readTaskBooks(books, id);
  if (of == null) return NOTHING;
  const found = compareBooks(of).map((fault): Found => {
    const mend = mendOf(books, of, fault);
    return { fault, ...(mend && { mend }) };
  });
  const findings = await rereadMended(books, of, await settle(found, options.fix));
  return {
    findings,
    suspicions: await suspect(books, of, options),
    batches: of.sums.batches,
    rows: typeof of.rows === 'string' ? 0 : of.rows.reduce((sum, { rows }) => sum + rows, 0),
  };
};

export const checkTasks = async (books: Books, options: PageOptions): Promise<CheckedTasks> => {
  const ids = await idsOf(books, options);
  const { items = Number.POSITIVE_INFINITY, withinMs = Number.POSITIVE_INFINITY } = options;
  const sinceMs = books.monotonic();
  const read: Read[] = [];
  let taken = 0;
  let spent = 0;
  const mayGoOn = (): boolean => spent < items && books.monotonic() - sinceMs < withinMs;
  const reader = async (): Promise<void> => {
    for (let id = ids[taken]; id != null && mayGoOn(); id = ids[taken]) {
      taken += 1;
      const one = await readOne(books, id, options);
      spent += one.batches + one.rows;
      read.push(one);
    }
  };
  await Promise.all(Array.from({ length: READERS }, reader));
  const suspicions = read.flatMap((one) => one.suspicions);
  const confirmed = await settle(await secondLook(books, suspicions), options.fix);
  const isEnd = taken === ids.length && ids.length < options.limit;
  const last = isEnd ? undefined : ids[taken - 1];
  return {
    findings: [...read.flatMap(({ findings }) => findings), ...confirmed],
    tasks: taken,
    batches: read.reduce((sum, { batches }) => sum + batches, 0),
    rows: read.reduce((sum, { rows }) => sum + rows, 0),
    ...(last && { last }),
  };
};
