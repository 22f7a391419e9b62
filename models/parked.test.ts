import { expect } from 'chai';
import type { mongo } from 'mongoose';
import { someBatch, someIds, someTask } from '../test/support/job-context.js';
import { testDatabase } from '../test/support/mongo.js';
import { type Batch, batches, batchIndexes, packIds } from './batch.js';
import { dbOf } from './database.js';
import { claimBatch, markSending, releaseBatch } from './lease.js';
import { readLedger } from './ledger.js';
import {
  type Closed,
  claimParked,
  parkBatch,
  parkedIndexes,
  parkedKeys,
  splitBatch,
  unparkAll,
} from './parked.js';
import { setAside } from './rest.js';

const NOW = new Date('2026-01-10T12:00:00Z');
const LATER = new Date('2026-01-10T12:05:00Z');

describe('parked batches', () => {
  const database = testDatabase();
  const db = (): mongo.Db => dbOf(database().connection);
  const task = someTask();
  let sequence = 0;

  const claimedBatch = async (change: Partial<Batch> = {}): Promise<Batch> => {
    const batch = someBatch(task, {
      sequence: (sequence += 1),
      state: 'claimed',
      owner: 'me',
      fence: 1,
      ...change,
    });
    await batches(db()).insertOne(batch);
    return batch;
  };
  const parking = (by: string, turn = 0) => ({ by, turn, notBefore: LATER });
  const parked = async (by: string, turn: number, change: Partial<Batch> = {}): Promise<Batch> => {
    const batch = await claimedBatch(change);
    expect(await parkBatch(db(), batch, parking(by, turn))).to.equal(true);
    return batch;
  };
  const batchNow = ({ _id }: Pick<Batch, '_id'>) => batches(db()).findOne({ _id });
  const claim = (by: string) => claimParked(db(), by, 'me', { now: NOW });

  before(() => batches(db()).createIndexes([...batchIndexes, ...parkedIndexes]));
  beforeEach(() => batches(db()).deleteMany({}));

  it('are claimed in the order of their lanes, then of their turns', async () => {
    const last = await parked('a', 1, { lane: 'campaign' });
    const second = await parked('a', 9, { lane: 'default' });
    const first = await parked('a', 30, { lane: 'transactional' });
    const third = await parked('a', 10, { lane: 'default' });
    const order: (string | undefined)[] = [];
    for (let nth = 0; nth < 5; nth += 1) order.push((await claim('a'))?._id.toString('hex'));
    expect(order).to.deep.equal([
      ...[first, second, third, last].map(({ _id }) => _id.toString('hex')),
      undefined,
    ]);
  });

  it('are claimed under a new fence, and due at once for whoever gets them back', async () => {
    const batch = await parked('a', 1);
    const claimed = await claim('a');
    expect(claimed).to.deep.include({
      state: 'claimed',
      fence: batch.fence + 1,
      owner: 'me',
      notBefore: NOW,
    });
    expect(await releaseBatch(db(), claimed!, { state: 'due' })).to.equal(true);
    expect(await batchNow(batch))
      .to.deep.include({ state: 'due', notBefore: NOW })
      .and.not.to.have.property('parked');
  });

  it('are given to one only, however many ask at a time', async () => {
    await Promise.all(Array.from({ length: 20 }, (_, nth) => parked('a', nth)));
    const claims = await Promise.all(Array.from({ length: 40 }, () => claim('a')));
    const ids = claims.flatMap((batch) => (batch == null ? [] : [batch._id.toString('hex')]));
    expect(ids).to.have.length(20);
    expect(new Set(ids).size).to.equal(20);
  });

  it('are passed over while their lane, or their profile in it, has no room', async () => {
    const crowded = await parked('a', 1, { lane: 'transactional' });
    const full = await parked('a', 2, { profile: 'full' });
    const free = await parked('a', 3);
    const lanes: Closed[] = [
      { lane: 'transactional' },
      { lane: 'default', profiles: [{ app: full.app, vendor: full.vendor, profile: 'full' }] },
      { lane: 'campaign', profiles: [{ app: free.app, vendor: free.vendor, profile: 'default' }] },
    ];
    const next = async (closed: Closed[]) =>
      (await claimParked(db(), 'a', 'me', { now: NOW, closed }))?._id;
    expect(await next(lanes)).to.deep.equal(free._id);
    expect(await next(lanes)).to.equal(undefined);
    expect(await next(lanes.slice(1))).to.deep.equal(crowded._id);
    expect(await next([])).to.deep.equal(full._id);
  });

  it('are not claimed for another pace, nor while they are held', async () => {
    await parked('a', 1);
    expect(await claim('b')).to.equal(null);
    await batches(db()).updateMany({}, { $set: { state: 'held' } });
    expect(await claim('a')).to.equal(null);
  });

  it('are found by the ordinary way in the end, and their turn with them', async () => {
    const batch = await parked('a', 1);
    expect(await claimBatch(db(), 'default', 'me', { now: NOW })).to.equal(null);
    const claimed = await claimBatch(db(), 'default', 'me', { now: LATER });
    expect(claimed?._id).to.deep.equal(batch._id);
    expect(claimed?.parked).to.deep.equal({ by: 'a', rank: 1, turn: 1 });
  });

  it('wait for their pace no more once they are sent, or set aside', async () => {
    const sent = await parked('a', 1);
    const aside = await parked('a', 2);
    for (const { _id } of [sent, aside]) {
      const claimed = (await claim('a'))!;
      expect(claimed._id).to.deep.equal(_id);
      if (_id === sent._id) expect(await markSending(db(), claimed)).to.equal(true);
      else expect(await setAside(db(), claimed, { on: 'x', code: 'resting' })).to.equal(true);
      expect(await batchNow({ _id })).not.to.have.property('parked');
    }
    expect(await claim('a')).to.equal(null);
  });

  it('cannot be parked by whoever lost the lease', async () => {
    const batch = await claimedBatch({ fence: 5 });
    expect(await parkBatch(db(), { ...batch, fence: 4 }, parking('a'))).to.equal(false);
    expect(await batchNow(batch)).to.include({ state: 'claimed', fence: 5 });
  });

  it('tell whom they wait for, each once, a step from one to the next', async () => {
    expect(await parkedKeys(db())).to.deep.equal([]);
    await Promise.all(['b', 'a', 'b', 'c', 'b'].map((by, nth) => parked(by, nth)));
    expect(await parkedKeys(db())).to.deep.equal(['a', 'b', 'c']);
  });

  it('are due like all others when nothing paces them any more', async () => {
    const [free, waiting] = [await parked('a', 1), await parked('b', 1)];
    await unparkAll(db(), 'a', NOW);
    expect(await batchNow(free))
      .to.deep.include({ notBefore: NOW })
      .and.not.to.have.property('parked');
    expect(await batchNow(waiting)).to.deep.include({ notBefore: LATER });
  });

  describe('splitting', () => {
    it('leaves some devices with the claimed batch and parks the others', async () => {
      const ids = someIds(10);
      const batch = await claimedBatch({ size: 10, devices: packIds(ids) });
      const before = await readLedger(db(), task._id);
      const head = await splitBatch(database().connection, db(), batch, 4, parking('a', 7));
      expect(head).to.include({ size: 4, state: 'claimed' });
      expect(await batchNow(batch)).to.deep.include({ size: 4, devices: packIds(ids.slice(0, 4)) });
      expect(await claim('a')).to.deep.include({ size: 6, devices: packIds(ids.slice(4)) });
      expect(await readLedger(db(), task._id)).to.deep.equal(before);
    });

    it('changes nothing for whoever lost the lease', async () => {
      const batch = await claimedBatch({ size: 3, devices: packIds(someIds(3)), fence: 2 });
      const late = { ...batch, fence: 1 };
      expect(await splitBatch(database().connection, db(), late, 1, parking('a'))).to.equal(null);
      expect(await batches(db()).countDocuments({})).to.equal(1);
      expect(await batchNow(batch)).to.include({ size: 3 });
    });
  });
});
