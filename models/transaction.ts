/** Runs writes that belong together: all of them, or none. */
import { type ClientSession, type Connection, mongo } from 'mongoose';

/** What the driver hides when a bulk write fails on its way: the error that it wraps, which alone says what kind it is. */
export const unwrapped = (error: unknown): unknown =>
  error instanceof mongo.MongoBulkWriteError &&
  (error.errorResponse as unknown) instanceof mongo.MongoError
    ? error.errorResponse
    : error;

/** A bulk write that lost its connection is not labelled as what it is, and would not be repeated. */
const labelled = (error: unknown): unknown => {
  const cause = unwrapped(error);
  // https://github.com/mongodb/specifications/blob/master/source/transactions/transactions.md#transienttransactionerror
  if (cause instanceof mongo.MongoNetworkError) cause.addErrorLabel('TransientTransactionError');
  return cause;
};

/**
 * `work` may run more than once: transient conflicts are repeated by the driver, an unknown commit result is asked about
 * again. Snapshot reads, majority-acknowledged writes.
 */
export const inTransaction = async <T>(
  connection: Connection,
  work: (session: ClientSession) => Promise<T>,
): Promise<T> => {
  const session = await connection.startSession();
  const labelledWork = async (own: ClientSession): Promise<T> => {
    try {
      return await work(own);
    } catch (error) {
      throw labelled(error);
    }
  };
  try {
    return await session.withTransaction(labelledWork, {
      readConcern: { level: 'snapshot' },
      writeConcern: { w: 'majority' },
    });
  } finally {
    await session.endSession();
  }
};
