import { expect } from 'chai';
import { audienceLists } from '../models/audience-list.js';
import { type BatchState, batches } from '../models/batch.js';
import { tasks } from '../models/lease.js';
import { TASK_STATES, type Task } from '../models/task.js';
import { inTransaction } from '../models/transaction.js';
import { jobContext, someBatch, someTask } from '../test/support/job-context.js';
import { testDatabase } from '../test/support/mongo.js';
import type { JobContext } from './context.js';
import { finishIfDone } from './finish.js';

const NOW = new Date('2026-01-10T12:00:00Z');
const OPEN: readonly BatchState[] = ['due', 'held', 'claimed', 'sending'];

describe('finishIfDone', () => {
  const database = testDatabase();
  let jobs: JobContext;

  const db = () => jobs.parts.db;
  const add = async (change: Partial<Task> = {}): Promise<Task> => {
    const task = someTask(change);
    await tasks(db()).insertOne(task);
    return task;
  };
  const taskNow = ({ _id }: Task) => tasks(db()).findOne({ _id });

  before(async () => {
    jobs = await jobContext(database().connection, { now: () => NOW.getTime() });
  });

  it('ends a planned task without an open batch, once', async () => {
    const task = await add({ owner: 'planner' });
    await batches(db()).insertOne(someBatch(task, { state: 'done' }));
    expect(await finishIfDone(jobs, task._id)).to.equal(true);
    expect(await taskNow(task))
      .to.deep.include({ state: 'done', endedAt: NOW })
      .and.not.to.have.property('owner');
    expect(await finishIfDone(jobs, task._id)).to.equal(false);
  });

  for (const state of OPEN) {
    it(`ends no task with a batch that is ${state}, not even a cancelled one`, async () => {
      for (const change of [{}, { state: 'cancelled' as const }]) {
        const task = await add(change);
        await batches(db()).insertOne(someBatch(task, { state }));
        expect(await finishIfDone(jobs, task._id)).to.equal(false);
        expect(await taskNow(task)).to.deep.equal(task);
      }
    });
  }

  it('settles a cancelled task, and its list goes with it', async () => {
    const task = await add({ state: 'cancelled', planned: false });
    await audienceLists(db()).insertOne({ _id: task._id, devices: [] });
    expect(await finishIfDone(jobs, task._id)).to.equal(true);
    expect(await taskNow(task)).to.deep.include({ state: 'cancelled', endedAt: NOW });
    expect(await audienceLists(db()).findOne({ _id: task._id })).to.equal(null);
  });

  for (const state of TASK_STATES.filter((one) => one !== 'sending' && one !== 'cancelled')) {
    it(`leaves a task alone that is ${state}`, async () => {
      const task = await add({ state, planned: state !== 'planning' });
      expect(await finishIfDone(jobs, task._id)).to.equal(false);
      expect(await taskNow(task)).to.deep.equal(task);
    });
  }

  it('reads one task and one batch, however many tasks are being sent', async () => {
    const many = Array.from({ length: 200 }, () => someTask());
    await tasks(db()).insertMany(many);
    await batches(db()).insertMany(many.map((one) => someBatch(one)));
    await db().command({ profile: 2 });
    expect(await finishIfDone(jobs, many[100]!._id)).to.equal(false);
    await db().command({ profile: 0 });
    const reads = await db()
      .collection<{ docsExamined: number }>('system.profile')
      .find({ docsExamined: { $exists: true } })
      .toArray();
    expect(reads.map(({ docsExamined }) => docsExamined)).to.deep.equal([1, 1]);
  });

  it('never ends a task while its planner commits the last stretch', async () => {
    for (let round = 0; round < 15; round += 1) {
      const task = await add({ state: 'planning', planned: false });
      const commit = inTransaction(database().connection, async (session) => {
        const planned = { $set: { state: 'sending' as const, planned: true } };
        await tasks(db()).updateOne({ _id: task._id }, planned, { session });
        await batches(db()).insertOne(someBatch(task), { session });
      });
      const asked = Array.from({ length: 12 }, () => finishIfDone(jobs, task._id));
      await commit;
      expect(await Promise.all(asked)).not.to.include(true);
      expect((await taskNow(task))?.state).to.equal('sending');
    }
  });
});
