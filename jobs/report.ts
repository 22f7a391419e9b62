/** Report: one transaction writes the rows, the batch's counts and the follow-up batches of whoever is tried again. */
import { setTimeout } from 'node:timers/promises';
import { mongo, Types } from 'mongoose';
import {
  ACCOUNT_KEY_BYTES,
  BADGE_BYTES,
  type Batch,
  type Counts,
  countKey,
  DEVICE_BYTES,
  type DeliveryState,
  followUpBatchId,
} from '../models/batch.js';
import { type Delivery, deliveryId } from '../models/delivery.js';
import { isMongoTrouble } from '../models/mongo-trouble.js';
import type { Task } from '../models/task.js';
import type { Again, BatchResult, Ended } from './batch-result.js';
import type { JobContext } from './context.js';
import { faultPoint } from './fault-point.js';
import { retryInMs, SCHEDULE_MS, WAITS_MS } from './retry.js';
import type { BatchReport, Reported as Written } from './writes.js';

export interface Reported {
  /** False when the lease was lost: nothing was written, and nothing may follow. */
  readonly written: boolean;
  /** The task ended with it. When false, it may be done all the same. */
  readonly taskEnded: boolean;
  readonly stragglers?: Batch;
  /** When the earliest follow-up is due. */
  readonly nextAt?: Date;
}

const LOST: Reported = { written: false, taskEnded: false };
/** Devices whose retries fall into the same slice of time share a batch. */
const RETRY_SLICE_MS = 500;
const REASON_LENGTH = 64;

/** Reasons become keys of the counts; a vendor's unknown code must not break them. */
const plainReason = (reason: string): string =>
  reason.replace(/[^A-Za-z0-9_:-]/g, '_').slice(0, REASON_LENGTH);

const slice = (
  packed: mongo.Binary | undefined,
  indexes: readonly number[],
  itemBytes: number,
): mongo.Binary => {
  const bytes = Buffer.from(packed?.buffer ?? []);
  return new mongo.Binary(
    Buffer.concat(
      indexes.map((index) => bytes.subarray(index * itemBytes, (index + 1) * itemBytes)),
    ),
  );
};

/** A batch of some devices of another, in the same order. */
const followUp = (batch: Batch, indexes: readonly number[], change: Partial<Batch>): Batch => {
  const { doneAt: _doneAt, owner: _owner, sole: _sole, ...others } = batch;
  const { waitsFor: _waitsFor, parked: _parked, ...kept } = others;
  const { tokens, accounts, data, badges } = batch;
  return {
    ...kept,
    _id: followUpBatchId(batch.task),
    first: false,
    state: 'due',
    size: indexes.length,
    devices: slice(batch.devices, indexes, DEVICE_BYTES),
    ...(tokens == null ? {} : { tokens: indexes.map((index) => tokens[index] ?? '') }),
    ...(accounts == null ? {} : { accounts: slice(accounts, indexes, ACCOUNT_KEY_BYTES) }),
    ...(data == null ? {} : { data: indexes.map((index) => data[index] ?? null) }),
    ...(badges == null ? {} : { badges: slice(badges, indexes, BADGE_BYTES) }),
    movedOn: 0,
    counts: {},
    beat: 0,
    fence: 0,
    ...change,
  };
};

const retryChange = (batch: Batch, again: Again, nowMs: number): Partial<Batch> => {
  if (again.atOnce) return { notBefore: new Date(nowMs), createdAt: new Date(nowMs) };
  if (again.atMs != null) {
    return {
      notBefore: new Date(Math.min(again.atMs, batch.expiresAt.getTime())),
      maybe: again.maybe,
      lastReason: plainReason(again.reason),
      createdAt: new Date(nowMs),
    };
  }
  const delayMs = again.countsAsAttempt
    ? retryInMs(SCHEDULE_MS, batch.attempt, again.afterMs, Math.random())
    : retryInMs(WAITS_MS, batch.waits + 1, again.afterMs, Math.random());
  // Not behind the expiry: then it is claimed once more, and ends `expired` on time.
  const notBefore = new Date(Math.min(nowMs + delayMs, batch.expiresAt.getTime()));
  return {
    notBefore,
    attempt: batch.attempt + (again.countsAsAttempt ? 1 : 0),
    waits: batch.waits + (again.countsAsAttempt ? 0 : 1),
    maybe: again.maybe,
    lastReason: plainReason(again.reason),
    createdAt: new Date(nowMs),
  };
};

const groupKey = ({ reason, afterMs, countsAsAttempt, atOnce, atMs, maybe }: Again): string =>
  [reason, Math.ceil(afterMs / RETRY_SLICE_MS), countsAsAttempt, atOnce, atMs, maybe].join('|');

const followUpsOf = (batch: Batch, again: readonly Again[], nowMs: number): Batch[] => {
  const groups = new Map<string, Again[]>();
  for (const one of again) {
    const group = groups.get(groupKey(one));
    if (group == null) groups.set(groupKey(one), [one]);
    else group.push(one);
  }
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (first == null) return [];
    const indexes = group.map(({ index }) => index).sort((left, right) => left - right);
    const afterMs = Math.max(...group.map((again) => again.afterMs));
    return followUp(batch, indexes, retryChange(batch, { ...first, afterMs }, nowMs));
  });
};

/** States that are decided without sending this time. */
const UNSENT: ReadonlySet<DeliveryState> = new Set(['suppressed', 'expired', 'cancelled']);

const rowsOf = (task: Task, batch: Batch, ended: readonly Ended[], at: Date): Delivery[] => {
  const ids = Buffer.from(batch.devices?.buffer ?? []);
  const { vendor, profile, attempt } = batch;
  return [...ended]
    .sort((left, right) => left.index - right.index)
    .map(({ index, state, reason, messageId, freesAt }) => {
      const device = ids.subarray(index * DEVICE_BYTES, (index + 1) * DEVICE_BYTES);
      const n = UNSENT.has(state) ? attempt - 1 : attempt;
      const row: Delivery = {
        _id: deliveryId(task._id.id, device),
        d: new Types.ObjectId(device),
        s: state,
        v: vendor,
        p: profile,
        n,
        t: at,
      };
      // Set one by one: there is a row for each device, and spreading three objects into it took longer than all the rest.
      if (reason != null) row.r = plainReason(reason);
      if (messageId != null) row.m = messageId;
      if (freesAt != null) row.f = freesAt;
      return row;
    });
};

const countsOf = (ended: readonly Ended[]): Counts => {
  const counts: Counts = {};
  for (const { state, reason } of ended) {
    const key = countKey(
      state,
      reason == null || state === 'accepted' ? undefined : plainReason(reason),
    );
    counts[key] = (counts[key] ?? 0) + 1;
  }
  return counts;
};

/**
 * The server refuses what we write, as opposed to being away or busy. What else may come of a connection that breaks is not
 * for us to list: the driver wraps it in errors of bulk writes, or hands on what the socket or its own code has thrown.
 */
const isRefusal = (error: unknown): boolean =>
  error instanceof mongo.MongoServerError &&
  typeof error.code === 'number' &&
  !error.hasErrorLabel('RetryableWriteError') &&
  !isMongoTrouble(error);

/** The outcomes are known and would be lost: so long a database that is away is waited for. */
const WRITE_TRIES = 90;
const WRITE_PAUSE_MS = 1_000;

const write = async (context: JobContext, written: BatchReport): Promise<Written> => {
  for (let left = WRITE_TRIES; ; left -= 1) {
    try {
      return await context.writes.report(written);
    } catch (error) {
      const fields = { taskId: written.batch.task.toHexString(), error };
      context.parts.log.error('A report could not be written', fields);
      if (left === 0 || isRefusal(error)) throw error;
      // Told to stop, it leaves the batch to its lease: what is known is lost, what is unsure is said to be.
      await setTimeout(WRITE_PAUSE_MS, undefined, { signal: context.stopping });
    }
  }
};

export const report = async (
  context: JobContext,
  task: Task,
  batch: Batch,
  result: BatchResult,
): Promise<Reported> => {
  const nowMs = context.parts.now();
  const retries = followUpsOf(batch, result.again, nowMs);
  const stragglers =
    result.stragglers == null || result.stragglers.length === 0
      ? undefined
      : followUp(batch, result.stragglers, {
          state: 'sending',
          owner: context.parts.owner,
          fence: 1,
          beat: 1,
        });
  const followUps = stragglers == null ? retries : [...retries, stragglers];
  const rows = rowsOf(task, batch, result.ended, new Date(nowMs));
  await faultPoint('report:answered');
  const { written, taskEnded } = await write(context, {
    batch,
    deliveriesIn: task.deliveriesIn,
    counts: countsOf(result.ended),
    movedOn: followUps.reduce((sum, { size }) => sum + size, 0),
    doneAt: new Date(nowMs),
    rows,
    followUps,
  });
  if (!written) return LOST;
  await faultPoint('report:committed');
  const nextAtMs = Math.min(...retries.map(({ notBefore }) => notBefore.getTime()));
  return {
    written,
    taskEnded,
    ...(stragglers == null ? {} : { stragglers }),
    ...(retries.length === 0 ? {} : { nextAt: new Date(nextAtMs) }),
  };
};
