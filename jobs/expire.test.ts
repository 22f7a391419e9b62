import { expect } from 'chai';
import { type Batch, batches } from '../models/batch.js';
import { deliveries, deliveryRange } from '../models/delivery.js';
import { tasks } from '../models/lease.js';
import { readLedger } from '../models/ledger.js';
import type { Task } from '../models/task.js';
import { engineTest } from '../test/support/engine.js';
import { jobContext, someBatch, someIds, someTask } from '../test/support/job-context.js';
import { testDatabase } from '../test/support/mongo.js';
import type { JobContext } from './context.js';
import { endExpired } from './expire.js';

const NOW = new Date('2026-01-10T12:00:00Z');
const HOUR_MS = 3_600_000;
const later = (ms: number): Date => new Date(NOW.getTime() + ms);

describe('endExpired', () => {
  const database = testDatabase();
  // Nothing claims here but the sweep: no lane, no worker.
  let jobs: JobContext;
  const db = () => jobs.parts.db;

  before(async () => {
    jobs = await jobContext(database().connection, { now: () => NOW.getTime() });
  });
  beforeEach(async () => {
    await tasks(db()).deleteMany({});
    await batches(db()).deleteMany({});
  });

  const add = async (
    change: Partial<Task>,
    ...given: Parameters<typeof someBatch>[1][]
  ): Promise<Task> => {
    const task = someTask({ expiresAt: NOW, ...change });
    await tasks(db()).insertOne(task);
    await batches(db()).insertMany(
      given.map((one, sequence) => someBatch(task, { sequence, ...one })),
    );
    return task;
  };
  const batchesOf = (task: Task): Promise<Batch[]> =>
    batches(db()).find({ task: task._id }).sort({ _id: 1 }).toArray();

  it('ends every device in its row and its count, due later or held, without a worker', async () => {
    const task = await add(
      {},
      { ids: someIds(3), notBefore: later(HOUR_MS), lastReason: 'busy' },
      { ids: someIds(2), state: 'held' },
    );
    await endExpired(jobs);
    const ended = await batchesOf(task);
    expect(ended.map(({ state, counts }) => [state, counts])).to.deep.equal([
      ['done', { 'expired:busy': 3 }],
      ['done', { 'expired:not-sent-in-time': 2 }],
    ]);
    const rows = await deliveries(db(), task.deliveriesIn)
      .find({ _id: deliveryRange(task._id) })
      .toArray();
    expect(rows.map(({ s }) => s)).to.deep.equal(Array(5).fill('expired'));
    expect(await tasks(db()).findOne({ _id: task._id })).to.deep.include({
      state: 'done',
      endedAt: NOW,
    });
  });

  it('ends nobody a millisecond too early, and no batch that somebody works on', async () => {
    const task = await add(
      {},
      { expiresAt: later(1) },
      { state: 'sending', owner: 'other' },
      { state: 'claimed', owner: 'other' },
    );
    const before = await batchesOf(task);
    await endExpired(jobs);
    expect(await batchesOf(task)).to.deep.equal(before);
  });

  it('lets those end as unknown that may have got the push, and those of a cancelled task as cancelled', async () => {
    const unsure = await add({}, { maybe: true });
    const cancelled = await add({ state: 'cancelled' }, {});
    await endExpired(jobs);
    expect((await readLedger(db(), unsure._id)).states).to.include({ unknown: 1, expired: 0 });
    expect((await readLedger(db(), cancelled._id)).states).to.include({ cancelled: 1, expired: 0 });
  });

  it('ends each once when several processes and lanes do it at a time', async () => {
    const others = await Promise.all(
      [1, 2, 3].map(() => jobContext(database().connection, { now: () => NOW.getTime() })),
    );
    const task = await add({ planSequence: 30 }, ...Array.from({ length: 30 }, () => ({})));
    await Promise.all([jobs, ...others].map(endExpired));
    const ledger = await readLedger(db(), task._id);
    expect(ledger).to.include({ targeted: 30, pending: 0 });
    expect(ledger.states.expired).to.equal(30);
  });

  it('goes on past a batch that cannot be ended', async () => {
    // Its rows can be written nowhere.
    const broken = await add({ deliveriesIn: '$' }, { expiresAt: later(-HOUR_MS) });
    const task = await add({}, {});
    await endExpired(jobs);
    expect((await readLedger(db(), broken._id)).pending).to.equal(1);
    expect((await readLedger(db(), task._id)).states.expired).to.equal(1);
  });
});

describe('a lane whose vendor does not answer', () => {
  const database = testDatabase();

  it('holds up nobody beyond their time', async function () {
    this.timeout(120_000);
    const test = await engineTest(database().connection, {
      batchesInFlight: 1,
      timings: { stragglerMs: 60_000 },
    });
    try {
      await test.addProfile('sandbox', { slowMs: 60_000 });
      // More than the lane has slots.
      const slow = await Promise.all(
        Array.from({ length: 12 }, (_, index) => test.addDevice(`sandbox-slow-${index}`)),
      );
      for (const id of slow) await test.accept({ audience: { devices: [id.toHexString()] } });
      const waiting = await test.addDevice('sandbox-ok-1');
      const expiresAt = new Date(Date.now() + 1_000);
      const task = await test.accept({ audience: { devices: [waiting.toHexString()] }, expiresAt });
      // In its lane, a place is free after a minute.
      const { endedAt } = await test.ended(task);
      expect(endedAt!.getTime() - expiresAt.getTime()).to.be.below(30_000);
      const [row] = await test.rows(task);
      expect(row?.state).to.equal('expired');
    } finally {
      await test.engine.stop(2_000);
    }
  });
});
