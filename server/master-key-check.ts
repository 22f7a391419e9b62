/** Refuses a master key that is not the one this database's secrets were sealed with. */
import type { mongo } from 'mongoose';
import type { SecretBox } from '../models/secret-box.js';

const COLLECTION = 'gateway';
const ID = 'master-key';
const CONTEXT = `${COLLECTION}/${ID}`;
const PLAIN = 'pigeonpost';

interface CheckValue {
  _id: string;
  sealed: string;
}

/** The database was made under another master key. */
export class WrongMasterKey extends Error {
  override readonly name = 'WrongMasterKey';
  constructor(database: string) {
    super(
      `The master key does not open the secrets in database ${database}: set PIGEONPOST_MASTER_KEY, or restore ` +
        'master.key in the data folder, to the key this database was first used with',
    );
  }
}

const opens = (secretBox: SecretBox, sealed: string): boolean => {
  try {
    return secretBox.open(sealed, CONTEXT).toString() === PLAIN;
  } catch {
    return false;
  }
};

/** The first gateway leaves a sealed value, every later one must open it. Rejects with WrongMasterKey. */
export const checkMasterKey = async (db: mongo.Db, secretBox: SecretBox): Promise<void> => {
  // A value that a failover rolls back would let a second master key in.
  const checks = db.collection<CheckValue>(COLLECTION, { writeConcern: { w: 'majority' } });
  const kept = await checks.findOneAndUpdate(
    { _id: ID },
    { $setOnInsert: { sealed: secretBox.seal(PLAIN, CONTEXT) } },
    { upsert: true, returnDocument: 'after' },
  );
  if (kept == null || !opens(secretBox, kept.sealed)) throw new WrongMasterKey(db.databaseName);
};
