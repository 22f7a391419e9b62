/** Holds the books of one task against each other, as they stood at one instant: what is wrong here is wrong for certain. Pure. */
import { DELIVERY_STATES } from '../../models/batch.js';
import type { Task } from '../../models/task.js';
import { type Fault, type FindingKind, fault, some } from './finding.js';
import { type BookKey, bookKey, type Sums } from './sums.js';

/** The rows of a task that share vendor, state and reason. */
export type RowCount = BookKey & { readonly rows: number };

/** What is read of a task. */
export type BookTask = Pick<
  Task,
  | '_id'
  | 'app'
  | 'lane'
  | 'state'
  | 'planned'
  | 'planSequence'
  | 'audienceKind'
  | 'exclude'
  | 'whereExpression'
  | 'deliveriesIn'
  | 'scheduledAt'
  | 'createdAt'
  | 'endedAt'
  | 'beat'
  | 'fence'
>;

/** Books of one task at one instant. */
export interface TaskBooks {
  readonly task: BookTask;
  readonly sums: Sums;
  readonly rows:
    | readonly RowCount[]
    /** Kept long enough and dropped since, dropped too early, or too many to be counted in time. */
    | 'dropped'
    | 'gone'
    | 'not-counted';
}

/** So many differences between rows and counts are told of one task. */
const DIFFERENCES_SHOWN = 5;

const of = (task: BookTask, kind: FindingKind, what: string, where?: string): Fault =>
  fault(kind, what, { app: task.app, task: task._id, ...(where == null ? {} : { where }) });

/** Reasons of accepted devices are not counted. */
const countedAs = ({ vendor, state, reason }: BookKey): string =>
  bookKey({ vendor, state, ...(state === 'accepted' || reason == null ? {} : { reason }) });

const named = (key: string): string => {
  const [vendor = '', state = '', ...reason] = key.split('|');
  const why = reason.join('|');
  return `${vendor === '' ? 'no vendor' : vendor}, ${state}${why === '' ? '' : ` (${why})`}`;
};

/** `<vendor>|<state>|<reason>` -> [counted, rows], where they differ. */
export const rowDifferences = (
  counts: ReadonlyMap<string, number>,
  rows: readonly RowCount[],
): Map<string, readonly [number, number]> => {
  const inRows = new Map<string, number>();
  for (const row of rows) {
    const key = countedAs(row);
    inRows.set(key, (inRows.get(key) ?? 0) + row.rows);
  }
  const keys = [...new Set([...counts.keys(), ...inRows.keys()])].sort();
  return new Map(
    keys
      .map((key) => [key, [counts.get(key) ?? 0, inRows.get(key) ?? 0]] as const)
      .filter(([, [counted, there]]) => counted !== there),
  );
};

const compareRows = ({ task, sums, rows }: TaskBooks): Fault[] => {
  const { deliveriesIn } = task;
  if (rows === 'dropped') return [];
  if (rows === 'not-counted') {
    return [of(task, 'rows-not-counted', 'There are too many rows', deliveriesIn)];
  }
  if (rows === 'gone') {
    const counted = [...sums.counts.values()].reduce((sum, count) => sum + count, 0);
    if (counted === 0) return [];
    const what = `${some(counted, 'device')} have ended, but the collection of their rows is missing`;
    return [of(task, 'rows-gone', what, deliveriesIn)];
  }
  const differences = [...rowDifferences(sums.counts, rows)];
  if (differences.length === 0) return [];
  const shown = differences
    .slice(0, DIFFERENCES_SHOWN)
    .map(([key, [counted, there]]) => `${named(key)}: ${counted} counted, ${some(there, 'row')}`);
  const left = differences.length - shown.length;
  const all = [...shown, ...(left > 0 ? [`and ${some(left, 'other difference')}`] : [])];
  return [of(task, 'rows-differ', `Counts and rows differ: ${all.join('; ')}`, deliveriesIn)];
};

const compareSums = ({ task, sums }: TaskBooks): Fault[] => {
  const found = sums.faults.map(({ kind, batch, what }) => of(task, kind, what, batch));
  if (sums.faultsLeftOut > 0) {
    const what = `And ${some(sums.faultsLeftOut, 'fault')} more like these`;
    found.push(of(task, 'batch-sums-differ', what));
  }
  const states = DELIVERY_STATES.map((state) => {
    const count = [...sums.counts]
      .filter(([key]) => key.split('|')[1] === state)
      .reduce((sum, [, one]) => sum + one, 0);
    return { state, count };
  });
  const inAll = states.reduce((sum, { count }) => sum + count, sums.pending);
  if (inAll !== sums.targeted) {
    const parts = states.filter(({ count }) => count > 0).map((one) => `${one.count} ${one.state}`);
    const sum = [`${sums.pending} pending`, ...parts].join(' + ');
    found.push(of(task, 'sums-differ', `${sums.targeted} targeted, but ${sum} = ${inAll}`));
  }
  if (sums.followed !== sums.movedOn) {
    const what = `${some(sums.movedOn, 'device')} moved on, but follow-up batches hold ${sums.followed}`;
    found.push(of(task, 'moved-on-differs', what));
  }
  return found;
};

const comparePlan = ({ task, sums }: TaskBooks): Fault[] => {
  const { state, planned, planSequence } = task;
  const found: Fault[] = [];
  if (sums.planned !== planSequence) {
    const what = `The plan has written ${some(planSequence, 'batch', 'batches')}, and ${sums.planned} are there`;
    found.push(of(task, 'plan-differs', what));
  }
  if (!planned && (state === 'sending' || state === 'done')) {
    found.push(of(task, 'plan-unfinished', `It is ${state}, but its plan is not finished`));
  }
  if (planned && (state === 'accepted' || state === 'planning' || state === 'scheduled')) {
    found.push(of(task, 'planned-again', `It is planned, but ${state}`));
  }
  return found;
};

const compareEnd = ({ task, sums }: TaskBooks): Fault[] => {
  const found: Fault[] = [];
  const isOver = task.state === 'done' || (task.state === 'cancelled' && task.endedAt != null);
  if (isOver && sums.pending > 0) {
    const waiting = `${some(sums.pending, 'device')} in ${some(sums.open, 'batch', 'batches')}`;
    found.push(of(task, 'ended-with-pending', `It is ${task.state}, but ${waiting} are pending`));
  }
  if (sums.keeping > 0) {
    const what = `${some(sums.keeping, 'batch', 'batches')} still carry devices`;
    found.push(of(task, 'done-batch-keeps-devices', what));
  }
  return found;
};

export const compareBooks = (books: TaskBooks): Fault[] => [
  ...compareSums(books),
  ...comparePlan(books),
  ...compareEnd(books),
  ...compareRows(books),
];
