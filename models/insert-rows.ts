/** Inserts delivery rows that are BSON already: hot path. */
import { type ClientSession, mongo } from 'mongoose';
import type { Delivery } from './delivery.js';
import { deliveryBytes } from './delivery-bytes.js';
import { insertBytes } from './insert-bytes.js';

/** Rejects with the first error of a row, as `insertMany` does. */
export const insertDeliveries = async (
  db: mongo.Db,
  name: string,
  rows: readonly Delivery[],
  session: ClientSession,
): Promise<void> => {
  if (rows.length === 0) return;
  const bytes = deliveryBytes(rows);
  const [first] = await insertBytes(db, name, { count: rows.length, bytes, session });
  if (first !== undefined) throw new mongo.MongoServerError({ message: first.errmsg, ...first });
};
