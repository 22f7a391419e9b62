/** Inserts delivery rows that are BSON already: hot path. */
import { type ClientSession, mongo } from 'mongoose';
import { type Delivery, deliveries } from './delivery.js';
import { deliveryBytes } from './delivery-bytes.js';
import { ofDriver } from './driver-part.js';

/** A section of kind 1 of OP_MSG: documents beside a command, https://www.mongodb.com/docs/manual/reference/mongodb-wire-protocol/ */
interface DocumentSequence {
  push(document: object, bytes: Uint8Array): number;
}
type DocumentSequences = new (field: string) => DocumentSequence;

/** The driver has no public way to send documents that are BSON already. Undefined where Mongoose's has none at all. */
const Sequence = ofDriver<{ DocumentSequence?: DocumentSequences }>(
  'lib/cmap/commands.js',
)?.DocumentSequence;

/** Whether rows go the short way; a test says when another driver has closed it. */
export const hasSequences = Sequence !== undefined;

interface InsertReply {
  readonly writeErrors?: readonly { readonly code: number; readonly errmsg: string }[];
}

/** Rejects with the first error of a row, as `insertMany` does. */
export const insertDeliveries = async (
  db: mongo.Db,
  name: string,
  rows: readonly Delivery[],
  session: ClientSession,
): Promise<void> => {
  if (rows.length === 0) return;
  if (Sequence === undefined) {
    await deliveries(db, name).insertMany([...rows], { session });
    return;
  }
  const documents = new Sequence('documents');
  documents.push({ rows: rows.length }, deliveryBytes(rows));
  const { writeErrors } = (await db.command(
    { insert: name, documents },
    { session },
  )) as InsertReply;
  const [first] = writeErrors ?? [];
  if (first !== undefined) throw new mongo.MongoServerError({ message: first.errmsg, ...first });
};
