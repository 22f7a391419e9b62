import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { expect } from 'chai';
import mongoose, { type Connection } from 'mongoose';
import { temporaryFolders } from '../../test/support/temporary-folder.js';
import { until } from '../../test/support/until.js';
import { type EmbeddedMongo, type EmbeddedMongoOptions, startEmbeddedMongo } from './index.js';
import { isAlive } from './is-alive.js';
import { rotateLog } from './log-rotation.js';

const QUIET = { info: () => {}, warn: () => {} };
/** The very first start on a machine downloads MongoDB. */
const START_TIMEOUT_MS = 300_000;

describe('startEmbeddedMongo', function () {
  this.timeout(START_TIMEOUT_MS);
  const folder = temporaryFolders();
  const running: EmbeddedMongo[] = [];

  const start = async (options: Partial<EmbeddedMongoOptions> = {}): Promise<EmbeddedMongo> => {
    const dataDir = options.dataDir ?? (await folder());
    const mongo = await startEmbeddedMongo({ cacheSizeGb: 0.25, log: QUIET, ...options, dataDir });
    running.push(mongo);
    return mongo;
  };

  afterEach(async () => {
    for (const mongo of running.splice(0)) await mongo.stop();
  });

  const failure = async (
    options: Partial<EmbeddedMongoOptions>,
  ): Promise<Error & { code?: string }> =>
    start(options).then(
      () => expect.fail('started'),
      (error: Error) => error,
    );

  const withConnection = async <T>(
    uri: string,
    use: (connection: Connection) => Promise<T>,
  ): Promise<T> => {
    const connection = await mongoose.createConnection(uri).asPromise();
    try {
      return await use(connection);
    } finally {
      await connection.close();
    }
  };

  const write = (uri: string): Promise<unknown> =>
    withConnection(uri, (connection) => connection.collection('notes').insertOne({ text: 'kept' }));
  const texts = (uri: string): Promise<unknown[]> =>
    withConnection(uri, (connection) => connection.collection('notes').distinct('text'));

  const mongodPid = async (dataDir: string): Promise<number> =>
    Number.parseInt(await readFile(join(dataDir, 'mongo', 'mongod.lock'), 'utf8'), 10);

  /** A gateway's process, as far as its MongoDB goes. */
  const startElsewhere = async (
    dataDir: string,
  ): Promise<{ gateway: ChildProcess; uri: string }> => {
    const module = new URL('./index.ts', import.meta.url).href;
    const program = `
      const { startEmbeddedMongo } = await import(${JSON.stringify(module)});
      const log = { info() {}, warn() {} };
      const options = { dataDir: ${JSON.stringify(dataDir)}, cacheSizeGb: 0.25, log };
      const { uri } = await startEmbeddedMongo(options);
      process.stdout.write(uri);
      setInterval(() => {}, 1000);`;
    const args = ['--import', 'tsx', '--input-type=module', '-e', program];
    const gateway = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const [uri] = (await once(gateway.stdout, 'data')) as [Buffer];
    return { gateway, uri: uri.toString() };
  };

  it('gives a replica set with transactions and change streams, on loopback only', async () => {
    const { uri } = await start();
    expect(uri).to.match(/^mongodb:\/\/127\.0\.0\.1:\d+\/pigeonpost\?replicaSet=pigeonpost$/);
    await withConnection(uri, async (connection) => {
      await connection.createCollection('notes');
      const changes = connection.collection('notes').watch();
      const changed = changes.next();
      await connection.transaction(async (session) => {
        await connection.collection('notes').insertOne({ text: 'new' }, { session });
      });
      expect(await changed).to.have.property('operationType', 'insert');
      await changes.close();
      const options = await connection.db?.admin().command({ getCmdLineOpts: 1 });
      expect(options).to.have.nested.property('parsed.net.bindIp', '127.0.0.1');
    });
  });

  it('has a Unix socket that only its own user may open, and removes those of killed servers', async () => {
    const dataDir = await folder();
    const sockets = join(dataDir, 'sockets');
    await mkdir(sockets, { mode: 0o700 });
    await writeFile(join(sockets, 'mongodb-1.sock'), '');
    const mongo = await start({ dataDir });
    const { port } = new URL(mongo.uri);
    expect(await readdir(sockets)).to.deep.equal([`mongodb-${port}.sock`]);
    expect((await stat(join(sockets, `mongodb-${port}.sock`))).mode & 0o777).to.equal(0o600);
    expect((await stat(sockets)).mode & 0o777).to.equal(0o700);
    expect(mongo.nearUri).to.contain(encodeURIComponent(sockets));
    await withConnection(mongo.nearUri, async (connection) => {
      await connection.createCollection('notes');
      const changes = connection.collection('notes').watch();
      const changed = changes.next();
      await connection.transaction(async (session) => {
        await connection.collection('notes').insertOne({ text: 'near' }, { session });
      });
      expect(await changed).to.have.property('operationType', 'insert');
      await changes.close();
    });
    expect(await texts(mongo.uri)).to.deep.equal(['near']);
  });

  it('does without the socket in a folder whose path is too long for one', async () => {
    const dataDir = join(await folder(), 'deep'.repeat(25));
    const mongo = await start({ dataDir });
    expect(mongo.nearUri).to.equal(mongo.uri);
    await write(mongo.uri);
  });

  it('keeps the data over a stop and a start, also on another port', async () => {
    const dataDir = await folder();
    const first = await start({ dataDir });
    await write(first.uri);
    await first.stop();
    expect(await first.ended).to.equal(0);
    const second = await start({ dataDir });
    expect(second.uri).not.to.equal(first.uri);
    expect(await texts(second.uri)).to.deep.equal(['kept']);
  });

  it('leaves no mongod when its gateway is killed with SIGKILL, and starts again on the same data at once', async () => {
    const dataDir = await folder();
    const { gateway, uri } = await startElsewhere(dataDir);
    await write(uri);
    const orphan = await mongodPid(dataDir);
    expect(isAlive(orphan)).to.equal(true);
    gateway.kill('SIGKILL');
    await once(gateway, 'exit');
    const restarted = await start({ dataDir });
    expect(await texts(restarted.uri)).to.deep.equal(['kept']);
    expect(isAlive(orphan)).to.equal(false);
    expect(await mongodPid(dataDir)).not.to.equal(orphan);
  });

  it('leaves no mongod when its gateway is killed and nobody starts again', async () => {
    const dataDir = await folder();
    const { gateway } = await startElsewhere(dataDir);
    const orphan = await mongodPid(dataDir);
    gateway.kill('SIGKILL');
    await until('the mongod is gone', () => !isAlive(orphan));
  });

  it('refuses a folder that another gateway uses, and does the other no harm', async () => {
    const dataDir = await folder();
    const { gateway, uri } = await startElsewhere(dataDir);
    const error = await failure({ dataDir });
    expect(error).to.have.property('code', 'DATA_IN_USE');
    expect(error.message).to.include(dataDir).and.include(`process ${gateway.pid}`);
    await write(uri);
    const mongod = await mongodPid(dataDir);
    gateway.kill('SIGKILL');
    await until('its mongod is gone', () => !isAlive(mongod));
  });

  it('refuses data that a mongod of somebody else has open', async () => {
    const dataDir = await folder();
    await start({ dataDir });
    await rm(join(dataDir, 'gateway.lock'));
    const error = await failure({ dataDir });
    expect(error).to.have.property('code', 'DATA_IN_USE');
  });

  it('refuses a port that is taken, and names it', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const error = await failure({ port });
    expect(error).to.have.property('code', 'PORT_TAKEN');
    expect(error.message).to.include(String(port));
    other.close();
  });

  it('refuses a folder it cannot write, and names it', async () => {
    const file = join(await folder(), 'file');
    await writeFile(file, '');
    const error = await failure({ dataDir: join(file, 'data') });
    expect(error).to.have.property('code', 'FOLDER_NOT_WRITABLE');
    expect(error.message).to.include(join(file, 'data')).and.include('PIGEONPOST_DATA_DIR');
  });

  it('remembers which server wrote the data, and refuses it to another version', async () => {
    const dataDir = await folder();
    await (await start({ dataDir })).stop();
    const file = join(dataDir, 'mongo.version');
    const version = await readFile(file, 'utf8');
    expect(version).to.match(/^\d+\.\d+\.\d+\n$/);
    await writeFile(file, '5.0.31\n');
    const error = await failure({ dataDir });
    expect(error).to.have.property('code', 'DATA_VERSION');
    expect(error.message).to.include('5.0.31').and.include(version.trim());
    await writeFile(file, version);
    await start({ dataDir });
  });

  it('shows the end of the log of a mongod that does not start, and gives the folder back', async () => {
    const dataDir = await folder();
    const error = await failure({ dataDir, cacheSizeGb: -1 });
    expect(error).to.have.property('code', 'START_FAILED');
    expect(error.message)
      .to.include('mongod.log')
      .and.match(/cacheSizeGB/i);
    await start({ dataDir });
  });

  it('tells, and says so in the log, when mongod ends unasked', async () => {
    const dataDir = await folder();
    const warnings: string[] = [];
    const log = { ...QUIET, warn: (message: string) => warnings.push(message) };
    const mongo = await start({ dataDir, log });
    process.kill(await mongodPid(dataDir), 'SIGKILL');
    expect(await mongo.ended).to.equal(128 + 9);
    expect(warnings).to.include('MongoDB has ended by itself');
    await mongo.stop();
  });

  it('begins a new log when the old one is large, while it runs', async () => {
    const dataDir = await folder();
    const { uri } = await start({ dataDir });
    const logPath = join(dataDir, 'mongod.log');
    const { size } = await stat(logPath);
    await rotateLog(logPath, Number(new URL(uri).port), { limitBytes: size });
    expect((await stat(`${logPath}.1`)).size).to.be.at.least(size);
    expect((await stat(logPath)).size).to.be.lessThan(size);
    await write(uri);
  });
});
