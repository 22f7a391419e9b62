/**
 * Cuts an audience into batches for each vendor profile and instant, and rows for those who must not be pushed to. Pure.
 */
import type { mongo, Types } from 'mongoose';
import { type Batch, type Counts, countKey, plannedBatchId } from '../models/batch.js';
import { type Delivery, deliveryId } from '../models/delivery.js';
import type { Task } from '../models/task.js';
import type { Candidate } from './candidate.js';
import { expiryOf } from './due.js';
import { profileKey, type Rules, type SuppressedReason, suppressionOf } from './eligibility.js';
import { Pile } from './pile.js';

/** 2000 devices cost a third less than 250; Harmony takes 1000 tokens in a request. */
export const BATCH_SIZE = 1_000;

type CutTask = Pick<Task, '_id' | 'app' | 'lane' | 'expiresAt' | 'due' | 'planSequence'>;

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
  readonly id: Types.ObjectId;
  readonly vendor: string;
  readonly profile: string;
  readonly reason: SuppressedReason;
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

/** Null: too late. Undefined: at once. */
const dueMsOf = ({ id, device }: Candidate, { due }: CutRules): number | null | undefined =>
  due?.of(due.zoneOf(device ?? {}), id);

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

const timesOf = (task: CutTask, dueMs: number | undefined, now: Date): Partial<Batch> =>
  dueMs == null
    ? {}
    : {
        dueAt: new Date(dueMs),
        notBefore: new Date(Math.max(dueMs, now.getTime())),
        expiresAt: expiryOf(task, dueMs),
      };

const batchesOf = (task: CutTask, pile: Pile, nextId: () => mongo.Binary, now: Date): Batch[] =>
  Array.from({ length: Math.ceil(pile.size / BATCH_SIZE) }, (_, index) => {
    const from = index * BATCH_SIZE;
    const to = Math.min(pile.size, from + BATCH_SIZE);
    return {
      ...newBatch(task, { _id: nextId(), ...pile.place, size: to - from }, now),
      ...timesOf(task, pile.dueMs, now),
      ...pile.members(from, to),
    };
  });

const rowOf = (
  task: CutTask,
  { id, vendor, profile, reason }: Suppressed,
  now: Date,
): Delivery => ({
  _id: deliveryId(task._id.id, id.id),
  d: id,
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

/** Candidates come in the order of their ids, and so do the members of each batch and the rows. */
export class Cutter {
  /** Devices that are gathered for batches, and those that are suppressed. */
  devices = 0;
  private piles = new Map<string, Pile>();
  private suppressed: Suppressed[] = [];

  constructor(private readonly task: CutTask) {}

  get rows(): number {
    return this.suppressed.length;
  }

  add(candidates: readonly Candidate[], rules: CutRules): void {
    for (const candidate of candidates) {
      const reason = judge(candidate, rules);
      const dueMs = reason == null ? dueMsOf(candidate, rules) : undefined;
      if (reason != null) this.suppress(candidate, reason);
      else if (dueMs === null) this.suppress(candidate, 'too-late');
      else this.pileOf(candidate, dueMs).add(candidate);
    }
  }

  /** Everything since the last time; it begins anew. */
  take(planSequence: number, now: Date): Cut {
    const { task, piles, suppressed } = this;
    this.piles = new Map();
    this.suppressed = [];
    this.devices = 0;
    let sequence = planSequence;
    const nextId = (): mongo.Binary => plannedBatchId(task._id, sequence++);
    const ended = groupBy(suppressed, ({ vendor, profile }) => profileKey(vendor, profile));
    const batches = [
      ...[...piles.values()].flatMap((pile) => batchesOf(task, pile, nextId, now)),
      ...ended.map((members) => suppressedBatch(task, nextId(), members, now)),
    ];
    const rows = suppressed.map((one) => rowOf(task, one, now));
    return { batches, rows, planSequence: sequence };
  }

  private pileOf({ device, raw }: Candidate, dueMs: number | undefined): Pile {
    const { vendor, profile } = device ?? raw ?? {};
    const key = [vendor, profile, raw != null, dueMs].join('/');
    let pile = this.piles.get(key);
    if (pile == null) {
      pile = new Pile({ vendor: vendor ?? '', profile: profile ?? '' }, dueMs);
      this.piles.set(key, pile);
    }
    this.devices += 1;
    return pile;
  }

  private suppress({ id, device, raw, sentBy }: Candidate, reason: SuppressedReason): void {
    const place = device ?? raw ?? sentBy;
    this.suppressed.push({
      id,
      vendor: place?.vendor ?? '',
      profile: place?.profile ?? '',
      reason,
    });
  }
}

export const cut = (
  task: CutTask,
  candidates: readonly Candidate[],
  rules: CutRules,
  now: Date,
): Cut => {
  const cutter = new Cutter(task);
  cutter.add(candidates, rules);
  return cutter.take(task.planSequence, now);
};
