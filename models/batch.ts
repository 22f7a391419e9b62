/** A batch: some devices of one task on one vendor profile. The ledger's counts live here. Driver, not Mongoose: hot path. */
import { randomBytes } from 'node:crypto';
import { mongo, type Types } from 'mongoose';
import type { Parked } from './parked.js';
import type { Lane, Lease } from './task.js';

/** Where a delivery ends; `pending` is what is in a batch that is not `done`. */
export const DELIVERY_STATES = [
  'accepted',
  'failed',
  'suppressed',
  'expired',
  'cancelled',
  'unknown',
] as const;
export type DeliveryState = (typeof DELIVERY_STATES)[number];

/**
 * due -> claimed -> sending -> done; `held` while its task is paused. `sending` is written before the first byte leaves:
 * found in it with a dead lease, a batch is unsure.
 */
export type BatchState = 'due' | 'held' | 'claimed' | 'sending' | 'done';

/** `<state>` or `<state>:<reason>` -> devices. */
export type Counts = Record<string, number>;

export interface Batch extends Lease {
  /** task (12 bytes) || sequence (8 bytes). */
  _id: mongo.Binary;
  task: Types.ObjectId;
  app: string;
  /** Empty for suppressed tokens that no vendor was named for. */
  vendor: string;
  profile: string;
  lane: Lane;
  state: BatchState;
  /** The only one that its task waits for: whoever reports it without a follow-up ends the task as well. */
  sole?: true;
  /**
   * Born at planning, or cut off such a one before anything of it was sent, so its size counts towards `targeted`; a
   * follow-up's devices were counted before.
   */
  first: boolean;
  /** How often its devices were tried, this time included. Only trouble of the device raises it. */
  attempt: number;
  /** How often it waited for trouble that is not the device's. */
  waits: number;
  /** Its devices may have got the push already: they end `accepted` or `unknown`. */
  maybe: boolean;
  /** Why its devices are tried again. */
  lastReason?: string;
  size: number;
  /** Device ids of 12 bytes, packed; gone once the batch is done. */
  devices?: mongo.Binary;
  /** Tokens that are not registered, aligned with `devices`. */
  tokens?: string[];
  /** Keyed hashes (16 bytes, packed) of the accounts the devices were targeted by, aligned with `devices`. */
  accounts?: mongo.Binary;
  /** Data laid over the message's, aligned with `devices`. */
  data?: (Record<string, string> | null)[];
  /** The numbers that were counted for their icons (4 bytes, packed), aligned with `devices`; `UNCOUNTED` where none was. */
  badges?: mongo.Binary;
  notBefore: Date;
  /** When its devices are due, of a task that is not due for all at once. */
  dueAt?: Date;
  /** Whose pace it waits for. */
  parked?: Parked;
  /** It waits until this vendor profile is well again; `dueAt` is what `notBefore` was. */
  waitsFor?: { profile: string; dueAt: Date };
  expiresAt: Date;
  /** Of its devices, how many went on to follow-up batches. `size` = sum of `counts` + `movedOn` once done. */
  movedOn: number;
  counts: Counts;
  createdAt: Date;
  doneAt?: Date;
}

export const BATCHES = 'batches';
const TASK_BYTES = 12;
const SEQUENCE_BYTES = 8;
export const DEVICE_BYTES = 12;
export const ACCOUNT_KEY_BYTES = 16;
export const BADGE_BYTES = 4;
export const UNCOUNTED = 0xffffffff;

export const batches = (db: mongo.Db): mongo.Collection<Batch> => db.collection<Batch>(BATCHES);

/** The planner's batches are numbered from 0, so that a stretch planned twice collides with itself. */
export const plannedBatchId = (task: Types.ObjectId, sequence: number): mongo.Binary => {
  const bytes = Buffer.alloc(TASK_BYTES + SEQUENCE_BYTES);
  bytes.set(task.id);
  bytes.writeBigUInt64BE(BigInt(sequence), TASK_BYTES);
  return new mongo.Binary(bytes);
};

/** By the 40 hex digits of its id: whether the planner has cut it, and not somebody later. */
export const isPlannedBatch = (hex: string): boolean =>
  (Number.parseInt(hex.slice(2 * TASK_BYTES, 2 * TASK_BYTES + 2), 16) & 0x80) === 0;

/** A follow-up's number is random with its highest bit set: workers need not agree on a counter. */
export const followUpBatchId = (task: Types.ObjectId): mongo.Binary => {
  const sequence = randomBytes(SEQUENCE_BYTES);
  sequence.writeUInt8(sequence.readUInt8(0) | 0x80, 0);
  return new mongo.Binary(Buffer.concat([task.id, sequence]));
};

export const packIds = (ids: readonly Types.ObjectId[]): mongo.Binary => {
  const bytes = Buffer.allocUnsafe(ids.length * DEVICE_BYTES);
  ids.forEach((id, index) => {
    bytes.set(id.id, index * DEVICE_BYTES);
  });
  return new mongo.Binary(bytes);
};

export const packKeys = (keys: readonly Buffer[]): mongo.Binary =>
  new mongo.Binary(Buffer.concat(keys));

/** The packed items of a Binary, `itemBytes` each; views, not copies. */
export const unpack = (packed: mongo.Binary | undefined, itemBytes: number): Buffer[] => {
  if (packed == null) return [];
  const bytes = Buffer.from(packed.buffer.buffer, packed.buffer.byteOffset, packed.position);
  return Array.from({ length: bytes.length / itemBytes }, (_, index) =>
    bytes.subarray(index * itemBytes, (index + 1) * itemBytes),
  );
};

export const countKey = (state: DeliveryState, reason?: string): string =>
  reason == null ? state : `${state}:${reason}`;

export const splitCountKey = (key: string): { state: DeliveryState; reason?: string } => {
  const colon = key.indexOf(':');
  return colon < 0
    ? { state: key as DeliveryState }
    : { state: key.slice(0, colon) as DeliveryState, reason: key.slice(colon + 1) };
};

/** The ledger is read from this index alone, without touching a batch (an `explain` test holds it). */
export const LEDGER_INDEX = 'ledger';

/** Batches that wait for a vendor profile to be well again. */
export const ASIDE_INDEX = 'set-aside';

export const batchIndexes: mongo.IndexDescription[] = [
  {
    name: LEDGER_INDEX,
    key: { task: 1, state: 1, vendor: 1, first: 1, size: 1, movedOn: 1, counts: 1 },
  },
  { name: 'due', key: { lane: 1, notBefore: 1 }, partialFilterExpression: { state: 'due' } },
  {
    name: 'open-until',
    key: { expiresAt: 1 },
    partialFilterExpression: { state: { $in: ['due', 'held'] } },
  },
  {
    name: 'leased',
    key: { owner: 1 },
    partialFilterExpression: { state: { $in: ['claimed', 'sending'] } },
  },
  { name: 'held', key: { task: 1 }, partialFilterExpression: { state: 'held' } },
  {
    // Empty while all profiles are well.
    name: ASIDE_INDEX,
    key: { 'waitsFor.profile': 1, 'waitsFor.dueAt': 1 },
    partialFilterExpression: { state: 'due', 'waitsFor.profile': { $exists: true } },
  },
];
