/** Runs one mongod on a data folder, as a replica set of one, until it is stopped. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Mongod } from './binary-cache.js';
import type { DataFolder } from './data-folder.js';
import { EmbeddedMongoError } from './errors.js';
import type { Log } from './log.js';
import { keepLogSmall, putLogAside } from './log-rotation.js';
import { freePort, isListening, LOOPBACK } from './port.js';
import { REPLICA_SET, startReplicaSet } from './replica-set.js';
import { prepareSockets, socketArguments, socketUri } from './socket.js';
import { logBytes, portTaken, startFailure } from './start-failure.js';
import { type SupervisedProcess, superviseProcess } from './supervised-process.js';

const START_TIMEOUT_MS = 60_000;
const POLL_MS = 25;
const TRY_AGAIN_MS = 200;
/** The supervisor's grace for the mongod of a gateway that was killed, and a little more. */
const PREDECESSOR_GONE_MS = 20_000;
const PORT_ATTEMPTS = 3;
/** The least that mongod chooses by itself; its own choice grows with the disk, to 50 GB. */
const OPLOG_MB = 990;

export interface RunMongodOptions {
  mongod: Mongod;
  folder: DataFolder;
  port?: number;
  cacheSizeGb: number;
  log: Log;
  /** The mongod of a gateway that was killed a moment ago may still be closing. */
  awaitPredecessor: boolean;
}

export interface RunningMongod {
  port: number;
  uri: string;
  /** By its Unix socket, where it has one. */
  socketUri?: string;
  ended: Promise<number | null>;
  stop(): Promise<void>;
}

const argumentsFor = ({ folder, cacheSizeGb }: RunMongodOptions, port: number): string[] => [
  ...['--dbpath', folder.mongoPath, '--replSet', REPLICA_SET, '--oplogSize', String(OPLOG_MB)],
  ...['--bind_ip', LOOPBACK, '--port', String(port), ...socketArguments(folder)],
  ...['--wiredTigerCacheSizeGB', String(cacheSizeGb)],
  ...['--logpath', folder.logPath, '--logappend', '--logRotate', 'reopen', '--quiet'],
  // One node has nobody to hand over to, so nothing is gained by waiting before it goes.
  ...['--setParameter', 'shutdownTimeoutMillisForSignaledShutdown=100'],
  // Costs a wake-up a second and megabytes of files, for MongoDB's support only.
  ...['--setParameter', 'diagnosticDataCollectionEnabled=false'],
];

/** Resolves when something listens; rejects when it takes too long. Never resolves once `signal` is aborted. */
const untilListening = async (port: number, signal: AbortSignal): Promise<void> => {
  const deadline = performance.now() + START_TIMEOUT_MS;
  while (!(await isListening(port))) {
    if (performance.now() > deadline) throw new Error('MongoDB does not listen');
    await pause(POLL_MS, undefined, { signal });
  }
};

/** Resolves when it takes writes; rejects when it does not, or has ended before. */
const untilWritable = async (
  child: SupervisedProcess,
  port: number,
  mongoPath: string,
): Promise<void> => {
  const given = new AbortController();
  const ended = child.ended.then(() => Promise.reject(new Error('MongoDB has ended')));
  const ready = untilListening(port, given.signal).then(() =>
    startReplicaSet(port, mongoPath, START_TIMEOUT_MS),
  );
  try {
    await Promise.race([ready, ended]);
  } finally {
    given.abort();
    // Whichever came second has nobody to tell.
    ready.catch(() => {});
    ended.catch(() => {});
  }
};

/** Names the database and the replica set. */
export const mongodUri = (port: number): string =>
  `mongodb://${LOOPBACK}:${port}/pigeonpost?replicaSet=${REPLICA_SET}`;

const startOnce = async (options: RunMongodOptions, port: number): Promise<RunningMongod> => {
  const { folder, log, mongod } = options;
  if (await isListening(port)) throw portTaken(port);
  await putLogAside(folder.logPath);
  await prepareSockets(folder);
  const logStartBytes = await logBytes(folder.logPath);
  const args = argumentsFor(options, port);
  const child = await superviseProcess(mongod.command, args, folder.logPath);
  try {
    await untilWritable(child, port, folder.mongoPath);
  } catch (cause) {
    await child.stop();
    const exitCode = await child.ended;
    const failed = { exitCode, port, logStartBytes, mongodVersion: mongod.version, ...folder };
    throw await startFailure(failed, cause);
  }
  const endRotation = keepLogSmall(folder.logPath, port, (error) => {
    log.warn('The log of MongoDB could not be rotated', { error });
  });
  const bySocket = await socketUri(folder, port);
  return {
    port,
    uri: mongodUri(port),
    ...(bySocket == null ? {} : { socketUri: bySocket }),
    ended: child.ended.finally(endRotation),
    stop: () => child.stop(),
  };
};

/** Rejects with EmbeddedMongoError. */
export const runMongod = async (options: RunMongodOptions): Promise<RunningMongod> => {
  const predecessorGoneAt =
    performance.now() + (options.awaitPredecessor ? PREDECESSOR_GONE_MS : 0);
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await startOnce(options, options.port ?? (await freePort()));
    } catch (error) {
      const code = error instanceof EmbeddedMongoError ? error.code : null;
      const otherPort = code === 'PORT_TAKEN' && options.port == null && attempt < PORT_ATTEMPTS;
      const held = code === 'DATA_IN_USE' || code === 'PORT_TAKEN';
      if (!otherPort && !(held && performance.now() < predecessorGoneAt)) throw error;
      await pause(TRY_AGAIN_MS);
    }
  }
};
