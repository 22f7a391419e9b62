/** Whose pace it is, and how fast: the vendor's declaration, the operator's setting, the caller's wish. */
import { type mongo, Types } from 'mongoose';
import type { Vendor } from '../../adapters/adapter.js';
import type { Batch } from '../../models/batch.js';
import { tasks } from '../../models/lease.js';
import type { Pace } from '../../models/pacing.js';
import type { Task } from '../../models/task.js';
import { type VendorProfile, vendorProfileId } from '../../models/vendor-profile.js';

const TASK_PREFIX = 'task:';

export const taskKey = (task: Types.ObjectId): string => `${TASK_PREFIX}${task.toHexString()}`;

export const isTaskKey = (key: string): boolean => key.startsWith(TASK_PREFIX);

export const profileKeyOf = ({
  app,
  vendor,
  profile,
}: Pick<Batch, 'app' | 'vendor' | 'profile'>): string => vendorProfileId(app, vendor, profile);

/** Null: as fast as it goes. */
export const profilePace = (
  { pacing }: Pick<Vendor, 'pacing'>,
  ratePerSecond: number | null | undefined,
): Pace | null => {
  const perSecond = ratePerSecond === undefined ? pacing?.perSecond : ratePerSecond;
  if (perSecond == null) return null;
  const rampUpSeconds = pacing?.rampUpSeconds;
  return { perSecond, ...(rampUpSeconds == null ? {} : { rampUpSeconds }) };
};

export const taskPace = ({ ratePerSecond }: Pick<Task, 'ratePerSecond'>): Pace | null =>
  ratePerSecond == null ? null : { perSecond: ratePerSecond };

/** As they stand in the database now; what is gone has none. */
export const readPaces = async (
  db: mongo.Db,
  vendors: ReadonlyMap<string, Vendor>,
  keys: readonly string[],
): Promise<ReadonlyMap<string, Pace | null>> => {
  const paces = new Map<string, Pace | null>(keys.map((key) => [key, null]));
  if (keys.length === 0) return paces;
  const ofTasks = keys.filter(isTaskKey);
  const ids = ofTasks.map((key) => new Types.ObjectId(key.slice(TASK_PREFIX.length)));
  const [profiles, running] = await Promise.all([
    db
      .collection<VendorProfile>('vendor_profiles')
      .find({ _id: { $in: [...keys] } }, { projection: { vendor: 1, ratePerSecond: 1 } })
      .toArray(),
    ids.length === 0
      ? []
      : tasks(db)
          .find({ _id: { $in: ids } }, { projection: { ratePerSecond: 1 } })
          .toArray(),
  ]);
  for (const { _id, vendor, ratePerSecond } of profiles) {
    paces.set(_id, profilePace(vendors.get(vendor) ?? {}, ratePerSecond));
  }
  for (const task of running) paces.set(taskKey(task._id), taskPace(task));
  return paces;
};
