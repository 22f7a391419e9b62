import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { expect } from 'chai';
import type { mongo } from 'mongoose';
import { batches, batchIndexes } from '../models/batch.js';
import { dbOf } from '../models/database.js';
import { currentDeliveries, ensureDeliveries } from '../models/delivery.js';
import { addBooked, startWork } from '../test/support/books.js';
import { type GatewayProcess, startGatewayProcess } from '../test/support/gateway-process.js';
import { SOME_DELIVERIES } from '../test/support/job-context.js';
import { testDatabase } from '../test/support/mongo.js';
import { temporaryFolders } from '../test/support/temporary-folder.js';
import { readCheckBooksOptions } from './check-books-options.js';

const COMMAND = join(import.meta.dirname, 'check-books.ts');
const WITHIN_MS = 60_000;

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

const run = (args: readonly string[], env: Readonly<Record<string, string>>): Promise<Ran> => {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !name.startsWith('PIGEONPOST_') && name !== 'MONGODB_URI',
  );
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      ['--import', 'tsx', COMMAND, ...args],
      { env: { ...Object.fromEntries(inherited), ...env }, timeout: WITHIN_MS },
      (error, out, err) => resolve({ code: error == null ? 0 : Number(error.code), out, err }),
    );
  });
};

describe('npm run check-books', function () {
  this.timeout(3 * WITHIN_MS);
  const database = testDatabase();
  const folder = temporaryFolders();
  const db = (): mongo.Db => dbOf(database().connection);

  before(async () => {
    await batches(db()).createIndexes(batchIndexes);
    for (const name of [...currentDeliveries(new Date()), SOME_DELIVERIES]) {
      await ensureDeliveries(db(), name);
    }
    await startWork(db());
    await addBooked(db());
  });

  it('ends with 0 when the books balance, 1 when something is left, and 0 when all is mended', async () => {
    const env = { MONGODB_URI: database().uri };
    expect(await run([], env)).to.deep.include({ code: 0, err: '' });
    const { task, suppressed } = await addBooked(db());
    const counts = { 'suppressed:erased': 1 };
    await batches(db()).updateOne({ _id: suppressed._id }, { $set: { counts } });
    const told = await run([], env);
    expect(told.code).to.equal(1);
    expect(told.out).to.match(new RegExp(`^WRONG  task ${task._id.toHexString()} of shop`));
    const json = await run(['--json', '--task', task._id.toHexString()], env);
    const [first, last] = json.out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(first.finding).to.include({ kind: 'rows-differ', mendable: true });
    expect(last.summary).to.include({ tasks: 1, left: 1 });
    const mended = await run(['--fix'], env);
    expect(mended.code).to.equal(0);
    expect(mended.out).to.match(/MENDED: .*\n1 finding: 1 mended, 0 left\./);
    expect((await run(['--from', 'tasks'], env)).out).to.match(/^The books balance\./);
  });

  it('ends with 2, in words, when it cannot check', async () => {
    const nowhere = await run([], { PIGEONPOST_DATA_DIR: join(await folder(), 'none') });
    expect(nowhere.code).to.equal(2);
    expect(nowhere.err).to.match(/^The books could not be checked: There is no data in/);
    const away = await run([], {
      MONGODB_URI: 'mongodb://127.0.0.1:1/x?serverSelectionTimeoutMS=1',
    });
    expect(away.code).to.equal(2);
    const odd = await run(['--task', 'x'], {});
    expect(odd).to.include({ code: 2 });
    expect(odd.err).to.include('--task must be 24 hex digits');
    const lost = await run(['--from', 'nowhere'], { MONGODB_URI: database().uri });
    expect(lost.err).to.include('There is no such place in the books');
  });

  it('looks at the data of an embedded MongoDB, while its gateway runs and after it', async () => {
    const dataDir = await folder();
    const env = { PIGEONPOST_DATA_DIR: dataDir };
    const gateway: GatewayProcess = await startGatewayProcess({ dataDir });
    try {
      await gateway.operator.post('/v1/apps', { id: 'shop', name: 'Shop' });
      const beside = await run([], env);
      expect(beside, beside.err).to.include({ code: 0 });
      expect(beside.out).to.match(/^The books balance\./);
    } finally {
      await gateway.kill('SIGTERM');
    }
    const alone = await run([], env);
    expect(alone, alone.err).to.include({ code: 0 });
  });

  it('reads its options, and refuses others', () => {
    const options = readCheckBooksOptions(['--since', '2027-02-28T00:00:00Z', '--fix']);
    expect(options).to.deep.include({ since: new Date('2027-02-28T00:00:00Z'), fix: true });
    for (const args of [['--since', 'yesterday'], ['--nonsense'], ['--task']]) {
      expect(() => readCheckBooksOptions(args)).to.throw();
    }
  });
});
