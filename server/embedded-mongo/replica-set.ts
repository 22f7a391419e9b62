/** Makes a replica set of one node out of a mongod that has just begun to listen. */
import { setTimeout as pause } from 'node:timers/promises';
import { mongo } from 'mongoose';

export const REPLICA_SET = 'pigeonpost';
const NOT_YET_INITIALIZED = 94;
const POLL_MS = 25;

interface ReplicaSetConfig {
  version: number;
  members: { _id: number; host: string }[];
}

const readConfig = async (admin: mongo.Admin): Promise<ReplicaSetConfig | null> => {
  try {
    const reply = await admin.command({ replSetGetConfig: 1 });
    return reply.config as ReplicaSetConfig;
  } catch (error) {
    if (error instanceof mongo.MongoServerError && error.code === NOT_YET_INITIALIZED) return null;
    throw error;
  }
};

/** A set remembers the port it was made on; on another port it would not find itself in its own configuration. */
const configure = async (admin: mongo.Admin, host: string): Promise<void> => {
  const config = await readConfig(admin);
  const members = [{ _id: 0, host }];
  if (config == null) {
    await admin.command({ replSetInitiate: { _id: REPLICA_SET, members } });
  } else if (config.members[0]?.host !== host) {
    const changed = {
      ...config,
      version: config.version + 1,
      members: [{ ...config.members[0], host }],
    };
    await admin.command({ replSetReconfig: changed, force: true });
  }
};

/** Another mongod may have taken the port in the instant since it was chosen: never configure a stranger. */
export const requireOwn = async (admin: mongo.Admin, mongoPath: string): Promise<void> => {
  const options = (await admin.command({ getCmdLineOpts: 1 })) as {
    parsed?: { storage?: { dbPath?: string } };
  };
  if (options.parsed?.storage?.dbPath !== mongoPath) throw new Error('Another mongod has the port');
};

/** Idempotent. Resolves when the node takes writes; rejects when it does not within `timeoutMs`. */
export const startReplicaSet = async (
  port: number,
  mongoPath: string,
  timeoutMs: number,
): Promise<void> => {
  const host = `127.0.0.1:${port}`;
  const deadline = performance.now() + timeoutMs;
  const client = new mongo.MongoClient(`mongodb://${host}/`, {
    directConnection: true,
    serverSelectionTimeoutMS: timeoutMs,
  });
  try {
    const admin = client.db('admin').admin();
    await requireOwn(admin, mongoPath);
    await configure(admin, host);
    while ((await admin.command({ hello: 1 })).isWritablePrimary !== true) {
      if (performance.now() > deadline) throw new Error('The replica set has no primary');
      await pause(POLL_MS);
    }
  } finally {
    await client.close();
  }
};
