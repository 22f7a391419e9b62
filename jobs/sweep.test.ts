import { expect } from 'chai';
import { type AudienceList, audienceLists } from '../models/audience-list.js';
import { type Batch, batches } from '../models/batch.js';
import { tasks } from '../models/lease.js';
import { ENDED_STATES, type Task } from '../models/task.js';
import { jobContext, someBatch, someTask } from '../test/support/job-context.js';
import { testDatabase } from '../test/support/mongo.js';
import type { JobContext } from './context.js';
import { sweep } from './sweep.js';

const NOW = new Date('2026-01-10T12:00:00Z');
const later = (ms: number): Date => new Date(NOW.getTime() + ms);
const HOUR_MS = 3_600_000;

describe('sweep', () => {
  const database = testDatabase();
  let jobs: JobContext;

  const db = () => jobs.parts.db;
  const addTask = async (change: Partial<Task> = {}): Promise<Task> => {
    const task = someTask({ expiresAt: later(HOUR_MS), createdAt: later(-HOUR_MS), ...change });
    await tasks(db()).insertOne(task);
    return task;
  };
  const addBatch = async (task: Task, change: Partial<Batch> = {}): Promise<Batch> => {
    const batch = someBatch(task, { sequence: nextSequence(), ...change });
    await batches(db()).insertOne(batch);
    return batch;
  };
  let sequence = 0;
  const nextSequence = (): number => (sequence += 1);
  const taskNow = ({ _id }: Task) => tasks(db()).findOne({ _id });
  const batchNow = ({ _id }: Batch) => batches(db()).findOne({ _id });

  before(async () => {
    jobs = await jobContext(database().connection, { now: () => NOW.getTime() });
  });
  beforeEach(async () => {
    await tasks(db()).deleteMany({});
    await batches(db()).deleteMany({});
    await audienceLists(db()).deleteMany({});
  });

  it('finds nothing to do where nothing is', async () => {
    expect(await sweep(jobs)).to.deep.equal([]);
  });

  it('starts scheduled tasks whose time has come, and no others', async () => {
    const [now, soon] = [
      await addTask({ state: 'scheduled', scheduledAt: NOW, planned: false }),
      await addTask({ state: 'scheduled', scheduledAt: later(1), planned: false }),
    ];
    expect(await sweep(jobs)).to.deep.equal(['default']);
    expect((await taskNow(now))?.state).to.equal('accepted');
    expect((await taskNow(soon))?.state).to.equal('scheduled');
  });

  it('wakes for a batch that is due, and not for one that is due later or held', async () => {
    const task = await addTask();
    const paused = await addTask({ state: 'paused' });
    await addBatch(paused, { state: 'held' });
    const batch = await addBatch(task, { notBefore: later(1) });
    expect(await sweep(jobs)).to.deep.equal([]);
    await batches(db()).updateOne({ _id: batch._id }, { $set: { notBefore: NOW } });
    expect(await sweep(jobs)).to.deep.equal(['default']);
  });

  it('lets a paused task whose time is over go on to its end, and no other', async () => {
    const long = { state: 'paused', expiresAt: later(-60_000) } as const;
    const over = await addTask(long);
    const held = await addBatch(over, { state: 'held' });
    const unplanned = await addTask({ ...long, planned: false });
    const running = await addTask({ state: 'paused', expiresAt: later(-59_999) });
    expect(await sweep(jobs)).to.deep.equal(['default']);
    expect((await taskNow(over))?.state).to.equal('done');
    expect((await batchNow(held))?.counts).to.deep.equal({ 'expired:not-sent-in-time': 1 });
    expect((await taskNow(unplanned))?.state).to.equal('accepted');
    expect((await taskNow(running))?.state).to.equal('paused');
  });

  it('frees a batch that was held no earlier than it is due', async () => {
    const waits = await addBatch(await addTask(), { state: 'held', notBefore: later(HOUR_MS) });
    const over = await addBatch(await addTask(), { state: 'held', notBefore: later(-HOUR_MS) });
    await sweep(jobs);
    expect(await batchNow(waits)).to.deep.include({ state: 'due', notBefore: later(HOUR_MS) });
    expect(await batchNow(over)).to.deep.include({ state: 'due', notBefore: NOW });
  });

  it('frees batches that were held while their task went on, and keeps those of paused ones', async () => {
    const running = await addBatch(await addTask(), { state: 'held' });
    const cancelled = await addBatch(await addTask({ state: 'cancelled' }), { state: 'held' });
    const paused = await addBatch(await addTask({ state: 'paused' }), { state: 'held' });
    expect(await sweep(jobs)).to.deep.equal(['default']);
    expect((await batchNow(running))?.state).to.equal('due');
    expect((await batchNow(cancelled))?.state).to.equal('due');
    expect((await batchNow(paused))?.state).to.equal('held');
  });

  it('brings retries of a cancelled task forward, and of no other', async () => {
    const retry = { first: false, notBefore: later(HOUR_MS) };
    const cancelled = await addBatch(await addTask({ state: 'cancelled' }), retry);
    const running = await addBatch(await addTask(), retry);
    expect(await sweep(jobs)).to.deep.equal(['default']);
    expect((await batchNow(cancelled))?.notBefore).to.deep.equal(NOW);
    expect((await batchNow(running))?.notBefore).to.deep.equal(later(HOUR_MS));
  });

  it('ends tasks whose last batch is done, and no others', async () => {
    const done = await addTask();
    await addBatch(done, { state: 'done' });
    const cancelled = await addTask({ state: 'cancelled' });
    const open = await addTask();
    await addBatch(open, { state: 'done' });
    await addBatch(open, { state: 'sending' });
    const unplanned = await addTask({ state: 'planning', planned: false });
    await sweep(jobs);
    expect(await taskNow(done)).to.deep.include({ state: 'done', endedAt: NOW });
    expect(await taskNow(cancelled)).to.deep.include({ state: 'cancelled', endedAt: NOW });
    for (const task of [open, unplanned]) expect(await taskNow(task)).to.deep.equal(task);
  });

  it('ends a task once', async () => {
    const ended = await addTask({ state: 'cancelled', endedAt: later(-HOUR_MS) });
    await sweep(jobs);
    expect(await taskNow(ended)).to.deep.equal(ended);
  });

  it('drops lists that nobody needs any more, and no others', async () => {
    const add = async (task: Task): Promise<AudienceList> => {
      const list = { _id: task._id, devices: [] };
      await audienceLists(db()).insertOne(list);
      return list;
    };
    await add(await addTask({ planned: true }));
    for (const state of ENDED_STATES) {
      await add(await addTask({ state, planned: false, endedAt: NOW }));
    }
    const needed: AudienceList[] = [];
    for (const state of ['scheduled', 'accepted', 'planning', 'paused'] as const) {
      const scheduledAt = later(HOUR_MS);
      needed.push(await add(await addTask({ state, planned: false, scheduledAt })));
    }
    await sweep(jobs);
    expect(await audienceLists(db()).find().sort({ _id: 1 }).toArray()).to.have.deep.members(
      needed,
    );
  });

  it('may run in several processes at a time', async () => {
    const task = await addTask();
    await addBatch(task, { state: 'done' });
    await Promise.all([1, 2, 3, 4].map(() => sweep(jobs)));
    expect(await taskNow(task)).to.deep.include({ state: 'done', endedAt: NOW });
  });

  it('reads few documents where there is little to do among very many', async () => {
    const old = Array.from({ length: 300 }, () =>
      someTask({ state: 'cancelled', endedAt: NOW, createdAt: later(-HOUR_MS) }),
    );
    await tasks(db()).insertMany(old);
    const task = await addTask();
    const waiting = Array.from({ length: 300 }, (_, nth) =>
      someBatch(task, { sequence: 1_000 + nth, notBefore: later(HOUR_MS) }),
    );
    await batches(db()).insertMany([
      ...waiting,
      ...old.map((one) => someBatch(one, { state: 'done' })),
    ]);
    await db().command({ profile: 2 });
    await sweep(jobs);
    await db().command({ profile: 0 });
    const reads = await db()
      .collection<{ docsExamined: number; command: object }>('system.profile')
      .find({ docsExamined: { $gt: 10 } })
      .toArray();
    expect(reads.map(({ docsExamined, command }) => ({ docsExamined, command }))).to.deep.equal([]);
  });
});
