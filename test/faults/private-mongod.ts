/** A mongod for the rows alone: commands fail on demand, and it can be killed and started again on the same data. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mongo } from 'mongoose';
import { userCacheDir } from '../../server/config.js';
import { findMongod } from '../../server/embedded-mongo/find-mongod.js';
import { freePort, isListening, LOOPBACK } from '../../server/embedded-mongo/port.js';
import { REPLICA_SET, startReplicaSet } from '../../server/embedded-mongo/replica-set.js';
import {
  type SupervisedProcess,
  superviseProcess,
} from '../../server/embedded-mongo/supervised-process.js';
import { until } from '../support/until.js';

const START_WITHIN_MS = 60_000;

/** https://github.com/mongodb/mongo/wiki/The-failCommand-Fail-Point */
export interface CommandFailure {
  readonly failCommands: readonly string[];
  /** Before the command is run. */
  readonly closeConnection?: boolean;
  readonly errorCode?: number;
  readonly errorLabels?: readonly string[];
  /** After the command was run. */
  readonly writeConcernError?: { code: number; errmsg: string };
}

export interface PrivateMongod {
  readonly client: mongo.MongoClient;
  readonly port: number;
  /** Of the process; another one after each start. */
  pid(): number;
  /** `row` names the database, and whose commands are to fail. `proxy`: a port that leads to this mongod. */
  uriFor(row: string, proxy?: number): string;
  /** Resolves when it has gone. */
  kill(): Promise<void>;
  /** On the same data and port. */
  start(): Promise<void>;
  /** Waits for its turn to let commands fail: others wait until `row` is healed. */
  takeTurn(row: string): Promise<void>;
  /** The next `times` of these commands of `row` fail. */
  fail(row: string, failure: CommandFailure & { times: number }): Promise<void>;
  heal(row: string): Promise<void>;
  close(): Promise<void>;
}

const argumentsFor = (dbPath: string, port: number): string[] => [
  ...['--dbpath', dbPath, '--replSet', REPLICA_SET, '--oplogSize', '990'],
  ...['--bind_ip', LOOPBACK, '--port', String(port), '--nounixsocket', '--quiet'],
  ...['--wiredTigerCacheSizeGB', '0.25'],
  ...['--setParameter', 'enableTestCommands=1'],
  ...['--setParameter', 'shutdownTimeoutMillisForSignaledShutdown=100'],
  ...['--setParameter', 'diagnosticDataCollectionEnabled=false'],
];

export const startPrivateMongod = async (): Promise<PrivateMongod> => {
  const log = { info: () => {}, warn: () => {} };
  const { command } = await findMongod({ cacheDir: userCacheDir(), log });
  const dataDir = await mkdtemp(join(tmpdir(), 'pigeonpost-faults-'));
  const port = await freePort();
  const client = new mongo.MongoClient(`mongodb://${LOOPBACK}:${port}/?directConnection=true`);
  const admin = client.db('admin');
  let process_: SupervisedProcess;
  let pid = 0;

  const start = async (): Promise<void> => {
    process_ = await superviseProcess(command, argumentsFor(dataDir, port), join(dataDir, 'log'));
    await until('mongod listens', () => isListening(port), { withinMs: START_WITHIN_MS });
    await startReplicaSet(port, dataDir, START_WITHIN_MS);
    const status = await admin.command({ serverStatus: 1 });
    pid = Number(status['pid']);
  };
  await start();
  /** There is one such fail point in a mongod, and rows run side by side. */
  let turn: Promise<unknown> = Promise.resolve();
  const healers = new Map<string, () => void>();

  return {
    client,
    start,
    port,
    uriFor: (row, proxy) =>
      `mongodb://${LOOPBACK}:${proxy ?? port}/${row}?appName=${row}&` +
      // By the name of its set a gateway would learn of the real port.
      (proxy == null ? `replicaSet=${REPLICA_SET}` : 'directConnection=true'),
    pid: () => pid,
    async kill() {
      process.kill(pid, 'SIGKILL');
      await process_.ended;
    },
    async takeTurn(row) {
      const before = turn;
      turn = new Promise<void>((resolve) => healers.set(row, resolve));
      await before;
    },
    async fail(row, { times, ...data }) {
      await admin.command({
        configureFailPoint: 'failCommand',
        mode: { times },
        data: { ...data, appName: row },
      });
    },
    async heal(row) {
      const healed = healers.get(row);
      if (healed == null) return;
      healers.delete(row);
      await admin.command({ configureFailPoint: 'failCommand', mode: 'off' });
      healed();
    },
    async close() {
      await client.close();
      await process_.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
};
