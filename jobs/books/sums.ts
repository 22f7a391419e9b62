/** Adds up the batches of one task, one at a time: what is kept does not grow with their number. Pure. */
import {
  type BatchState,
  DELIVERY_STATES,
  isPlannedBatch,
  splitCountKey,
} from '../../models/batch.js';
import type { Lane } from '../../models/task.js';
import { type FindingKind, some } from './finding.js';

/** A batch as the check reads it. */
export interface BatchLine {
  /** Hex digits of the whole id. */
  readonly id: string;
  readonly app: string;
  readonly vendor: string;
  readonly lane: Lane;
  readonly state: BatchState;
  readonly first: boolean;
  readonly size: number;
  readonly movedOn: number;
  readonly counts: Readonly<Record<string, number>>;
  /** How many devices, tokens, account keys and data it carries; null for those it does not carry. */
  readonly carried: Readonly<Record<'devices' | 'tokens' | 'accounts' | 'data', number | null>>;
  readonly notBefore: Date;
  readonly expiresAt: Date;
  readonly beat: number;
  readonly fence: number;
}

export interface BatchFault {
  readonly kind: FindingKind;
  readonly batch: string;
  readonly what: string;
}

export interface BookKey {
  readonly vendor: string;
  readonly state: string;
  readonly reason?: string;
}

/** Text that two equal keys share. */
export const bookKey = ({ vendor, state, reason = '' }: BookKey): string =>
  `${vendor}|${state}|${reason}`;

/** A batch that waits. */
export type Waiting = Pick<BatchLine, 'id' | 'lane' | 'fence' | 'notBefore' | 'expiresAt'>;
/** A batch that somebody works on. */
export type Leased = Pick<BatchLine, 'id' | 'beat' | 'fence'>;

export interface Sums {
  batches: number;
  planned: number;
  /** Sizes of the batches that were planned. */
  targeted: number;
  /** Sizes of all others. */
  followed: number;
  movedOn: number;
  pending: number;
  /** By `bookKey`. */
  readonly counts: Map<string, number>;
  /** The only batch of a vendor, null when there are several. */
  readonly only: Map<string, BatchLine | null>;
  /** The first of them; `faultsLeftOut` counts the others. */
  readonly faults: BatchFault[];
  faultsLeftOut: number;
  open: number;
  held: number;
  due: number;
  longestDue?: Waiting;
  /** Of those that are due or held. */
  firstToExpire?: Waiting;
  readonly leased: Leased[];
  /** Done batches that still carry devices. */
  keeping: number;
}

/** So many faulty batches of a task are named. */
const FAULTS_SHOWN = 5;
/** More leases than any number of processes holds on one task. */
const LEASES_KEPT = 1_000;

export const noSums = (): Sums => ({
  batches: 0,
  planned: 0,
  targeted: 0,
  followed: 0,
  movedOn: 0,
  pending: 0,
  counts: new Map(),
  only: new Map(),
  faults: [],
  faultsLeftOut: 0,
  open: 0,
  held: 0,
  due: 0,
  leased: [],
  keeping: 0,
});

const STATES: ReadonlySet<string> = new Set(DELIVERY_STATES);
const isCount = (count: number): boolean => Number.isSafeInteger(count) && count >= 0;

const faultsOf = (batch: BatchLine, app: string): Omit<BatchFault, 'batch'>[] => {
  const { size, movedOn, counts, carried, state } = batch;
  const faults: Omit<BatchFault, 'batch'>[] = [];
  const entries = Object.entries(counts);
  const counted = entries.reduce((sum, [, count]) => sum + count, 0);
  for (const [key, count] of entries) {
    if (STATES.has(splitCountKey(key).state) && isCount(count)) continue;
    faults.push({ kind: 'count-unknown', what: `It counts ${count} as ${key || 'nothing'}` });
  }
  if (batch.app !== app) {
    faults.push({ kind: 'batch-of-other-app', what: `It names the app ${batch.app}` });
  }
  if (state === 'done') {
    if (size === counted + movedOn) return faults;
    const what = `Of ${some(size, 'device')}, ${counted} are counted and ${movedOn} moved on`;
    return [...faults, { kind: 'batch-sums-differ', what }];
  }
  if (counted + movedOn > 0) {
    const what = `It is ${state}, but ${counted} are counted and ${movedOn} moved on`;
    faults.push({ kind: 'open-batch-counted', what });
  }
  for (const [name, length] of Object.entries(carried)) {
    const isMissing = name === 'devices' && length == null;
    if (!isMissing && (length == null || length === size)) continue;
    const what = `It is said to hold ${some(size, 'device')}, and carries ${length ?? 0} ${name}`;
    faults.push({ kind: 'batch-devices-differ', what });
  }
  return faults;
};

const addOpen = (sums: Sums, batch: BatchLine): void => {
  sums.open += 1;
  sums.pending += batch.size;
  if (batch.state === 'claimed' || batch.state === 'sending') {
    if (sums.leased.length < LEASES_KEPT) sums.leased.push(batch);
    return;
  }
  const { longestDue, firstToExpire } = sums;
  if (firstToExpire == null || batch.expiresAt < firstToExpire.expiresAt) {
    sums.firstToExpire = batch;
  }
  if (batch.state === 'held') {
    sums.held += 1;
    return;
  }
  sums.due += 1;
  if (longestDue == null || batch.notBefore < longestDue.notBefore) sums.longestDue = batch;
};

export const addBatch = (sums: Sums, batch: BatchLine, app: string): void => {
  sums.batches += 1;
  if (batch.first) {
    // What waits for its pace may be cut off a batch that was planned.
    if (isPlannedBatch(batch.id)) sums.planned += 1;
    sums.targeted += batch.size;
  } else sums.followed += batch.size;
  sums.movedOn += batch.movedOn;
  for (const [key, count] of Object.entries(batch.counts)) {
    const book = bookKey({ vendor: batch.vendor, ...splitCountKey(key) });
    sums.counts.set(book, (sums.counts.get(book) ?? 0) + count);
  }
  sums.only.set(batch.vendor, sums.only.has(batch.vendor) ? null : batch);
  for (const fault of faultsOf(batch, app)) {
    if (sums.faults.length < FAULTS_SHOWN) sums.faults.push({ ...fault, batch: batch.id });
    else sums.faultsLeftOut += 1;
  }
  if (batch.state !== 'done') addOpen(sums, batch);
  else if (Object.values(batch.carried).some((length) => length != null)) sums.keeping += 1;
};
