/** Asks and changes the suppression list for registration and erasure, through the driver. */
import type { mongo } from 'mongoose';
import type { Suppression } from './suppression.js';

/** Up to so many keys are looked up at once without asking first whether the app has any entry. */
const FEW_KEYS = 16;

export const suppressionsOf = (db: mongo.Db): mongo.Collection<Suppression> =>
  db.collection<Suppression>('suppressions');

/** How keys appear in the answers below. */
export const keyText = (key: Uint8Array): string => Buffer.from(key).toString('hex');

/** Since when each of the keys is on the list because of an erasure; keys that are not are missing. */
export const suppressedSince = async (
  db: mongo.Db,
  app: string,
  keys: readonly Buffer[],
  session?: mongo.ClientSession,
): Promise<Map<string, Date>> => {
  const list = suppressionsOf(db);
  const options = session ? { session } : {};
  if (keys.length === 0) return new Map();
  if (keys.length > FEW_KEYS) {
    const any = await list.findOne({ app }, { ...options, projection: { _id: 1 } });
    if (any == null) return new Map();
  }
  const found = await list
    .find({ _id: { $in: [...keys] }, reason: 'erased' }, { ...options, promoteBuffers: true })
    .toArray();
  return new Map(found.flatMap(({ _id, at }) => (at == null ? [] : [[keyText(_id), at] as const])));
};

export interface SuppressionEntry {
  readonly key: Buffer;
  readonly kind: Suppression['kind'];
}

/** Puts keys on the list; those that stand there already begin anew at `at`. */
export const suppress = async (
  db: mongo.Db,
  app: string,
  entries: readonly SuppressionEntry[],
  at: Date,
): Promise<void> => {
  if (entries.length === 0) return;
  await suppressionsOf(db).bulkWrite(
    entries.map(({ key, kind }) => ({
      updateOne: {
        filter: { _id: key },
        update: { $set: { app, kind, reason: 'erased' as const, at } },
        upsert: true,
      },
    })),
    { ordered: false, writeConcern: { w: 'majority' } },
  );
};

/** Ends what erasures put on the list, in the transaction that records the opt-in; blocks stay. */
export const liftSuppression = async (
  db: mongo.Db,
  keys: readonly Buffer[],
  session: mongo.ClientSession,
): Promise<void> => {
  const erased = { _id: { $in: [...keys] } };
  await suppressionsOf(db).deleteMany({ ...erased, blocks: { $exists: false } }, { session });
  await suppressionsOf(db).updateMany(erased, { $unset: { reason: 1, at: 1 } }, { session });
};
