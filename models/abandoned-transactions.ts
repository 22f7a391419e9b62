/** Ends transactions whose process died in the middle of them: MongoDB itself keeps their locks for a minute. */
import type { Connection, mongo } from 'mongoose';

/**
 * How many there were: transactions of the same user and `appName` whose next command has been missing for `idleMs`, by
 * mongod's own count. A process that was only slow finds its transaction gone and repeats it. Without an `appName` none is
 * ours for certain. Needs no privilege: https://www.mongodb.com/docs/manual/reference/command/killSessions/
 */
export const endAbandonedTransactions = async (
  connection: Connection,
  idleMs: number,
): Promise<number> => {
  const client = connection.getClient();
  const { appName } = client.options;
  if (appName == null) return 0;
  const admin = client.db('admin');
  const found = await admin
    .aggregate<{ lsid: { id: mongo.UUID } }>([
      { $currentOp: { allUsers: false, idleSessions: true } },
      {
        $match: {
          type: 'idleSession',
          appName,
          'transaction.timeInactiveMicros': { $gte: idleMs * 1_000 },
        },
      },
      { $project: { lsid: 1 } },
    ])
    .toArray();
  if (found.length === 0) return 0;
  await admin.command({ killSessions: found.map(({ lsid }) => ({ id: lsid.id })) });
  return found.length;
};
