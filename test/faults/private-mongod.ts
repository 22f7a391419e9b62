/** A mongod for the rows alone: commands fail on demand, and it can be killed and started again on the same data. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { mongo } from 'mongoose';
import { userCacheDir } from '../../server/config.js';
import { findMongod } from '../../server/embedded-mongo/find-mongod.js';
import { freePort, LOOPBACK } from '../../server/embedded-mongo/port.js';
import { REPLICA_SET, startReplicaSet } from '../../server/embedded-mongo/replica-set.js';
import { createMongodNode, type MongodNode } from './mongod-node.js';

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
  readonly node: MongodNode;
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

export interface PrivateMongodOptions {
  /** What mongod is run with: its own path at the end. */
  readonly wrap?: (mongod: string) => readonly [string, ...string[]];
  /** Its data, when it is not to be a new folder. */
  readonly dataDir?: string;
  readonly more?: readonly string[];
}

export const startPrivateMongod = async ({
  wrap = (mongod) => [mongod],
  dataDir,
  more = [],
}: PrivateMongodOptions = {}): Promise<PrivateMongod> => {
  const log = { info: () => {}, warn: () => {} };
  const { command } = await findMongod({ cacheDir: userCacheDir(), log });
  const folder = await mkdtemp(join(tmpdir(), 'pigeonpost-faults-'));
  const port = await freePort();
  const data = dataDir ?? folder;
  const node = createMongodNode({
    command: wrap(command),
    dataDir: data,
    logPath: join(folder, 'log'),
    port,
    more,
  });

  const start = async (): Promise<void> => {
    await node.start();
    await startReplicaSet(port, data, START_WITHIN_MS);
  };
  await start();
  const { client } = node;
  const admin = client.db('admin');
  /** There is one such fail point in a mongod, and rows run side by side. */
  let turn: Promise<unknown> = Promise.resolve();
  const healers = new Map<string, () => void>();

  return {
    client,
    start,
    port,
    node,
    uriFor: (row, proxy) =>
      `mongodb://${LOOPBACK}:${proxy ?? port}/${row}?appName=${row}&` +
      // By the name of its set a gateway would learn of the real port.
      (proxy == null ? `replicaSet=${REPLICA_SET}` : 'directConnection=true'),
    kill: () => node.kill(),
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
      await node.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
};
