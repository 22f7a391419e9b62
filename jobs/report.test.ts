import { expect } from 'chai';
import { Types } from 'mongoose';
import {
  ACCOUNT_KEY_BYTES,
  type Batch,
  batches,
  DEVICE_BYTES,
  packKeys,
  unpack,
} from '../models/batch.js';
import { type Delivery, deliveries, deliveryId } from '../models/delivery.js';
import { claimBatch, markSending } from '../models/lease.js';
import { ledgerBalances, readLedger } from '../models/ledger.js';
import type { Task } from '../models/task.js';
import { jobContext, someBatch, someIds, someTask } from '../test/support/job-context.js';
import { testDatabase } from '../test/support/mongo.js';
import type { Again, BatchResult, Ended } from './batch-result.js';
import type { JobContext } from './context.js';
import { report } from './report.js';

const SECOND_MS = 1_000;

describe('report', () => {
  const database = testDatabase();
  let jobs: JobContext;
  let nowMs: number;
  let task: Task;

  const db = () => jobs.parts.db;

  /** A batch of that many devices that this process is sending. */
  const sending = async (devices: number, change: Partial<Batch> = {}) => {
    const ids = someIds(devices);
    await batches(db()).insertOne(someBatch(task, { ids, ...change }));
    const batch = (await claimBatch(db(), 'default', jobs.parts.owner, {
      now: new Date(nowMs),
    }))!;
    expect(await markSending(db(), batch)).to.equal(true);
    return { batch, ids };
  };
  const stored = () =>
    batches(db()).find({ task: task._id }).sort({ _id: 1 }).toArray() as Promise<Batch[]>;
  const followUps = async () => (await stored()).filter(({ first }) => !first);
  const rows = () =>
    deliveries(db(), task.deliveriesIn).find().sort({ _id: 1 }).toArray() as Promise<Delivery[]>;

  const accepted = (index: number): Ended => ({
    index,
    state: 'accepted',
    messageId: `m-${index}`,
  });
  const again = (index: number, change: Partial<Again> = {}): Again => ({
    index,
    reason: 'busy',
    afterMs: 0,
    countsAsAttempt: true,
    maybe: false,
    ...change,
  });
  const write = (batch: Batch, result: Partial<BatchResult>) =>
    report(jobs, task, batch, { ended: [], again: [], ...result });

  before(async () => {
    nowMs = Date.parse('2026-01-10T12:00:00Z');
    jobs = await jobContext(database().connection, { now: () => nowMs });
  });
  beforeEach(async () => {
    task = someTask({ expiresAt: new Date(nowMs + 3_600 * SECOND_MS) });
    await deliveries(db(), task.deliveriesIn).deleteMany({});
    await batches(db()).deleteMany({});
  });

  it('writes a row for each device that ended, and the counts into the batch', async () => {
    const { batch, ids } = await sending(3);
    const ended: Ended[] = [
      { index: 2, state: 'failed', reason: 'too.large $x' },
      accepted(0),
      { index: 1, state: 'suppressed', reason: 'no-consent' },
    ];
    expect(await write(batch, { ended })).to.deep.equal({ written: true, taskEnded: false });
    const shown = (await rows()).map(({ _id: _id, ...row }) => row);
    const at = { v: 'sandbox', p: 'default', t: new Date(nowMs) };
    expect(shown).to.deep.equal([
      { d: ids[0], s: 'accepted', m: 'm-0', n: 1, ...at },
      // It was not sent, so it was not tried.
      { d: ids[1], s: 'suppressed', r: 'no-consent', n: 0, ...at },
      { d: ids[2], s: 'failed', r: 'too_large__x', n: 1, ...at },
    ]);
    const [done] = await stored();
    expect(done).to.deep.include({
      state: 'done',
      counts: { accepted: 1, 'suppressed:no-consent': 1, 'failed:too_large__x': 1 },
      movedOn: 0,
      size: 3,
      doneAt: new Date(nowMs),
    });
    expect(done).not.to.have.any.keys('devices', 'tokens', 'accounts', 'data', 'owner');
  });

  context('when the lease was lost', () => {
    it('writes nothing at all', async () => {
      const { batch } = await sending(4);
      await batches(db()).updateOne({ _id: batch._id }, { $inc: { fence: 1 } });
      const before = await stored();
      const result = await write(batch, {
        ended: [accepted(0)],
        again: [again(1), again(2, { maybe: true })],
        stragglers: [3],
      });
      expect(result).to.deep.equal({ written: false, taskEnded: false });
      expect(await stored()).to.deep.equal(before);
      expect(await rows()).to.deep.equal([]);
    });

    it('writes nothing when another has reported already', async () => {
      const { batch } = await sending(1);
      const successor = { ...batch, fence: batch.fence + 1 };
      await batches(db()).updateOne({ _id: batch._id }, { $inc: { fence: 1 } });
      await write(successor, { ended: [accepted(0)] });
      const late = await write(batch, { ended: [{ index: 0, state: 'failed', reason: 'late' }] });
      expect(late).to.deep.equal({ written: false, taskEnded: false });
      expect((await rows()).map(({ s }) => s)).to.deep.equal(['accepted']);
    });
  });

  it('is a success when its own commit had been made and only the answer was lost', async () => {
    const { batch } = await sending(1);
    expect(await write(batch, { ended: [accepted(0)] })).to.include({ written: true });
    const before = [await stored(), await rows()];
    expect(await write(batch, { ended: [accepted(0)] })).to.include({ written: true });
    expect([await stored(), await rows()]).to.deep.equal(before);
  });

  context('when a device has a row already', () => {
    it('keeps that row, writes those of the others, and counts what the rows say', async () => {
      const { batch, ids } = await sending(4);
      const there = (index: number, row: Pick<Delivery, 's' | 'r'>): Delivery => ({
        _id: deliveryId(task._id.id, ids[index]!.id),
        d: ids[index]!,
        v: 'sandbox',
        p: 'default',
        n: 1,
        t: new Date(nowMs),
        ...row,
      });
      await deliveries(db(), task.deliveriesIn).insertMany([
        there(1, { s: 'accepted' }),
        there(2, { s: 'unknown', r: 'worker-died' }),
      ]);
      const before = await rows();
      const result = await write(batch, {
        ended: [
          accepted(0),
          { index: 1, state: 'unknown', reason: 'worker-died' },
          accepted(2),
          accepted(3),
        ],
      });
      expect(result).to.deep.equal({ written: true, taskEnded: false });
      const after = await rows();
      expect(after.map(({ s }) => s)).to.deep.equal([
        'accepted',
        'accepted',
        'unknown',
        'accepted',
      ]);
      expect(after.slice(1, 3)).to.deep.equal(before);
      const [done] = await stored();
      expect(done).to.deep.include({
        state: 'done',
        size: 4,
        movedOn: 0,
        counts: { accepted: 3, 'unknown:worker-died': 1 },
      });
      const ledger = await readLedger(db(), task._id);
      expect(ledgerBalances(ledger)).to.equal(true);
    });

    it('keeps the first where one batch holds it twice', async () => {
      const [id] = someIds(1);
      const { batch } = await sending(0, { ...someBatch(task, { ids: [id!, id!] }) });
      await write(batch, { ended: [accepted(0), { index: 1, state: 'failed', reason: 'gone' }] });
      expect((await rows()).map(({ s, m }) => [s, m])).to.deep.equal([['accepted', 'm-0']]);
      const [done] = await stored();
      expect(done).to.deep.include({ state: 'done', size: 2, counts: { accepted: 2 } });
    });

    it('writes nothing all the same when the lease was lost', async () => {
      const { batch, ids } = await sending(1);
      await batches(db()).updateOne({ _id: batch._id }, { $inc: { fence: 1 } });
      await write({ ...batch, fence: batch.fence + 1 }, { ended: [accepted(0)] });
      const other = await sending(1, { ...someBatch(task, { ids, sequence: 1 }) });
      await batches(db()).updateOne({ _id: other.batch._id }, { $inc: { fence: 1 } });
      const late = await write(other.batch, { ended: [accepted(0)] });
      expect(late).to.deep.equal({ written: false, taskEnded: false });
      expect((await stored()).map(({ state }) => state)).to.deep.equal(['done', 'sending']);
    });
  });

  it('moves each device that is tried again into one follow-up, grouped by why and when', async () => {
    const { batch, ids } = await sending(6);
    const { nextAt } = await write(batch, {
      ended: [accepted(0)],
      again: [
        again(4),
        again(1),
        again(2, { reason: 'quota', countsAsAttempt: false, afterMs: 60_000 }),
        again(3, { maybe: true }),
        again(5, { afterMs: 60_000 }),
      ],
    });
    const after = (await followUps()).map((one) => ({
      ids: unpack(one.devices, DEVICE_BYTES).map((id) => id.toString('hex')),
      attempt: one.attempt,
      waits: one.waits,
      maybe: one.maybe,
      lastReason: one.lastReason,
    }));
    const hex = (...indexes: number[]) => indexes.map((index) => ids[index]?.toHexString());
    expect(after).to.have.deep.members([
      { ids: hex(1, 4), attempt: 2, waits: 0, maybe: false, lastReason: 'busy' },
      { ids: hex(2), attempt: 1, waits: 1, maybe: false, lastReason: 'quota' },
      { ids: hex(3), attempt: 2, waits: 0, maybe: true, lastReason: 'busy' },
      { ids: hex(5), attempt: 2, waits: 0, maybe: false, lastReason: 'busy' },
    ]);
    for (const one of await followUps()) {
      expect(one).to.include({ state: 'due', first: false, movedOn: 0, fence: 0 });
      expect(one).not.to.have.any.keys('owner', 'doneAt');
      expect(one.expiresAt).to.deep.equal(batch.expiresAt);
    }
    const earliest = Math.min(...(await followUps()).map(({ notBefore }) => notBefore.getTime()));
    expect(nextAt?.getTime()).to.equal(earliest);
    expect(earliest).to.be.at.least(nowMs + SECOND_MS);
  });

  it('tries nobody again earlier than any device of the same follow-up may be', async () => {
    const { batch } = await sending(2);
    await write(batch, { again: [again(0, { afterMs: 1_001 }), again(1, { afterMs: 1_499 })] });
    const [follow, ...others] = await followUps();
    expect(others).to.deep.equal([]);
    expect(follow?.notBefore.getTime()).to.be.at.least(nowMs + 1_499);
  });

  it('tries again no later than the task expires, so that it ends on time', async () => {
    const { batch } = await sending(1);
    await write(batch, { again: [again(0, { afterMs: 86_400 * SECOND_MS })] });
    const [follow] = await followUps();
    expect(follow?.notBefore).to.deep.equal(batch.expiresAt);
  });

  it('keeps tokens, accounts and data with their devices', async () => {
    const keys = [0, 1, 2, 3].map((fill) => Buffer.alloc(ACCOUNT_KEY_BYTES, fill));
    const { batch } = await sending(4, {
      tokens: ['t0', 't1', 't2', 't3'],
      accounts: packKeys(keys),
      data: [null, { code: '1' }, null, { code: '3' }],
    });
    await write(batch, { ended: [accepted(0), accepted(2)], again: [again(3), again(1)] });
    const [follow] = await followUps();
    expect(follow?.tokens).to.deep.equal(['t1', 't3']);
    expect(follow?.data).to.deep.equal([{ code: '1' }, { code: '3' }]);
    expect(unpack(follow?.accounts, ACCOUNT_KEY_BYTES)).to.deep.equal([keys[1], keys[3]]);
  });

  it('hands stragglers to a batch that this process is already sending', async () => {
    const { batch, ids } = await sending(3);
    const result = await write(batch, { ended: [accepted(1)], stragglers: [0, 2] });
    expect(result.nextAt).to.equal(undefined);
    const [stored] = await followUps();
    expect(stored).to.deep.equal(result.stragglers);
    expect(stored).to.include({ state: 'sending', first: false, size: 2, attempt: 1, fence: 1 });
    expect(stored).to.include({ owner: jobs.parts.owner });
    const members = unpack(stored?.devices, DEVICE_BYTES).map((id) => new Types.ObjectId(id));
    expect(members).to.deep.equal([ids[0], ids[2]]);
    expect(await write(stored!, { ended: [accepted(0), accepted(1)] })).to.include({
      written: true,
    });
    expect((await rows()).map(({ d }) => d)).to.deep.equal(ids);
  });

  it('keeps the books balanced at every step: a size is its counts and what moved on', async () => {
    const { batch } = await sending(6);
    const { stragglers } = await write(batch, {
      ended: [accepted(0), { index: 1, state: 'failed', reason: 'refused' }],
      again: [again(2), again(3, { reason: 'quota' })],
      stragglers: [4, 5],
    });
    const first = await readLedger(db(), task._id);
    expect(first).to.include({ targeted: 6, pending: 4 });
    expect(ledgerBalances(first)).to.equal(true);
    await write(stragglers!, { ended: [accepted(0)], again: [again(1)] });
    const second = await readLedger(db(), task._id);
    expect(second).to.include({ targeted: 6, pending: 3 });
    expect(ledgerBalances(second)).to.equal(true);
    const done = (await stored()).filter(({ state }) => state === 'done');
    expect(done).to.have.length(2);
    for (const { size, counts, movedOn } of done) {
      const ended = Object.values(counts).reduce((sum, count) => sum + count, 0);
      expect(size).to.equal(ended + movedOn);
    }
  });
});
