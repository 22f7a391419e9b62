/** Counts the numbers on the icons of a batch's devices, for vendors that only take a number. */
import { mongo, Types } from 'mongoose';
import { type AddedBadge, addToBadges, type BadgeWish, setBadges } from '../models/badge.js';
import {
  BADGE_BYTES,
  type Batch,
  batches,
  DEVICE_BYTES,
  UNCOUNTED,
  unpack,
} from '../models/batch.js';
import { isDuplicateKey } from '../models/duplicate-key.js';
import type { Task } from '../models/task.js';
import { inTransaction } from '../models/transaction.js';
import type { JobContext } from './context.js';
import type { OpenProfile } from './profiles.js';
import type { SendTarget } from './targets.js';

/** Two first pushes to a device at the same time: the second finds what the first has counted. */
const TRIES = 5;

/** Somebody else has the batch. */
class LeaseLost extends Error {}

/** Undefined when nothing is to be counted: no badge, a vendor that counts, or what takes a push back. */
export const badgeToCount = (task: Task, { vendor }: OpenProfile): BadgeWish | undefined =>
  vendor.countsBadges || task.recallOf != null ? undefined : task.message.badge;

/** What a message sets is known without counting: it is noted while the push is on its way, for the next one that adds to it. */
export const noteBadges = async (
  { parts }: JobContext,
  task: Task,
  { batch, targets }: Pick<Counting, 'batch' | 'targets'>,
): Promise<void> => {
  const { badge: count } = task.message;
  if (typeof count !== 'number' || task.recallOf != null) return;
  const ids = unpack(batch.devices, DEVICE_BYTES);
  const devices = targets.map(({ index }) => new Types.ObjectId(ids[index]));
  try {
    await setBadges(parts.db, devices, { app: task.app, count, at: new Date(parts.now()) });
  } catch (error) {
    parts.log.warn('What is on the icons could not be noted', { error });
  }
};

/** A device that is tried again gets the number that was counted for it the first time. */
const numbersOf = ({ badges, size }: Batch): number[] => {
  const counted = unpack(badges, BADGE_BYTES);
  return Array.from({ length: size }, (_, index) => counted[index]?.readUInt32LE() ?? UNCOUNTED);
};

const pack = (numbers: readonly number[]): mongo.Binary => {
  const bytes = Buffer.allocUnsafe(numbers.length * BADGE_BYTES);
  numbers.forEach((number, index) => {
    bytes.writeUInt32LE(number, index * BADGE_BYTES);
  });
  return new mongo.Binary(bytes);
};

interface Counting {
  readonly task: Task;
  readonly batch: Batch;
  readonly wish: AddedBadge;
  readonly targets: readonly SendTarget[];
}

/** The numbers, the mark that the batch is being sent, and the memory of what it has counted: all of it, or nothing. */
const count = async (
  { parts }: JobContext,
  { task, batch, wish, targets }: Counting,
): Promise<number[]> => {
  const { connection, db } = parts;
  const ids = unpack(batch.devices, DEVICE_BYTES);
  const known = numbersOf(batch);
  const uncounted = targets.filter(({ index }) => known[index] === UNCOUNTED);
  const devices = uncounted.map(({ index }) => new Types.ObjectId(ids[index]));
  return inTransaction(connection, async (session) => {
    const numbers = [...known];
    const change = { app: task.app, wish, now: new Date(parts.now()) };
    const counted = devices.length === 0 ? [] : await addToBadges(db, devices, change, session);
    uncounted.forEach(({ index }, place) => {
      numbers[index] = counted[place] ?? 0;
    });
    const { matchedCount } = await batches(db).updateOne(
      { _id: batch._id, fence: batch.fence, state: { $in: ['claimed', 'sending'] } },
      { $set: { state: 'sending', badges: pack(numbers) }, $unset: { parked: '' } },
      { session },
    );
    if (matchedCount === 0) throw new LeaseLost();
    return numbers;
  });
};

/** The batch marked as being sent, and its targets with their numbers; null when the lease is lost. */
export const countBadges = async (
  context: JobContext,
  counting: Counting,
): Promise<{ batch: Batch; targets: SendTarget[] } | null> => {
  const { batch, targets } = counting;
  for (let left = TRIES; ; left -= 1) {
    try {
      const numbers = await count(context, counting);
      return {
        batch: { ...batch, state: 'sending', badges: pack(numbers) },
        targets: targets.map((target) => ({
          ...target,
          variant: { ...target.variant, badge: numbers[target.index] ?? 0 },
        })),
      };
    } catch (error) {
      if (error instanceof LeaseLost) return null;
      if (left === 0 || !isDuplicateKey(error)) throw error;
    }
  }
};
