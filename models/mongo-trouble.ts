/** Tells trouble of the database, which passes, from what it refuses and mistakes of ours, which do not. */
import { MongooseError, mongo } from 'mongoose';
import { unwrapped } from './transaction.js';

// https://github.com/mongodb/specifications/blob/master/source/server-discovery-and-monitoring/server-discovery-and-monitoring.md#not-writable-primary-and-node-is-recovering
const NOT_NOW_CODES = new Set<number | string | undefined>([
  64, // WriteConcernFailed
  91, // ShutdownInProgress
  100, // UnsatisfiableWriteConcern
  189, // PrimarySteppedDown
  10107, // NotWritablePrimary
  10058, // LegacyNotPrimary
  11600, // InterruptedAtShutdown
  11602, // InterruptedDueToReplStateChange
  13435, // NotPrimaryNoSecondaryOk
  13436, // NotPrimaryOrSecondary
  14031, // OutOfDiskSpace
]);

const NOT_NOW_LABELS = ['TransientTransactionError', 'UnknownTransactionCommitResult'];

export const isMongoTrouble = (thrown: unknown): boolean => {
  const error = unwrapped(thrown);
  if (
    error instanceof mongo.MongoNetworkError ||
    error instanceof mongo.MongoServerSelectionError ||
    error instanceof mongo.MongoNotConnectedError ||
    error instanceof mongo.MongoTopologyClosedError ||
    error instanceof mongo.MongoClientClosedError ||
    error instanceof mongo.MongoExpiredSessionError ||
    // Whatever the primary has written: nobody can say whether it stays.
    error instanceof mongo.MongoWriteConcernError
  ) {
    return true;
  }
  if (error instanceof mongo.MongoError) {
    return (
      NOT_NOW_CODES.has(error.code) || NOT_NOW_LABELS.some((label) => error.hasErrorLabel(label))
    );
  }
  // Mongoose wraps the selection error, and has its own for operations that waited for a connection in vain.
  return (
    error instanceof MongooseError &&
    (error.name === 'MongooseServerSelectionError' || /buffering timed out/.test(error.message))
  );
};

// https://github.com/mongodb/mongo/blob/master/src/mongo/base/error_codes.yml. Not BadValue (2): it is said, too, of a hint whose
// index is being made.
const REFUSED_CODES = new Set<number | string | undefined>([
  9, // FailedToParse
  15, // Overflow: nested too deeply
  168, // InvalidPipelineOperator
  10334, // BSONObjectTooLarge
]);

/** The same question will be refused for ever. Whatever is not known as such may pass. */
export const isMongoRefusal = (thrown: unknown): boolean => {
  const error = unwrapped(thrown);
  return (
    error instanceof mongo.MongoServerError &&
    REFUSED_CODES.has(error.code) &&
    !isMongoTrouble(error)
  );
};
