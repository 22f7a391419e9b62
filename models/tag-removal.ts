/** The deletion of a tag everywhere: a record of how far it is, so that whoever sweeps can go on with it. */
import { type Connection, type Model, type mongo, Schema, Types } from 'mongoose';
import { dbOf } from './database.js';
import { devicesIn } from './device-store.js';
import { isDuplicateKey } from './duplicate-key.js';
import { inTransaction } from './transaction.js';

export interface TagRemoval {
  _id: Types.ObjectId;
  app: string;
  /** In the clear, because its devices are found by it; the record goes a week after its end. */
  tag: string;
  state: 'running' | 'done';
  /** Devices that have lost the tag. */
  devices: number;
  /** Up to this device all is done. */
  cursor?: Types.ObjectId;
  /** How often it was asked for. */
  asked: number;
  askedAt: Date;
  endedAt?: Date;
}

const KEPT_SECONDS = 7 * 24 * 60 * 60;

export const tagRemovalSchema = new Schema<TagRemoval>(
  {
    app: { type: String, required: true },
    tag: { type: String, required: true },
    state: { type: String, enum: ['running', 'done'], required: true },
    devices: { type: Number, required: true },
    cursor: Schema.Types.ObjectId,
    asked: { type: Number, required: true },
    askedAt: { type: Date, required: true },
    endedAt: Date,
  },
  { collection: 'tag_removals', versionKey: false },
);
// One at a time for each tag.
tagRemovalSchema.index(
  { app: 1, tag: 1 },
  { unique: true, partialFilterExpression: { state: 'running' } },
);
tagRemovalSchema.index({ endedAt: 1 }, { expireAfterSeconds: KEPT_SECONDS });

export const tagRemovalModel = (connection: Connection): Model<TagRemoval> =>
  connection.model<TagRemoval>('TagRemoval', tagRemovalSchema);

const removalsIn = (db: mongo.Db): mongo.Collection<TagRemoval> =>
  db.collection<TagRemoval>('tag_removals');

/** Asked for again while it runs, it begins anew, for those who got the tag meanwhile. */
export const askForRemoval = async (
  db: mongo.Db,
  { app, tag, now }: { readonly app: string; readonly tag: string; readonly now: Date },
): Promise<TagRemoval> => {
  const ask = () =>
    removalsIn(db).findOneAndUpdate(
      { app, tag, state: 'running' },
      {
        // Changes the record in any case, so that it cannot end at the same moment.
        $inc: { asked: 1 },
        $unset: { cursor: '' },
        $setOnInsert: { _id: new Types.ObjectId(), devices: 0, askedAt: now },
      },
      { upsert: true, returnDocument: 'after', writeConcern: { w: 'majority' } },
    );
  const running = await ask().catch((error: unknown) => {
    // Somebody else asked first.
    if (isDuplicateKey(error)) return ask();
    throw error;
  });
  if (running == null) throw new Error('A removal was neither found nor made');
  return running;
};

export const removalOf = (
  db: mongo.Db,
  app: string,
  id: Types.ObjectId,
): Promise<TagRemoval | null> => removalsIn(db).findOne({ _id: id, app });

export const runningRemovals = (db: mongo.Db, most: number): Promise<TagRemoval[]> =>
  removalsIn(db).find({ state: 'running' }).sort({ askedAt: 1 }).limit(most).toArray();

/**
 * Takes the tag from the next devices, and notes how far it came, in one transaction: however often a process dies, and whoever
 * else does the same at that moment, each device is counted once. True when it has ended.
 */
export const removePiece = (
  connection: Connection,
  { _id }: Pick<TagRemoval, '_id'>,
  { most, now }: { readonly most: number; readonly now: Date },
): Promise<boolean> =>
  inTransaction(connection, async (session) => {
    const db = dbOf(connection);
    const removal = await removalsIn(db).findOne({ _id, state: 'running' }, { session });
    if (removal == null) return true;
    const { app, tag, cursor } = removal;
    const found = await devicesIn(db)
      .find(
        { app, tags: tag, ...(cursor == null ? {} : { _id: { $gt: cursor } }) },
        { session, projection: { _id: 1 }, sort: { _id: 1 }, limit: most },
      )
      .toArray();
    const ids = found.map((device) => device._id);
    const last = ids.at(-1);
    if (last == null) {
      const ended = {
        $set: { state: 'done' as const, endedAt: now },
        $unset: { cursor: '' as const },
      };
      await removalsIn(db).updateOne({ _id }, ended, { session });
      return true;
    }
    const { modifiedCount } = await devicesIn(db).updateMany(
      { _id: { $in: ids } },
      { $pull: { tags: tag }, $set: { updatedAt: now } },
      { session },
    );
    const noted = { $inc: { devices: modifiedCount }, $set: { cursor: last } };
    await removalsIn(db).updateOne({ _id }, noted, { session });
    return false;
  });
