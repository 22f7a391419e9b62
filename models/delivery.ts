/** Delivery rows: where one task ended on one device. Written once, in their final state, by the driver: hot path. */
import { mongo, Types } from 'mongoose';
import type { RetentionDays } from './app.js';
import { RETENTION_DAYS } from './app.js';
import type { DeliveryState } from './batch.js';

/** Short names: a million of these are written for a campaign. */
export interface Delivery {
  /** task (12 bytes) || device (12 bytes); the key of a clustered collection. */
  _id: mongo.Binary;
  /** Device. */
  d: Types.ObjectId;
  /** State. */
  s: DeliveryState;
  /** Reason; every state but `accepted` has one. */
  r?: string;
  /** Vendor. */
  v?: string;
  /** Profile. */
  p?: string;
  /** The vendor's id of the message. */
  m?: string;
  /** Attempts. */
  n: number;
  /** At. */
  t: Date;
  /** When the cap that stopped it frees. */
  f?: Date;
}

const TASK_BYTES = 12;
const ID_BYTES = 24;
const NAME = /^deliveries_(\d{4})_(\d{2})_(\d+)$/;

export const deliveryId = (task: Uint8Array, device: Uint8Array): mongo.Binary => {
  const bytes = Buffer.allocUnsafe(ID_BYTES);
  bytes.set(task);
  bytes.set(device, TASK_BYTES);
  return new mongo.Binary(bytes);
};

/**
 * All ids of a task, from the first to the last; `after` is a device. Both ends have the full length: MongoDB compares the
 * length of binary values before their bytes.
 */
export const deliveryRange = (
  task: Types.ObjectId,
  after?: Types.ObjectId,
): { $gte?: mongo.Binary; $gt?: mongo.Binary; $lte: mongo.Binary } => ({
  ...(after == null
    ? { $gte: deliveryId(task.id, Buffer.alloc(ID_BYTES - TASK_BYTES)) }
    : { $gt: deliveryId(task.id, after.id) }),
  $lte: deliveryId(task.id, Buffer.alloc(ID_BYTES - TASK_BYTES, 0xff)),
});

export const splitDeliveryId = (
  id: mongo.Binary,
): { task: Types.ObjectId; device: Types.ObjectId } => {
  const bytes = Buffer.from(id.buffer);
  return {
    task: new Types.ObjectId(bytes.subarray(0, TASK_BYTES)),
    device: new Types.ObjectId(bytes.subarray(TASK_BYTES, ID_BYTES)),
  };
};

/** One collection a month and retention class, so that retention drops whole collections. */
export const deliveriesName = (month: Date, retentionDays: RetentionDays): string => {
  const number = String(month.getUTCMonth() + 1).padStart(2, '0');
  return `deliveries_${month.getUTCFullYear()}_${number}_${retentionDays}`;
};

/** When the last row of a collection has been kept long enough; null for a name that is not ours. */
export const keptUntil = (name: string): Date | null => {
  const [, year, month, days] = NAME.exec(name) ?? [];
  if (year == null || month == null || days == null) return null;
  // Month is counted from 0, so this is the first instant of the next month.
  return new Date(Date.UTC(Number(year), Number(month), 1 + Number(days)));
};

export const deliveries = (db: mongo.Db, name: string): mongo.Collection<Delivery> =>
  db.collection<Delivery>(name);

const NAMESPACE_EXISTS = 48;

/**
 * Creates the collection explicitly: an insert into a missing one would create a plain, unclustered one. Rejects when one of
 * that name exists and is not clustered.
 */
export const ensureDeliveries = async (db: mongo.Db, name: string): Promise<void> => {
  try {
    await db.createCollection(name, { clusteredIndex: { key: { _id: 1 }, unique: true } });
  } catch (error) {
    if (!(error instanceof mongo.MongoServerError) || error.code !== NAMESPACE_EXISTS) throw error;
  }
  const [found] = await db.listCollections({ name }).toArray();
  if (found == null || !('options' in found) || found.options?.['clusteredIndex'] == null) {
    throw new Error(
      `The collection ${name} exists but is not clustered; rename it and start again`,
    );
  }
  await deliveries(db, name).createIndex({ d: 1, t: -1 }, { name: 'device' });
};

/** This month's and next month's collections of every retention class. */
export const currentDeliveries = (now: Date): string[] => {
  const next = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 1));
  return [now, next].flatMap((month) => RETENTION_DAYS.map((days) => deliveriesName(month, days)));
};
