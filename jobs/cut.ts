/** Cuts a stretch of an audience into batches for each vendor profile, and rows for those who must not be pushed to. Pure. */
import type { mongo } from 'mongoose';
import {
  type Batch,
  type Counts,
  countKey,
  packIds,
  packKeys,
  plannedBatchId,
} from '../models/batch.js';
import { type Delivery, deliveryId } from '../models/delivery.js';
import type { Task } from '../models/task.js';
import type { Candidate } from './candidate.js';
import { profileKey, type Rules, type SuppressedReason, suppressionOf } from './eligibility.js';

/** 2000 devices cost a third less than 250; Harmony takes 1000 tokens in a request. */
export const BATCH_SIZE = 1_000;

type CutTask = Pick<
  Task,
  '_id' | 'app' | 'lane' | 'expiresAt' | 'consentAsserted' | 'planSequence'
>;

export interface CutRules extends Rules {
  /** The app allows tokens that are not registered, and the caller says their people agreed. */
  readonly allowRaw: boolean;
  /** Keyed hash of a raw token, in hex, as it would stand on the suppression list. */
  readonly rawKeyOf: (vendor: string, token: string) => string;
}

export interface Cut {
  readonly batches: Batch[];
  readonly rows: Delivery[];
  /** The next free sequence. */
  readonly planSequence: number;
}

interface Suppressed {
  candidate: Candidate;
  vendor: string;
  profile: string;
  reason: SuppressedReason;
}

const rawSuppression = (
  raw: NonNullable<Candidate['raw']>,
  rules: CutRules,
): SuppressedReason | null => {
  if (raw.vendor != null && rules.onList.has(rules.rawKeyOf(raw.vendor, raw.token))) {
    return 'suppression-list';
  }
  if (!rules.allowRaw || raw.vendor == null) return 'not-registered';
  return rules.profiles.has(profileKey(raw.vendor, raw.profile)) ? null : 'vendor-not-configured';
};

/** Why a candidate must not be pushed to; null when it may. */
export const judge = (candidate: Candidate, rules: CutRules): SuppressedReason | null => {
  if (candidate.device != null) {
    const { device, accountKey, sentBy } = candidate;
    return suppressionOf(
      device,
      { ...(accountKey == null ? {} : { accountKey }), ...sentBy },
      rules,
    );
  }
  return candidate.raw == null ? 'not-registered' : rawSuppression(candidate.raw, rules);
};

/** Everything a batch has when it is born; `_id`, `size` and the packed members are the cutter's. */
const newBatch = (
  task: CutTask,
  place: Pick<Batch, '_id' | 'vendor' | 'profile' | 'size'>,
  now: Date,
): Batch => ({
  ...place,
  task: task._id,
  app: task.app,
  lane: task.lane,
  state: 'due',
  first: true,
  attempt: 1,
  waits: 0,
  maybe: false,
  notBefore: now,
  expiresAt: task.expiresAt,
  movedOn: 0,
  counts: {},
  beat: 0,
  fence: 0,
  createdAt: now,
});

const batchOf = (task: CutTask, id: mongo.Binary, members: Candidate[], now: Date): Batch => {
  const [first] = members;
  const place = first?.device ?? first?.raw;
  const accountKeys = members.flatMap(({ accountKey }) => accountKey ?? []);
  return {
    ...newBatch(
      task,
      { _id: id, vendor: place?.vendor ?? '', profile: place?.profile ?? '', size: members.length },
      now,
    ),
    devices: packIds(members.map((member) => member.id)),
    ...(first?.raw == null ? {} : { tokens: members.map(({ raw }) => raw?.token ?? '') }),
    ...(accountKeys.length === members.length ? { accounts: packKeys(accountKeys) } : {}),
    ...(members.some(({ data }) => data != null)
      ? { data: members.map(({ data }) => data ?? null) }
      : {}),
  };
};

const rowOf = (
  task: CutTask,
  { candidate, vendor, profile, reason }: Suppressed,
  now: Date,
): Delivery => ({
  _id: deliveryId(task._id.id, candidate.id.id),
  d: candidate.id,
  s: 'suppressed',
  r: reason,
  ...(vendor === '' ? {} : { v: vendor, p: profile }),
  n: 0,
  t: now,
});

/** A batch that was done before it began carries the counts of the suppressed. */
const suppressedBatch = (
  task: CutTask,
  id: mongo.Binary,
  members: Suppressed[],
  now: Date,
): Batch => {
  const counts: Counts = {};
  for (const { reason } of members) {
    const key = countKey('suppressed', reason);
    counts[key] = (counts[key] ?? 0) + 1;
  }
  const [first] = members;
  const place = {
    vendor: first?.vendor ?? '',
    profile: first?.profile ?? '',
    size: members.length,
  };
  return {
    ...newBatch(task, { _id: id, ...place }, now),
    state: 'done',
    attempt: 0,
    counts,
    doneAt: now,
  };
};

const groupBy = <T>(items: Iterable<T>, keyOf: (item: T) => string): T[][] => {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group == null) groups.set(key, [item]);
    else group.push(item);
  }
  return [...groups.values()];
};

const inChunks = <T>(items: T[], size: number): T[][] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );

/** Candidates come in the order of their ids, and so do the members of each batch and the rows. */
export const cut = (
  task: CutTask,
  candidates: readonly Candidate[],
  rules: CutRules,
  now: Date,
): Cut => {
  const eligible: Candidate[] = [];
  const suppressed: Suppressed[] = [];
  for (const candidate of candidates) {
    const reason = judge(candidate, rules);
    if (reason == null) {
      eligible.push(candidate);
      continue;
    }
    const place = candidate.device ?? candidate.raw ?? candidate.sentBy;
    suppressed.push({
      candidate,
      vendor: place?.vendor ?? '',
      profile: place?.profile ?? '',
      reason,
    });
  }
  let sequence = task.planSequence;
  const nextId = (): mongo.Binary => plannedBatchId(task._id, sequence++);
  const sendable = groupBy(eligible, ({ device, raw }) =>
    [device?.vendor ?? raw?.vendor, device?.profile ?? raw?.profile, raw != null].join('/'),
  ).flatMap((group) => inChunks(group, BATCH_SIZE));
  const ended = groupBy(suppressed, ({ vendor, profile }) => profileKey(vendor, profile));
  const batches = [
    ...sendable.map((members) => batchOf(task, nextId(), members, now)),
    ...ended.map((members) => suppressedBatch(task, nextId(), members, now)),
  ];
  return { batches, rows: suppressed.map((one) => rowOf(task, one, now)), planSequence: sequence };
};
