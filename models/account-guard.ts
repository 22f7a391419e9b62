/** What two transactions that fill the same account both write, so that one of them sees what the other did. */
import { type Connection, type Model, mongo, Schema } from 'mongoose';

export interface AccountGuard {
  /** `accountKey`. */
  _id: Buffer;
  /** Rises, because a write that changes nothing stands in nobody's way. */
  turn: number;
  at: Date;
}

/** Longer than any transaction; nothing is remembered by it. */
const KEPT_SECONDS = 60 * 60;

export const accountGuardSchema = new Schema<AccountGuard>(
  {
    _id: { type: Buffer, required: true },
    turn: { type: Number, required: true },
    at: { type: Date, required: true },
  },
  { collection: 'account_guards', versionKey: false },
);
accountGuardSchema.index({ at: 1 }, { expireAfterSeconds: KEPT_SECONDS });

export const accountGuardModel = (connection: Connection): Model<AccountGuard> =>
  connection.model<AccountGuard>('AccountGuard', accountGuardSchema);

/** In the transaction that fills the accounts, in an order that all share. */
export const guardAccounts = async (
  db: mongo.Db,
  keys: readonly Buffer[],
  session: mongo.ClientSession,
): Promise<void> => {
  const guards = db.collection<AccountGuard>('account_guards');
  for (const key of keys.toSorted((left, right) => Buffer.compare(left, right))) {
    await guards.updateOne(
      { _id: new mongo.Binary(key) },
      { $inc: { turn: 1 }, $currentDate: { at: true } },
      { upsert: true, session },
    );
  }
};
