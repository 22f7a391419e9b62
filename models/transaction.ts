/** Runs writes that belong together: all of them, or none. */
import type { ClientSession, Connection } from 'mongoose';

/**
 * `work` may run more than once: transient conflicts are repeated by the driver, an unknown commit result is asked about
 * again. Snapshot reads, majority-acknowledged writes.
 */
export const inTransaction = async <T>(
  connection: Connection,
  work: (session: ClientSession) => Promise<T>,
): Promise<T> => {
  const session = await connection.startSession();
  try {
    return await session.withTransaction(work, {
      readConcern: { level: 'snapshot' },
      writeConcern: { w: 'majority' },
    });
  } finally {
    await session.endSession();
  }
};
