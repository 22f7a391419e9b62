/** A private MongoDB for a gateway that was given none: found or fetched, started, and never left behind. */
import { userCacheDir } from '../config.js';
import {
  type DataFolder,
  openDataFolder,
  readDataVersion,
  writeDataVersion,
} from './data-folder.js';
import { findMongod } from './find-mongod.js';
import { lockFolder } from './folder-lock.js';
import type { Log } from './log.js';
import { requirePlatform } from './platform.js';
import { writePort } from './port-file.js';
import { type RunningMongod, runMongod } from './run-mongod.js';

export { EmbeddedMongoError, type EmbeddedMongoErrorCode } from './errors.js';

const DEFAULT_CACHE_GB = 0.5;

export interface EmbeddedMongoOptions {
  /** Holds `mongo/`, `mongod.log` and the lock; made when it is missing. */
  dataDir: string;
  /** A free one when absent. */
  port?: number;
  /** WiredTiger's cache; 0.25 is the least mongod takes. */
  cacheSizeGb?: number;
  /** Where downloaded binaries are kept. */
  cacheDir?: string;
  log: Log;
}

export interface EmbeddedMongo {
  /** Names the database `pigeonpost` and the replica set. */
  readonly uri: string;
  /** The same for processes of this user, by a Unix socket where there is one: less work for both ends. */
  readonly nearUri: string;
  /** Resolves, with the exit code, when mongod has ended, whether it was asked to or not. */
  readonly ended: Promise<number | null>;
  /** Shuts down cleanly, within seconds. */
  stop(): Promise<void>;
}

const start = async (
  folder: DataFolder,
  options: EmbeddedMongoOptions & { awaitPredecessor: boolean },
): Promise<RunningMongod> => {
  const { cacheDir = userCacheDir(), cacheSizeGb = DEFAULT_CACHE_GB, log } = options;
  const dataVersion = await readDataVersion(folder);
  const mongod = await findMongod({ cacheDir, dataVersion, log });
  const running = await runMongod({ ...options, mongod, folder, cacheSizeGb });
  await writeDataVersion(folder, mongod.version);
  await writePort(folder, running.port);
  log.info(`MongoDB ${mongod.version} runs on port ${running.port}, data in ${folder.mongoPath}`);
  return running;
};

/** Rejects with EmbeddedMongoError, whose `code` tells what is in the way. */
export const startEmbeddedMongo = async (options: EmbeddedMongoOptions): Promise<EmbeddedMongo> => {
  requirePlatform(process.platform);
  const folder = await openDataFolder(options.dataDir);
  const lock = await lockFolder(folder.path);
  try {
    const running = await start(folder, { ...options, awaitPredecessor: lock.takenOver });
    let asked = false;
    void running.ended.then((exitCode) => {
      if (!asked) options.log.warn('MongoDB has ended by itself', { exitCode, ...folder });
    });
    return {
      uri: running.uri,
      nearUri: running.socketUri ?? running.uri,
      ended: running.ended,
      async stop() {
        asked = true;
        await running.stop().finally(() => lock.release());
      },
    };
  } catch (error) {
    await lock.release();
    throw error;
  }
};
