/** Which of these tokens and accounts are on the suppression list. Costs one look where an app has no list. */
import { mongo } from 'mongoose';
import type { Suppression } from '../models/suppression.js';

type StoredSuppression = Omit<Suppression, '_id'> & { _id: mongo.Binary };

/** Keyed hashes in hex. `keys` are computed only when the app has entries at all. */
export const onSuppressionList = async (
  db: mongo.Db,
  app: string,
  keys: () => Iterable<Uint8Array>,
): Promise<ReadonlySet<string>> => {
  const list = db.collection<StoredSuppression>('suppressions');
  if ((await list.findOne({ app }, { projection: { _id: 1 } })) == null) return new Set();
  const asked = [...keys()].map((key) => new mongo.Binary(key));
  const found = await list.find({ _id: { $in: asked }, app }, { projection: { _id: 1 } }).toArray();
  return new Set(found.map(({ _id }) => _id.toString('hex')));
};
