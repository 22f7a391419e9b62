import { expect } from 'chai';
import type { mongo } from 'mongoose';
import { dbOf } from '../models/database.js';
import { currentDeliveries, deliveries, deliveryId, ensureDeliveries } from '../models/delivery.js';
import { tasks } from '../models/lease.js';
import type { Task } from '../models/task.js';
import { someIds, someTask } from '../test/support/job-context.js';
import { testDatabase } from '../test/support/mongo.js';
import { keepDeliveries } from './retention.js';

/** 30 days after November 2025 have passed, 30 days after December have not. */
const NOW = Date.parse('2026-01-10T00:00:00Z');
const OLD = 'deliveries_2025_11_30';

describe('keepDeliveries', () => {
  const database = testDatabase();
  const db = (): mongo.Db => dbOf(database().connection);
  const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
  const keep = (nowMs = NOW) => keepDeliveries({ db: db(), now: () => nowMs, log });
  const names = async (): Promise<string[]> =>
    (await db().listCollections({}, { nameOnly: true }).toArray())
      .map(({ name }) => name)
      .filter((name) => name.startsWith('deliveries_'))
      .sort();
  const addOld = async (name = OLD): Promise<void> => {
    await ensureDeliveries(db(), name);
    const [task, device] = someIds(2) as [Task['_id'], Task['_id']];
    const row = { _id: deliveryId(task.id, device.id), d: device, s: 'accepted' as const, n: 1 };
    await deliveries(db(), name).insertOne({ ...row, t: new Date(NOW) });
  };
  const addTask = (change: Partial<Task>) =>
    tasks(db()).insertOne(someTask({ deliveriesIn: OLD, ...change }));

  beforeEach(async () => {
    await tasks(db()).deleteMany({});
    for (const name of await names()) await db().dropCollection(name);
  });

  it('makes room for this month and the next, in every retention class', async () => {
    await keep();
    expect(await names()).to.deep.equal([
      'deliveries_2026_01_30',
      'deliveries_2026_01_365',
      'deliveries_2026_01_90',
      'deliveries_2026_02_30',
      'deliveries_2026_02_365',
      'deliveries_2026_02_90',
    ]);
    await keep();
    expect(await names()).to.have.length(6);
  });

  it('makes room for January in December', async () => {
    await keep(Date.parse('2026-12-31T23:59:59Z'));
    expect(await names()).to.include.members(['deliveries_2026_12_90', 'deliveries_2027_01_90']);
  });

  it('drops what was kept for the whole time after its month, and nothing younger', async () => {
    const young = ['deliveries_2025_12_30', 'deliveries_2025_11_90', 'deliveries_2025_01_365'];
    for (const name of [OLD, 'deliveries_2024_12_365', ...young]) await addOld(name);
    await keep();
    expect(await names()).to.include.members(young);
    expect(await names()).not.to.include.members([OLD]);
    expect(await names()).not.to.include('deliveries_2024_12_365');
  });

  it('drops a collection in the first moment it may, and not a moment sooner', async () => {
    await addOld('deliveries_2025_12_30');
    const until = Date.parse('2026-01-31T00:00:00Z');
    await keep(until - 1);
    expect(await names()).to.include('deliveries_2025_12_30');
    await keep(until);
    expect(await names()).not.to.include('deliveries_2025_12_30');
  });

  const unfinished: [string, Partial<Task>][] = [
    ...(['scheduled', 'accepted', 'planning', 'sending', 'paused'] as const).map(
      (state): [string, Partial<Task>] => [`is ${state}`, { state }],
    ),
    ['is cancelled but not settled', { state: 'cancelled' }],
  ];
  for (const [name, change] of unfinished) {
    it(`keeps the rows of a task that ${name}`, async () => {
      await addOld();
      await addTask(change);
      await addTask({ state: 'done', endedAt: new Date() });
      await keep();
      expect(await names()).to.include(OLD);
    });
  }

  it('drops the rows of tasks that have all ended', async () => {
    await addOld();
    for (const state of ['done', 'failed', 'cancelled'] as const) {
      await addTask({ state, endedAt: new Date() });
    }
    await addTask({ state: 'sending', deliveriesIn: 'deliveries_2026_01_30' });
    await keep();
    expect(await names()).not.to.include(OLD);
  });

  it('leaves collections alone whose names are not its own', async () => {
    const others = ['deliveries_2020_01', 'deliveries_archive', 'deliveries_2020_01_30_copy'];
    for (const name of others) await db().createCollection(name);
    await keep();
    expect(await names()).to.include.members(others);
  });

  it('may run in several processes at a time', async () => {
    await addOld();
    await Promise.all([keep(), keep(), keep()]);
    expect(await names()).to.deep.equal(currentDeliveries(new Date(NOW)).sort());
  });
});
