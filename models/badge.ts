/** The number on an app's icon, counted here for vendors that only take a number. Driver, not Mongoose: a whole batch at a time. */
import { type Connection, type Model, type mongo, Schema, type Types } from 'mongoose';

/** What a task wants of it: a number (0 takes it away), or so many more than there are. */
export type BadgeWish = number | `+${number}`;

export const MOST_BADGE = 99_999;

export interface Badge {
  /** The device's. */
  _id: Types.ObjectId;
  app: string;
  count: number;
  at: Date;
}

/** Whoever was not pushed to for so long has looked, or has gone. */
const KEPT_SECONDS = 365 * 24 * 60 * 60;

export const badgeSchema = new Schema<Badge>(
  {
    app: { type: String, required: true },
    count: { type: Number, required: true },
    at: { type: Date, required: true },
  },
  { collection: 'badges', versionKey: false },
);
badgeSchema.index({ at: 1 }, { expireAfterSeconds: KEPT_SECONDS });

export const badgeModel = (connection: Connection): Model<Badge> =>
  connection.model<Badge>('Badge', badgeSchema);

const badgesIn = (db: mongo.Db): mongo.Collection<Badge> => db.collection<Badge>('badges');

export const addedBy = (wish: AddedBadge): number => Number(wish.slice(1));

/** One that adds to what is there. */
export type AddedBadge = Exclude<BadgeWish, number>;

/** The counts of devices with what is added, in their order; in the caller's transaction, where nobody else changes them meanwhile. */
export const addToBadges = async (
  db: mongo.Db,
  devices: readonly Types.ObjectId[],
  { app, wish, now }: { readonly app: string; readonly wish: AddedBadge; readonly now: Date },
  session: mongo.ClientSession,
): Promise<number[]> => {
  const known = await badgesIn(db)
    .find({ _id: { $in: [...devices] } }, { session, batchSize: devices.length })
    .toArray();
  const before = new Map(known.map(({ _id, count }) => [_id.toHexString(), count]));
  const counts = devices.map((device) =>
    Math.min(MOST_BADGE, (before.get(device.toHexString()) ?? 0) + addedBy(wish)),
  );
  if (known.length > 0) {
    const count = { $min: [MOST_BADGE, { $add: ['$count', addedBy(wish)] }] };
    await badgesIn(db).updateMany(
      { _id: { $in: known.map(({ _id }) => _id) } },
      [{ $set: { count, at: now } }],
      { session },
    );
  }
  const fresh = devices.flatMap((device, index) =>
    before.has(device.toHexString())
      ? []
      : { _id: device, app, count: counts[index] ?? 0, at: now },
  );
  if (fresh.length > 0) await badgesIn(db).insertMany(fresh, { session });
  return counts;
};

/** The same number for all: done once more, it changes nothing. */
export const setBadges = async (
  db: mongo.Db,
  devices: readonly Types.ObjectId[],
  { app, count, at }: Omit<Badge, '_id'>,
): Promise<void> => {
  await badgesIn(db).bulkWrite(
    devices.map((_id) => ({
      updateOne: { filter: { _id }, update: { $set: { app, count, at } }, upsert: true },
    })),
    { ordered: false },
  );
};

/** 0 for a device that nothing was counted for. */
export const badgeOf = async (db: mongo.Db, device: Types.ObjectId): Promise<number> =>
  (await badgesIn(db).findOne({ _id: device }))?.count ?? 0;

export const forgetBadges = async (
  db: mongo.Db,
  devices: readonly Types.ObjectId[],
): Promise<void> => {
  await badgesIn(db).deleteMany({ _id: { $in: [...devices] } });
};
