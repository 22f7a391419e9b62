/** A real MongoDB for tests: one a mocha run, started when the first test asks, and a database for each test file. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import mongoose, { type Connection } from 'mongoose';
import { type EmbeddedMongo, startEmbeddedMongo } from '../../server/embedded-mongo/index.js';
import { isAlive } from '../../server/embedded-mongo/is-alive.js';

/** The very first run on a machine downloads MongoDB. */
const START_TIMEOUT_MS = 300_000;
const DATA_DIR = /^pigeonpost-test-(\d+)-/;

interface TestMongo {
  mongo: EmbeddedMongo;
  dataDir: string;
}

let running: Promise<TestMongo> | undefined;

/** A run that crashed takes its mongod with it, but leaves hundreds of megabytes of files. */
const removeDataOfCrashedRuns = async (): Promise<void> => {
  for (const name of await readdir(tmpdir())) {
    const pid = DATA_DIR.exec(name)?.[1];
    if (pid == null || isAlive(Number(pid))) continue;
    await rm(join(tmpdir(), name), { recursive: true, force: true });
  }
};

const startTestMongo = async (): Promise<TestMongo> => {
  await removeDataOfCrashedRuns();
  const dataDir = await mkdtemp(join(tmpdir(), `pigeonpost-test-${process.pid}-`));
  const log = { info: () => {}, warn: () => {} };
  return { mongo: await startEmbeddedMongo({ dataDir, cacheSizeGb: 0.25, log }), dataDir };
};

/** The replica set of this mocha run; started now if it does not run yet. */
export const testMongoUri = async (): Promise<string> => {
  running ??= startTestMongo();
  return (await running).mongo.uri;
};

export const stopTestMongo = async (): Promise<void> => {
  if (running == null) return;
  const { mongo, dataDir } = await running;
  await mongo.stop();
  await rm(dataDir, { recursive: true, force: true });
};

export interface TestDatabase {
  readonly connection: Connection;
  /** Names the database: another process that is given it works on the same data. */
  readonly uri: string;
}

/**
 * Call it inside `describe`. Registers hooks that make a database with a name of its own and drop it at the end; the
 * accessor works from the first hook on: `const db = testDatabase(); it('...', () => db().connection ...)`.
 */
export const testDatabase = (): (() => TestDatabase) => {
  let database: TestDatabase | undefined;

  const drop = async (): Promise<void> => {
    await database?.connection.dropDatabase();
    await database?.connection.close();
  };

  before('open a database', async function () {
    this.timeout(START_TIMEOUT_MS);
    const name = `test_${randomBytes(6).toString('hex')}`;
    const uri = (await testMongoUri()).replace('/pigeonpost?', `/${name}?`);
    database = {
      uri,
      connection: await mongoose.createConnection(uri, { monitorCommands: true }).asPromise(),
    };
    // Only now, behind the hooks of the describe: what those stop still works with the database.
    this.test?.parent?.afterAll('drop the database', drop);
  });

  return () => {
    if (database == null)
      throw new Error('The database opens in a `before` hook; ask for it in tests and later hooks');
    return database;
  };
};
