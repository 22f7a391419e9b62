/** Refuses a MongoDB that has no transactions or change streams. */
import type { mongo } from 'mongoose';

const OLDEST_MAJOR = 6;

/** The message says what was found and what is needed. */
export class UnfitMongo extends Error {
  override readonly name = 'UnfitMongo';
}

/** What `hello` and `buildInfo` answered, as far as it matters. */
export interface ServerFacts {
  /** Of the replica set; a standalone server has none. */
  setName?: string;
  /** `isdbgrid` for the router of a sharded cluster, whose shards are replica sets. */
  msg?: string;
  version: string;
}

/** Why the server will not do; null when it will. */
export const unfitBecause = ({ setName, msg, version }: ServerFacts): string | null => {
  if (Number(version.split('.')[0]) < OLDEST_MAJOR) {
    return `MONGODB_URI leads to MongoDB ${version}, and 6.0 or newer is needed`;
  }
  if (setName == null && msg !== 'isdbgrid') {
    return (
      'MONGODB_URI leads to a standalone server, and a replica set is needed (one node is enough): start mongod with ' +
      '--replSet and run rs.initiate()'
    );
  }
  return null;
};

/** Rejects with UnfitMongo. */
export const requireReplicaSet = async (db: mongo.Db): Promise<void> => {
  const hello = (await db.command({ hello: 1 })) as Omit<ServerFacts, 'version'>;
  const build = (await db.command({ buildInfo: 1 })) as Pick<ServerFacts, 'version'>;
  const reason = unfitBecause({ ...hello, ...build });
  if (reason != null) throw new UnfitMongo(reason);
};
