import { expect } from 'chai';
import fc from 'fast-check';
import type { mongo } from 'mongoose';
import { someBatch, someTask } from '../test/support/job-context.js';
import { testDatabase } from '../test/support/mongo.js';
import {
  type Batch,
  batches,
  batchIndexes,
  countKey,
  DELIVERY_STATES,
  followUpBatchId,
  LEDGER_INDEX,
} from './batch.js';
import { dbOf } from './database.js';
import {
  hasOpenBatch,
  LEDGER_PROJECTION,
  type Ledger,
  ledgerBalances,
  readLedger,
  sumLedger,
  withOpenBatch,
} from './ledger.js';
import { inTransaction } from './transaction.js';

interface Line {
  vendor: string;
  state: Batch['state'];
  first: boolean;
  size: number;
  movedOn: number;
  counts: Record<string, number>;
}

const REASONS = [undefined, 'refused', 'no-consent', 'a:b'] as const;
const vendor = fc.constantFrom('fcm', 'apns', '');
const count = fc.tuple(
  fc.constantFrom(...DELIVERY_STATES),
  fc.constantFrom(...REASONS),
  fc.integer({ min: 1, max: 1_000 }),
);

/** What a chain of batches leaves behind: whoever was moved on is in the next one. */
const chain: fc.Arbitrary<Line[]> = fc
  .tuple(
    vendor,
    fc.array(fc.array(count, { maxLength: 4 }), { maxLength: 4 }),
    fc.integer({ min: 0, max: 1_000 }),
    fc.constantFrom('due' as const, 'held' as const, 'claimed' as const, 'sending' as const),
  )
  .map(([name, reports, pending, state]) => {
    const lines: Line[] = [];
    let size = pending;
    if (pending > 0) {
      lines.push({ vendor: name, state, first: false, size, movedOn: 0, counts: {} });
    }
    for (const report of reports) {
      const movedOn = size;
      const counts: Record<string, number> = {};
      for (const [of, reason, devices] of report) {
        const key = countKey(of, reason);
        counts[key] = (counts[key] ?? 0) + devices;
        size += devices;
      }
      lines.push({ vendor: name, state: 'done', first: false, size, movedOn, counts });
    }
    const first = lines.at(-1);
    if (first != null) first.first = true;
    return lines;
  });

const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0);

describe('sumLedger', () => {
  it('balances for every task, as a whole and by vendor', () => {
    fc.assert(
      fc.property(fc.array(chain, { maxLength: 5 }), (chains) => {
        const lines = chains.flat();
        const ledger = sumLedger(lines);
        const targeted = sum(lines.filter(({ first }) => first).map(({ size }) => size));
        expect(ledger.targeted).to.equal(targeted);
        expect(ledgerBalances(ledger)).to.equal(true);
        const ofVendors = Object.values(ledger.byVendor);
        for (const { targeted, pending, ...states } of ofVendors) {
          expect(targeted).to.equal(pending + sum(Object.values(states)));
        }
        expect(sum(ofVendors.map((one) => one.targeted))).to.equal(ledger.targeted);
        expect(sum(ofVendors.map((one) => one.pending))).to.equal(ledger.pending);
        for (const state of DELIVERY_STATES) {
          const reasons = sum(Object.values(ledger.reasons[state] ?? {}));
          expect(reasons).to.be.at.most(ledger.states[state]);
          expect(sum(ofVendors.map((one) => one[state]))).to.equal(ledger.states[state]);
        }
      }),
    );
  });

  it('sums reasons by state, and takes only the first colon for its own', () => {
    const line = { vendor: 'fcm', state: 'done', first: true, size: 9, movedOn: 0 } as const;
    const counts = { accepted: 2, 'failed:a:b': 3, 'failed:c': 1, 'suppressed:a:b': 3 };
    const { reasons, states } = sumLedger([{ ...line, counts }]);
    expect(reasons).to.deep.equal({ failed: { 'a:b': 3, c: 1 }, suppressed: { 'a:b': 3 } });
    expect(states).to.include({ accepted: 2, failed: 4, suppressed: 3, unknown: 0 });
  });

  it('files devices that no vendor was named for under none', () => {
    const counts = { 'suppressed:not-registered': 2 };
    const { byVendor } = sumLedger([
      { vendor: '', state: 'done', first: true, size: 2, movedOn: 0, counts } as Line,
    ]);
    expect(Object.keys(byVendor)).to.deep.equal(['none']);
  });

  it('tells books that do not balance', () => {
    const ledger: Ledger = sumLedger([]);
    expect(ledgerBalances(ledger)).to.equal(true);
    expect(ledgerBalances({ ...ledger, targeted: 1 })).to.equal(false);
    expect(ledgerBalances({ ...ledger, pending: 1 })).to.equal(false);
  });
});

describe('the ledger of a task', () => {
  const database = testDatabase();
  const db = (): mongo.Db => dbOf(database().connection);
  const task = someTask();

  before(async () => {
    await batches(db()).createIndexes(batchIndexes);
    const others = Array.from({ length: 20 }, () => someBatch(someTask(), { size: 1_000 }));
    const counts = { accepted: 4, 'failed:refused': 1 };
    await batches(db()).insertMany([
      ...others,
      someBatch(task, { state: 'done', size: 7, movedOn: 2, counts }),
      someBatch(task, { _id: followUpBatchId(task._id), first: false, size: 2, state: 'held' }),
      someBatch(task, { sequence: 1, size: 3, vendor: 'apns' }),
    ]);
  });

  it('holds its own batches only', async () => {
    const ledger = await readLedger(db(), task._id);
    expect(ledger).to.include({ targeted: 10, pending: 5 });
    expect(ledger.byVendor['sandbox']).to.include({ targeted: 7, pending: 2, accepted: 4 });
    expect(ledger.byVendor['apns']).to.include({ targeted: 3, pending: 3 });
    expect(ledger.reasons).to.deep.equal({ failed: { refused: 1 } });
  });

  it('is read from the index alone, without touching a batch', async () => {
    const plan = (await batches(db())
      .find({ task: task._id }, { projection: LEDGER_PROJECTION, hint: LEDGER_INDEX })
      .explain('executionStats')) as { executionStats: Record<string, unknown> };
    expect(plan.executionStats).to.include({
      nReturned: 3,
      totalKeysExamined: 3,
      totalDocsExamined: 0,
    });
  });

  it('balances at every moment, while batches report into follow-ups', async () => {
    const busy = someTask();
    const SIZE = 8;
    const firsts = Array.from({ length: 12 }, (_, sequence) =>
      someBatch(busy, { sequence, size: SIZE }),
    );
    await batches(db()).insertMany(firsts);
    const reportOn = async (batch: Batch): Promise<void> => {
      const half = batch.size / 2;
      const next = someBatch(busy, { _id: followUpBatchId(busy._id), first: false, size: half });
      await inTransaction(database().connection, async (session) => {
        const counts = { accepted: half };
        const done = { $set: { state: 'done' as const, counts, movedOn: half } };
        await batches(db()).updateOne({ _id: batch._id }, done, { session });
        await batches(db()).insertOne(next, { session });
      });
      if (half > 1) await reportOn(next);
    };
    let isOver = false;
    const reports = Promise.all(firsts.map(reportOn)).then(() => {
      isOver = true;
    });
    while (!isOver) {
      const ledger = await readLedger(db(), busy._id);
      expect(ledger.targeted).to.equal(firsts.length * SIZE);
      expect(ledgerBalances(ledger)).to.equal(true);
    }
    await reports;
    expect(await readLedger(db(), busy._id)).to.include({ pending: firsts.length });
  });

  it('has an open batch as long as one is not done', async () => {
    expect(await hasOpenBatch(db(), task._id)).to.equal(true);
    expect(await hasOpenBatch(db(), someTask()._id)).to.equal(false);
    const done = someTask();
    await batches(db()).insertOne(someBatch(done, { state: 'done' }));
    expect(await hasOpenBatch(db(), done._id)).to.equal(false);
  });

  it('tells tasks with an open batch from others, many at a time', async () => {
    const [done, held] = [someTask(), someTask()];
    await batches(db()).insertOne(someBatch(done, { state: 'done' }));
    await batches(db()).insertOne(someBatch(held, { state: 'held' }));
    const open = await withOpenBatch(db(), [task._id, done._id, held._id, someTask()._id]);
    expect([...open]).to.have.members([task._id.toHexString(), held._id.toHexString()]);
  });
});
