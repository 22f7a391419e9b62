/** Which of these tokens and accounts are on the suppression list. Costs one look for a few, or where an app has no list. */
import type { mongo } from 'mongoose';
import { isSuppressed } from '../models/suppression.js';
import type { Reads } from './reads.js';

/** So few are looked up without asking first whether the app has any entry. */
const FEW_KEYS = 64;

export interface AskedKeys {
  /** At most so many. */
  readonly count: number;
  readonly compute: () => Iterable<Uint8Array>;
  /** What is to be sent, and when, in milliseconds since 1970: an entry may be about another purpose, or over. */
  readonly purpose: string;
  readonly nowMs: number;
}

/** Whether anybody is on the suppression list of the app. */
export const hasList = async (db: mongo.Db, app: string): Promise<boolean> =>
  (await db.collection('suppressions').findOne({ app }, { projection: { _id: 1 } })) != null;

/** Keyed hashes in hex. Many keys are computed only when the app has entries at all. */
export const onSuppressionList = async (
  { db, reads }: { readonly db: mongo.Db; readonly reads: Reads },
  app: string,
  { count, compute, purpose, nowMs }: AskedKeys,
): Promise<ReadonlySet<string>> => {
  if (count === 0) return new Set();
  if (count > FEW_KEYS && !(await hasList(db, app))) return new Set();
  const found = await reads.suppressions([...compute()]);
  const own = found.filter((entry) => entry.app === app && isSuppressed(entry, purpose, nowMs));
  return new Set(own.map(({ _id }) => _id.toString('hex')));
};
