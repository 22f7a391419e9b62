/** A replica set of three nodes on loopback, whose primary can be killed or made to step down. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mongo } from 'mongoose';
import { userCacheDir } from '../../server/config.js';
import { findMongod } from '../../server/embedded-mongo/find-mongod.js';
import { isAlive } from '../../server/embedded-mongo/is-alive.js';
import { freePort, LOOPBACK } from '../../server/embedded-mongo/port.js';
import { REPLICA_SET } from '../../server/embedded-mongo/replica-set.js';
import { until } from '../support/until.js';
import { createMongodNode, type MongodNode } from './mongod-node.js';
import type { RowMongod } from './stage.js';

const NODES = 3;
const PRIMARY_WITHIN_MS = 60_000;
/** The others elect a new primary when they have not heard of the old one for so long. */
const ELECTION_AFTER_MS = 1_500;
/** It does not stand for election again before. */
const STEP_DOWN_SECONDS = 5;

export interface ThreeNodes extends RowMongod {
  readonly nodes: readonly MongodNode[];
  /** Waits until there is one. */
  primary(): Promise<MongodNode>;
  stepDown(): Promise<void>;
  close(): Promise<void>;
}

const isPrimary = async ({ client }: MongodNode): Promise<boolean> => {
  const hello = await client
    .db('admin')
    .command({ hello: 1 })
    .catch(() => null);
  return hello?.['isWritablePrimary'] === true;
};

export const startThreeNodes = async (): Promise<ThreeNodes> => {
  const log = { info: () => {}, warn: () => {} };
  const { command } = await findMongod({ cacheDir: userCacheDir(), log });
  const folder = await mkdtemp(join(tmpdir(), 'pigeonpost-three-nodes-'));
  const nodes: MongodNode[] = [];
  for (let nth = 0; nth < NODES; nth += 1) {
    const dataDir = join(folder, String(nth));
    await mkdir(dataDir);
    const port = await freePort();
    const logPath = join(folder, `${nth}.log`);
    const node = createMongodNode({ command: [command], dataDir, logPath, port });
    // One after the other: a port is free until somebody listens on it.
    await node.start();
    nodes.push(node);
  }
  const hosts = nodes.map(({ port }) => `${LOOPBACK}:${port}`);
  await nodes[0]?.client.db('admin').command({
    replSetInitiate: {
      _id: REPLICA_SET,
      members: hosts.map((host, _id) => ({ _id, host })),
      settings: { electionTimeoutMillis: ELECTION_AFTER_MS, heartbeatIntervalMillis: 300 },
    },
  });
  const uriFor = (row: string): string =>
    `mongodb://${hosts.join(',')}/${row}?appName=${row}&replicaSet=${REPLICA_SET}`;
  const client = new mongo.MongoClient(uriFor('admin'), { writeConcern: { w: 'majority' } });

  const primary = async (): Promise<MongodNode> => {
    let found: MongodNode | undefined;
    await until(
      'there is a primary',
      async () => {
        const answers = await Promise.all(nodes.map(isPrimary));
        found = nodes[answers.indexOf(true)];
        return found != null;
      },
      { withinMs: PRIMARY_WITHIN_MS },
    );
    return found as MongodNode;
  };
  await primary();

  return {
    client,
    nodes,
    uriFor,
    primary,
    async stepDown() {
      const { client: direct } = await primary();
      const command = { replSetStepDown: STEP_DOWN_SECONDS, force: true };
      await direct.db('admin').command(command);
    },
    async close() {
      await client.close();
      // Nobody needs their data: to go in good order, they would wait for each other.
      for (const node of nodes) if (node.pid != null && isAlive(node.pid)) await node.kill();
      await Promise.all(nodes.map((node) => node.close()));
      await rm(folder, { recursive: true, force: true });
    },
  };
};
