import { expect } from 'chai';
import { type Batch, batches } from '../models/batch.js';
import { type EngineTest, engineTest } from '../test/support/engine.js';
import { someBatch, someIds, someTask } from '../test/support/job-context.js';
import { testDatabase } from '../test/support/mongo.js';
import { until } from '../test/support/until.js';
import { booksOf } from './books/books.js';
import { checkBooks } from './books/check-books.js';

describe('a batch whose task was removed by hand', () => {
  const database = testDatabase();
  let test: EngineTest;
  let told: { message: string; fields: Record<string, unknown> | undefined }[];

  const db = () => test.parts.db;
  /** A batch of three devices, of a task that was never written. */
  const orphan = async (change: Partial<Batch> = {}): Promise<Batch> => {
    const batch = someBatch(someTask(), { ids: someIds(3), ...change });
    await batches(db()).insertOne(batch);
    return batch;
  };
  const ended = async ({ _id }: Batch): Promise<Batch> => {
    let batch: Batch | null = null;
    await until('it has ended', async () => {
      batch = await batches(db()).findOne({ _id });
      return batch?.state === 'done';
    });
    return batch as unknown as Batch;
  };

  before(async () => {
    told = [];
    const quiet = () => undefined;
    const log = {
      debug: quiet,
      info: quiet,
      warn: quiet,
      error: (message: string, fields?: Record<string, unknown>) => told.push({ message, fields }),
    };
    test = await engineTest(database().connection, {
      log,
      // Long enough that no lease of a live worker dies on a busy machine.
      timings: { leaseMs: 2_500, watchMs: 200, beatMs: 100 },
    });
  });
  after(() => test.engine.stop(2_000));

  it('ends when it is claimed, and says why', async () => {
    const batch = await ended(await orphan());
    expect(batch).to.deep.include({
      counts: { 'cancelled:task-missing': 3 },
      movedOn: 0,
      fence: 1,
    });
    expect(batch).not.to.have.any.keys('devices', 'owner');
    await until('it is told', () => told.length > 0);
    expect(told).to.deep.equal([
      {
        message: 'A batch was ended because its task does not exist',
        fields: {
          app: 'shop',
          taskId: batch.task.toHexString(),
          counts: { 'cancelled:task-missing': 3 },
        },
      },
    ]);
  });

  it('ends as unknown what its devices may have got', async () => {
    const maybe = await orphan({ maybe: true });
    const dead = await orphan({ state: 'sending', owner: 'dead', beat: 1, fence: 1 });
    for (const batch of [maybe, dead]) {
      expect((await ended(batch)).counts).to.deep.equal({ 'unknown:task-missing': 3 });
    }
  });

  it('ends while it is held, once its time is over', async () => {
    const batch = await orphan({ state: 'held', expiresAt: new Date(0) });
    expect((await ended(batch)).counts).to.deep.equal({ 'cancelled:task-missing': 3 });
  });

  it('is told by a check of the books, ended or not', async () => {
    const task = someTask();
    const held = [0, 1].map((sequence) => someBatch(task, { sequence, state: 'held' }));
    await batches(db()).insertMany(held);
    await batches(db()).updateOne({ _id: held[0]!._id }, { $set: { state: 'done' } });
    const { findings } = await checkBooks(booksOf(database().connection), { place: 'batches' });
    const found = findings.find((finding) => finding.task === task._id.toHexString());
    expect(found).to.deep.include({
      kind: 'batch-without-task',
      what: '2 batches, 1 of them done, name a task that does not exist',
    });
  });
});
