/** Runs writes that belong together: all of them, or none. */
import { type ClientSession, type Connection, mongo } from 'mongoose';

/** A request whose client goes away in the middle has the code, too, but no call of the system. */
const isSocketError = (error: Error): boolean =>
  'code' in error &&
  (error.code === 'EPIPE' || (error.code === 'ECONNRESET' && 'syscall' in error));

/**
 * What kind of error it is. The driver hides it when a bulk write fails on its way, in the error that it wraps, and when a
 * connection breaks while a large command is written: then it lets the error of the socket through.
 */
export const unwrapped = (error: unknown): unknown => {
  const inner: unknown = error instanceof mongo.MongoBulkWriteError ? error.errorResponse : error;
  if (inner instanceof mongo.MongoError) return inner;
  return inner instanceof Error && isSocketError(inner)
    ? new mongo.MongoNetworkError(inner.message, { cause: inner })
    : error;
};

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
