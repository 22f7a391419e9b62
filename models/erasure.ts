/** An erasure that was asked for and is not known to have been carried out: whoever finds it later goes on with it. */
import { type Connection, type Model, type mongo, Schema, Types } from 'mongoose';

/** What is erased: one device, or an account with all its devices. */
export type Erasable = { readonly device: Types.ObjectId } | { readonly account: string };

export interface Erasure {
  _id: Types.ObjectId;
  app: string;
  device?: Types.ObjectId;
  /** In the clear, because its devices are found by it; the record goes when they are gone. */
  account?: string;
  at: Date;
  /** The data is gone, and what was on its way is waited for. */
  erased?: { readonly devices: number; readonly ids: readonly string[] };
}

export const erasureSchema = new Schema<Erasure>(
  {
    app: { type: String, required: true },
    device: Schema.Types.ObjectId,
    account: String,
    at: { type: Date, required: true },
    erased: Schema.Types.Mixed,
  },
  { collection: 'erasures', versionKey: false },
);
erasureSchema.index({ at: 1 });

export const erasureModel = (connection: Connection): Model<Erasure> =>
  connection.model<Erasure>('Erasure', erasureSchema);

const erasuresIn = (db: mongo.Db): mongo.Collection<Erasure> => db.collection<Erasure>('erasures');

const MAJORITY = { writeConcern: { w: 'majority' } } as const;

/** Written before anything else, so that a process that dies in the middle leaves word of what it was about. */
export const recordErasure = async (
  db: mongo.Db,
  app: string,
  what: Erasable,
  at: Date,
): Promise<Erasure> => {
  const erasure: Erasure = { _id: new Types.ObjectId(), app, ...what, at };
  await erasuresIn(db).insertOne(erasure, MAJORITY);
  return erasure;
};

/** More than any person has; beyond it, whoever asks for the same once more erases what is left, which is nothing. */
const MOST_IDS = 10_000;

/** Says that its data is gone, to whoever asks for the same while it is waited for what was on its way. */
export const markErased = async (
  db: mongo.Db,
  { _id }: Pick<Erasure, '_id'>,
  { devices, ids }: { readonly devices: number; readonly ids: ReadonlySet<string> },
): Promise<void> => {
  if (ids.size > MOST_IDS) return;
  await erasuresIn(db).updateOne(
    { _id },
    { $set: { erased: { devices, ids: [...ids] } } },
    MAJORITY,
  );
};

/** The first erasure of the same that is recorded, if any. */
export const erasureOf = (db: mongo.Db, app: string, what: Erasable): Promise<Erasure | null> =>
  erasuresIn(db).findOne({ app, ...what }, { sort: { at: 1 } });

export const forgetErasure = async (db: mongo.Db, { _id }: Pick<Erasure, '_id'>): Promise<void> => {
  await erasuresIn(db).deleteOne({ _id }, MAJORITY);
};

export const erasuresBefore = (db: mongo.Db, at: Date): Promise<Erasure[]> =>
  erasuresIn(db)
    .find({ at: { $lt: at } })
    .sort({ at: 1 })
    .toArray();
