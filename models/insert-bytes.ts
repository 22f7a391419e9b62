/** Inserts documents that are BSON already: hot path. */
import { type ClientSession, mongo } from 'mongoose';
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

/** Whether documents go the short way; a test says when another driver has closed it. */
export const hasSequences = Sequence !== undefined;

export interface BytesToInsert {
  readonly count: number;
  /** One document after the other. */
  readonly bytes: Uint8Array;
  /** When one is refused, those behind it are inserted all the same; not in a transaction. */
  readonly unordered?: true;
  readonly session?: ClientSession;
}

/** Why the server has refused a document, and which. */
export interface Refusal {
  readonly index: number;
  readonly code: number;
  readonly errmsg: string;
}

interface InsertReply {
  readonly writeErrors?: readonly Refusal[];
  readonly writeConcernError?: { readonly code: number; readonly errmsg: string };
}

/** The long way: decoded, for the driver to encode them again. */
export const documentsOf = ({ count, bytes }: BytesToInsert): mongo.Document[] => {
  const documents: mongo.Document[] = [];
  mongo.BSON.deserializeStream(bytes, 0, count, documents, 0, {});
  return documents;
};

const sequenceOf = (Documents: DocumentSequences, { count, bytes }: BytesToInsert) => {
  const documents = new Documents('documents');
  documents.push({ count }, bytes);
  return documents;
};

/** Says which of them were refused. */
export const insertBytes = async (
  db: mongo.Db,
  name: string,
  given: BytesToInsert,
): Promise<readonly Refusal[]> => {
  const { unordered, session } = given;
  const documents = Sequence === undefined ? documentsOf(given) : sequenceOf(Sequence, given);
  // A command does not get the write concern of the connection; in a transaction it is the commit that has one.
  const writeConcern = session == null ? { writeConcern: { w: 'majority' } } : {};
  const { writeErrors, writeConcernError } = (await db.command(
    { insert: name, documents, ordered: unordered !== true, ...writeConcern },
    session == null ? {} : { session },
  )) as InsertReply;
  if (writeConcernError != null) {
    throw new mongo.MongoServerError({ message: writeConcernError.errmsg, ...writeConcernError });
  }
  return writeErrors ?? [];
};
