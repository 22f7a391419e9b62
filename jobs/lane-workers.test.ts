import { expect } from 'chai';
import { Registry } from 'prom-client';
import { batches } from '../models/batch.js';
import { tasks } from '../models/lease.js';
import type { Lane, Task } from '../models/task.js';
import { booksForTest, checkAll } from '../test/support/books.js';
import { type EngineTest, engineTest } from '../test/support/engine.js';
import { testDatabase } from '../test/support/mongo.js';
import type { FindingKind } from './books/finding.js';
import { createMetrics } from './metrics.js';
import { taskKey } from './pacing/paces.js';

interface Worker extends EngineTest {
  /** Pushes that it has sent. */
  pushes(): number;
}

describe('workers that share the lanes', () => {
  const database = testDatabase();
  let quick: Worker;
  const started: Worker[] = [];

  const startWorker = async (lanes: readonly Lane[], first?: EngineTest): Promise<Worker> => {
    const metrics = createMetrics(new Registry(), { depth: () => Promise.resolve([]) });
    let sent = 0;
    const pushed = (_vendor: string, _outcome: string, devices = 1): void => {
      sent += devices;
    };
    const test = await engineTest(database().connection, {
      lanes,
      metrics: { ...metrics, pushed },
      // Who has something to do is called for it, and does not find it by sweeping.
      timings: { sweepMs: 60_000 },
      ...(first == null ? {} : { app: first.app, secretBox: first.parts.secretBox }),
    });
    const worker = { ...test, pushes: () => sent };
    started.push(worker);
    return worker;
  };
  const startBulk = () => startWorker(['campaign'], quick);
  const stop = async (worker: Worker): Promise<void> => {
    started.splice(started.indexOf(worker), 1);
    await worker.engine.stop(10_000);
  };

  beforeEach(async () => {
    quick = await startWorker(['transactional', 'default']);
    await quick.addProfile('sandbox');
    await Promise.all(Array.from({ length: 3 }, (_, nth) => quick.addDevice(`sandbox-ok-${nth}`)));
  });
  afterEach(() => Promise.all(started.splice(0).map(({ engine }) => engine.stop(2_000))));

  const toAll = (lane: Lane): Promise<Task> => quick.accept({ lane, audience: { all: true } });
  const toOne = (lane: Lane): Promise<Task> =>
    quick.accept({ lane, audience: { tokens: [{ vendor: 'sandbox', token: 'sandbox-ok-1' }] } });

  it('each plan and send their own, whoever accepted it', async () => {
    const bulk = await startBulk();
    await quick.ended(await toAll('campaign'));
    await quick.ended(await toOne('campaign'));
    expect([quick.pushes(), bulk.pushes()]).to.deep.equal([0, 4]);
    await quick.ended(await toAll('default'));
    await quick.ended(await toOne('transactional'));
    expect([quick.pushes(), bulk.pushes()]).to.deep.equal([4, 4]);
  });

  it('leave a batch that waits for its pace to those who serve its lane', async () => {
    const { db, now } = quick.parts;
    const paced = async (lane: Lane): Promise<Task> => {
      const task = await toOne(lane);
      await tasks(db).updateOne({ _id: task._id }, { $set: { ratePerSecond: 100 } });
      return task;
    };
    // As a worker of the lane left it that is gone.
    const task = await paced('campaign');
    const by = taskKey(task._id);
    await batches(db).updateOne(
      { task: task._id },
      { $set: { notBefore: new Date(now() + 60_000), parked: { by, rank: 2, turn: 1 } } },
    );
    // Whoever looks for what waits for its pace finds the batch of this one, too.
    const other = await quick.accept({ audience: { all: true }, ratePerSecond: 2 });
    await quick.ended(other);
    expect(await batches(db).findOne({ task: task._id })).to.include({ state: 'due', fence: 0 });
    const bulk = await startBulk();
    await quick.ended(task);
    expect(bulk.pushes()).to.equal(1);
  });

  it('leave what nobody serves until somebody does, and hold up nothing else', async () => {
    const planned = await toOne('campaign');
    const unplanned = await toAll('campaign');
    await quick.ended(await toAll('default'));
    expect((await quick.taskNow(planned)).state).to.equal('sending');
    expect((await quick.taskNow(unplanned)).state).to.equal('accepted');
    const bulk = await startBulk();
    await quick.ended(planned);
    await quick.ended(unplanned);
    expect(bulk.pushes()).to.equal(4);
  });

  it('are missed when nobody serves a lane, which is no fault of its tasks', async () => {
    const books = booksForTest(database().connection);
    const findings = async (kind: FindingKind): Promise<string[]> =>
      (await checkAll(books)).flatMap((one) => (one.kind === kind ? [one.what] : []));
    const missed = () => findings('lane-without-worker');
    expect(await missed()).to.deep.equal([
      'No worker of the lane campaign was seen in the last minute',
    ]);
    const bulk = await startBulk();
    expect(await missed()).to.deep.equal([]);
    expect(await findings('no-worker')).to.deep.equal([]);
    await stop(bulk);
    expect(await missed()).to.have.length(1);
    const task = await toOne('campaign');
    await batches(quick.parts.db).updateOne(
      { task: task._id },
      { $set: { notBefore: new Date(Date.now() - 3_600_000) } },
    );
    expect(await findings('batch-hangs')).to.deep.equal([]);
  });
});
