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

export const addedBy = (wish: Exclude<BadgeWish, number>): number => Number(wish.slice(1));

const after = (wish: BadgeWish, before: number): number =>
  typeof wish === 'number' ? wish : Math.min(MOST_BADGE, before + addedBy(wish));

/** The counts of devices after a wish, in their order; in the caller's transaction, where nobody else changes them meanwhile. */
export const changeBadges = async (
  db: mongo.Db,
  devices: readonly Types.ObjectId[],
  { app, wish, now }: { readonly app: string; readonly wish: BadgeWish; readonly now: Date },
  session: mongo.ClientSession,
): Promise<number[]> => {
  const known = await badgesIn(db)
    .find({ _id: { $in: [...devices] } }, { session, batchSize: devices.length })
    .toArray();
  const before = new Map(known.map(({ _id, count }) => [_id.toHexString(), count]));
  const counts = devices.map((device) => after(wish, before.get(device.toHexString()) ?? 0));
  if (known.length > 0) {
    const count =
      typeof wish === 'number' ? wish : { $min: [MOST_BADGE, { $add: ['$count', addedBy(wish)] }] };
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

/** What the app itself says of its icon. */
export const setBadge = async (db: mongo.Db, { _id, app, count, at }: Badge): Promise<void> => {
  await badgesIn(db).updateOne({ _id }, { $set: { app, count, at } }, { upsert: true });
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
