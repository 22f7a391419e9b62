/** Which of these tokens and accounts are on the suppression list. Costs one look for a few, or where an app has no list. */
import { mongo } from 'mongoose';
import type { Suppression } from '../models/suppression.js';

type StoredSuppression = Omit<Suppression, '_id'> & { _id: mongo.Binary };

/** So few are looked up without asking first whether the app has any entry. */
const FEW_KEYS = 64;

export interface AskedKeys {
  /** At most so many. */
  readonly count: number;
  readonly compute: () => Iterable<Uint8Array>;
}

/** Keyed hashes in hex. Many keys are computed only when the app has entries at all. */
export const onSuppressionList = async (
  db: mongo.Db,
  app: string,
  { count, compute }: AskedKeys,
): Promise<ReadonlySet<string>> => {
  const list = db.collection<StoredSuppression>('suppressions');
  if (count === 0) return new Set();
  if (count > FEW_KEYS) {
    const any = await list.findOne({ app }, { projection: { _id: 1 } });
    if (any == null) return new Set();
  }
  const asked = [...compute()].map((key) => new mongo.Binary(key));
  const found = await list.find({ _id: { $in: asked }, app }, { projection: { _id: 1 } }).toArray();
  return new Set(found.map(({ _id }) => _id.toString('hex')));
};
