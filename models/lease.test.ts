import { expect } from 'chai';
import { type mongo, Types } from 'mongoose';
import { someBatch, someTask } from '../test/support/job-context.js';
import { testDatabase } from '../test/support/mongo.js';
import { type Batch, type BatchState, batches, batchIndexes } from './batch.js';
import { dbOf } from './database.js';
import { createIndexes } from './indexes.js';
import {
  beat,
  claimBatch,
  claimTask,
  freeTask,
  heldLeases,
  markSending,
  releaseBatch,
  resendUnsure,
  type SeenLease,
  seizeBatch,
  tasks,
} from './lease.js';
import { LANES, type Task } from './task.js';

const NOW = new Date('2026-01-10T12:00:00Z');
const later = (ms: number): Date => new Date(NOW.getTime() + ms);

describe('leases', () => {
  const database = testDatabase();
  const db = (): mongo.Db => dbOf(database().connection);
  const task = someTask();
  let sequence = 0;

  const add = async (change: Partial<Batch> = {}): Promise<Batch> => {
    const batch = someBatch(task, {
      sequence: (sequence += 1),
      notBefore: later(-1_000),
      ...change,
    });
    await batches(db()).insertOne(batch);
    return batch;
  };
  const addTask = async (change: Partial<Task> = {}): Promise<Task> => {
    const added = someTask({ state: 'accepted', planned: false, ...change });
    await tasks(db()).insertOne(added);
    return added;
  };
  const batchNow = ({ _id }: Pick<Batch, '_id'>) => batches(db()).findOne({ _id });
  const taskNow = ({ _id }: Pick<Task, '_id'>) => tasks(db()).findOne({ _id });
  const claim = (owner = 'me') => claimBatch(db(), 'default', owner, { now: NOW });
  const claimed = async (owner = 'me') => (await claim(owner))!;
  const seenOf = ({ _id, beat: at, fence }: Batch): SeenLease & { kind: 'batch' } => ({
    kind: 'batch',
    _id,
    beat: at,
    fence,
  });

  before(async () => {
    await createIndexes(database().connection);
    await batches(db()).createIndexes(batchIndexes);
  });
  beforeEach(async () => {
    await batches(db()).deleteMany({});
    await tasks(db()).deleteMany({});
  });

  describe('claimBatch', () => {
    it('takes what has been due longest, under the owner’s name and a new fence', async () => {
      await add({ notBefore: later(-5) });
      const oldest = await add({ notBefore: later(-500), fence: 4, beat: 9 });
      expect(await claim()).to.deep.include({
        _id: oldest._id,
        state: 'claimed',
        owner: 'me',
        fence: 5,
        beat: 10,
      });
    });

    it('takes what is due in this very moment, and nothing that is due later', async () => {
      await add({ notBefore: later(1) });
      expect(await claim()).to.equal(null);
      const batch = await add({ notBefore: NOW });
      expect((await claim())?._id).to.deep.equal(batch._id);
    });

    it('takes nothing of another lane or in another state', async () => {
      await add({ lane: 'campaign' });
      const states: BatchState[] = ['held', 'claimed', 'sending', 'done'];
      for (const state of states) await add({ state });
      expect(await claim()).to.equal(null);
    });

    it('never gives a batch to two workers, however many ask at a time', async () => {
      const added = await Promise.all(Array.from({ length: 120 }, () => add()));
      const claims = await Promise.all(
        Array.from({ length: 200 }, (_, nth) => claim(`worker-${nth % 5}`)),
      );
      const taken = claims.flatMap((batch) => (batch == null ? [] : [batch]));
      const ids = taken.map(({ _id }) => _id.toString('hex'));
      expect(taken).to.have.length(added.length);
      expect(new Set(ids).size).to.equal(added.length);
      for (const batch of taken) expect(batch.fence).to.equal(1);
    });

    it('reads nothing but what it takes', async () => {
      await Promise.all(Array.from({ length: 30 }, () => add({ state: 'done' })));
      await Promise.all(Array.from({ length: 30 }, () => add({ notBefore: later(1) })));
      const plan = (await batches(db())
        .find(
          { lane: 'default', state: 'due', notBefore: { $lte: NOW } },
          { sort: { notBefore: 1 }, hint: { lane: 1, notBefore: 1 } },
        )
        .explain('executionStats')) as { executionStats: Record<string, unknown> };
      expect(plan.executionStats).to.include({ totalDocsExamined: 0 });
    });
  });

  describe('a claimed batch', () => {
    it('can be given back, and is claimed again under a higher fence', async () => {
      await add();
      const first = await claimed();
      expect(await releaseBatch(db(), first, { state: 'due', notBefore: NOW })).to.equal(true);
      expect(await batchNow(first))
        .to.deep.include({ state: 'due', notBefore: NOW })
        .and.not.to.have.property('owner');
      expect((await claimed('other')).fence).to.equal(first.fence + 1);
    });

    it('cannot be given back, nor sent, by whoever lost it', async () => {
      await add();
      const lost = await claimed();
      await releaseBatch(db(), lost, { state: 'due' });
      const held = await claimed('other');
      expect(await releaseBatch(db(), lost, { state: 'held' })).to.equal(false);
      expect(await markSending(db(), lost)).to.equal(false);
      expect(await batchNow(held)).to.deep.equal(held);
    });

    it('is marked before it is sent, once, and cannot be given back then', async () => {
      await add();
      const batch = await claimed();
      expect(await markSending(db(), batch)).to.equal(true);
      expect(await markSending(db(), batch)).to.equal(false);
      expect(await releaseBatch(db(), batch, { state: 'due' })).to.equal(false);
      expect((await batchNow(batch))?.state).to.equal('sending');
    });
  });

  describe('beat', () => {
    it('raises what its owner still works on, and nothing else', async () => {
      await Promise.all([add(), add(), add()]);
      const [mine, givenUp, foreign] = [await claimed(), await claimed(), await claimed('other')];
      await beat(db(), 'me', { batches: [mine._id, foreign._id], tasks: [] });
      expect((await batchNow(mine))?.beat).to.equal(mine.beat + 1);
      expect((await batchNow(givenUp))?.beat).to.equal(givenUp.beat);
      expect((await batchNow(foreign))?.beat).to.equal(foreign.beat);
    });

    it('raises nothing that is over', async () => {
      const done = await add({ state: 'done', owner: 'me' });
      const sending = await addTask({ state: 'sending', owner: 'me' });
      await beat(db(), 'me', { batches: [done._id], tasks: [sending._id] });
      expect([(await batchNow(done))?.beat, (await taskNow(sending))?.beat]).to.deep.equal([0, 0]);
    });

    it('raises the task that is being planned', async () => {
      await addTask();
      const planning = (await claimTask(db(), 'me', LANES))!;
      await beat(db(), 'me', { batches: [], tasks: [planning._id] });
      await beat(db(), 'other', { batches: [], tasks: [planning._id] });
      expect((await taskNow(planning))?.beat).to.equal(planning.beat + 1);
    });
  });

  it('are seen by everybody while they are held', async () => {
    await Promise.all([add(), add(), add(), add({ state: 'done' })]);
    const [claimedBatch, sending] = [await claimed(), await claimed('other')];
    await markSending(db(), sending);
    await addTask();
    const planning = (await claimTask(db(), 'me', LANES))!;
    const seen = await heldLeases(db());
    expect(seen).to.have.deep.members([
      seenOf(claimedBatch),
      seenOf(sending),
      { kind: 'task', _id: planning._id, beat: planning.beat, fence: planning.fence },
    ]);
  });

  describe('a dead lease', () => {
    it('is seized by one, and its old holder can write no more', async () => {
      await add();
      const dead = await claimed('dead');
      const seized = await Promise.all(
        ['a', 'b', 'c', 'd'].map((owner) => seizeBatch(db(), seenOf(dead), owner)),
      );
      const [winner, ...others] = seized.filter((batch) => batch != null);
      expect(others).to.deep.equal([]);
      expect(winner?.fence).to.equal(dead.fence + 1);
      expect(await markSending(db(), dead)).to.equal(false);
    });

    it('is not seized when it lives after all, or is over', async () => {
      await add();
      const alive = await claimed('alive');
      await beat(db(), 'alive', { batches: [alive._id], tasks: [] });
      expect(await seizeBatch(db(), seenOf(alive), 'me')).to.equal(null);
      const done = await add({ state: 'done' });
      expect(await seizeBatch(db(), seenOf(done), 'me')).to.equal(null);
    });

    it('makes an unsure batch due again, as one that may have arrived', async () => {
      await add();
      const dead = await claimed('dead');
      await markSending(db(), dead);
      const seized = (await seizeBatch(db(), seenOf(dead), 'me'))!;
      expect(seized.state).to.equal('sending');
      await resendUnsure(db(), dead);
      expect((await batchNow(seized))?.state).to.equal('sending');
      await resendUnsure(db(), seized);
      expect(await batchNow(seized))
        .to.include({ state: 'due', maybe: true, lastReason: 'worker-died' })
        .and.not.to.have.property('owner');
    });

    it('gives a task to the next planner, once', async () => {
      await addTask({ planCursor: new Types.ObjectId() });
      const dead = (await claimTask(db(), 'dead', LANES))!;
      const { _id, beat: at, fence } = dead;
      const seen = { kind: 'task' as const, _id, beat: at, fence };
      const freed = await Promise.all([1, 2, 3].map(() => freeTask(db(), seen)));
      expect(freed.filter(Boolean)).to.have.length(1);
      const next = await claimTask(db(), 'me', LANES);
      expect(next).to.deep.include({ _id, state: 'planning', planCursor: dead.planCursor });
      expect(next?.fence).to.be.above(fence);
    });

    it('leaves the task to a planner that lives after all', async () => {
      await addTask();
      const alive = (await claimTask(db(), 'alive', LANES))!;
      await beat(db(), 'alive', { batches: [], tasks: [alive._id] });
      const { _id, beat: at, fence } = alive;
      expect(await freeTask(db(), { kind: 'task', _id, beat: at, fence })).to.equal(false);
      expect(await taskNow(alive)).to.include({ state: 'planning', owner: 'alive' });
    });
  });

  describe('claimTask', () => {
    it('takes the task that has waited longest, and none that does not wait', async () => {
      for (const state of ['scheduled', 'planning', 'sending', 'paused', 'done'] as const) {
        await addTask({ state, createdAt: later(-9_999) });
      }
      await addTask({ createdAt: later(-5) });
      const oldest = await addTask({ createdAt: later(-500) });
      expect(await claimTask(db(), 'me', LANES)).to.deep.include({
        _id: oldest._id,
        owner: 'me',
        fence: 1,
      });
    });

    it('never gives a task to two planners', async () => {
      await Promise.all(Array.from({ length: 10 }, () => addTask()));
      const claims = await Promise.all(
        Array.from({ length: 30 }, (_, nth) => claimTask(db(), `planner-${nth}`, LANES)),
      );
      const ids = claims.flatMap((one) => (one == null ? [] : [one._id.toHexString()]));
      expect(ids).to.have.length(10);
      expect(new Set(ids).size).to.equal(10);
    });
  });
});
