import { expect } from 'chai';
import type { Types } from 'mongoose';
import type { Adapter, Vendor } from '../../adapters/adapter.js';
import { loadVendor } from '../../adapters/index.js';
import { LATE } from '../../adapters/late.js';
import { batches } from '../../models/batch.js';
import { claimBatch } from '../../models/lease.js';
import { readLedger } from '../../models/ledger.js';
import { PACING, pacingFactors } from '../../models/pacing.js';
import type { Task } from '../../models/task.js';
import { vendorProfileModel } from '../../models/vendor-profile.js';
import { type EngineTest, engineTest } from '../../test/support/engine.js';
import { jobContext, someBatch, someIds, someTask } from '../../test/support/job-context.js';
import { testDatabase } from '../../test/support/mongo.js';
import { until } from '../../test/support/until.js';
import { booksOf } from '../books/books.js';
import { compareBooks } from '../books/compare.js';
import { readTaskBooks } from '../books/read-task.js';
import type { OpenProfile } from '../profiles.js';

const SECOND_MS = 1_000;
const LITTLE_TIME_MS = 120_000;
/** The rate, the bucket, and what a busy machine adds between a permit and the record of it; gate.test.ts is exact. */
const MOST_OF_RATE = 1.5;

/** The sandbox, with a record of when each token was sent to. */
const witness = (vendor: Vendor, answer?: (token: string) => ReturnType<typeof outcomeOf>) => {
  const sent: { token: string; atMs: number }[] = [];
  const open: Vendor['open'] = (settings, deps): Adapter => {
    const adapter = vendor.open(settings, deps);
    return {
      ...adapter,
      async send(message, targets, signal, onOutcome) {
        const entries = targets.map(({ token }) => ({ token, atMs: performance.now() }));
        sent.push(...entries);
        if (answer != null) return targets.map(({ token }) => answer(token));
        const outcomes = await adapter.send(message, targets, signal, onOutcome);
        // Given to the adapter in the very moment in which it became too late: nothing has left.
        const late = new Set(entries.filter((_, index) => outcomes[index] === LATE));
        if (late.size > 0) sent.splice(0, sent.length, ...sent.filter((each) => !late.has(each)));
        return outcomes;
      },
    };
  };
  const between = (fromMs: number, toMs: number): number =>
    sent.filter(({ atMs }) => atMs >= fromMs && atMs < toMs).length;
  return {
    sent,
    vendors: new Map([[vendor.name, { ...vendor, open }]]),
    between,
    worstSecond: () => Math.max(...sent.map(({ atMs }) => between(atMs, atMs + SECOND_MS))),
  };
};
const outcomeOf = (cause: 'rate') =>
  ({ kind: 'try-later', reason: 'QUOTA_EXCEEDED', afterMs: 60_000, cause }) as const;

describe('pacing', function () {
  this.timeout(LITTLE_TIME_MS);
  const database = testDatabase();
  let test: EngineTest;
  let seen: ReturnType<typeof witness>;

  const start = async (
    answer?: Parameters<typeof witness>[1],
    change: Partial<Vendor> = {},
    options: Parameters<typeof engineTest>[1] = {},
  ): Promise<void> => {
    seen = witness({ ...(await loadVendor('sandbox')), ...change }, answer);
    test = await engineTest(database().connection, {
      ...options,
      vendors: seen.vendors,
    });
    await test.addProfile('sandbox');
  };
  const setRate = async (ratePerSecond: number | null): Promise<void> => {
    await vendorProfileModel(database().connection).updateOne(
      { app: test.app._id },
      { $set: { ratePerSecond }, $inc: { revision: 1 } },
    );
    test.engine.vendorChanged(test.app._id, 'sandbox', 'default');
  };
  const addDevices = (count: number, name = 'ok'): Promise<Types.ObjectId[]> =>
    Promise.all(
      Array.from({ length: count }, (_, nth) => test.addDevice(`sandbox-${name}-${nth}`)),
    );
  const balance = async ({ _id }: Pick<Task, '_id'>): Promise<number> => {
    const seen = await readTaskBooks(booksOf(database().connection), _id);
    expect(seen == null ? ['no such task'] : compareBooks(seen)).to.deep.equal([]);
    const { targeted, pending, states } = await readLedger(test.parts.db, _id);
    expect(targeted).to.equal(Object.values(states).reduce((sum, one) => sum + one, pending));
    return targeted;
  };

  afterEach(() => test.engine.stop(10_000));

  it('sends at the rate of the profile, evenly, each device once', async () => {
    await start();
    await setRate(100);
    const devices = await addDevices(300);
    const task = await test.accept({ audience: { devices: devices.map(String) } });
    await until('some are sent', () => seen.sent.length > 100);
    expect(await balance(task)).to.equal(300);
    await test.ended(task);
    expect(new Set(seen.sent.map(({ token }) => token)).size).to.equal(300);
    expect(seen.sent).to.have.length(300);
    expect(seen.worstSecond()).to.be.at.most(100 * MOST_OF_RATE);
    const firstMs = seen.sent[0]?.atMs ?? 0;
    const lastMs = seen.sent.at(-1)?.atMs ?? 0;
    expect(lastMs - firstMs).to.be.above(2_500);
    expect(await balance(task)).to.equal(300);
    expect((await test.rows(task)).filter(({ state }) => state === 'accepted')).to.have.length(300);
  });

  it('gives way to a transactional push while a campaign waits for its turn', async () => {
    await start();
    await setRate(50);
    const devices = await addDevices(400);
    const campaign = await test.accept({
      audience: { devices: devices.map(String) },
      lane: 'campaign',
    });
    await until('the campaign is being sent', () => seen.sent.length > 20);
    const code = await test.addDevice('sandbox-ok-code');
    await test.accept({ audience: { devices: [String(code)] }, lane: 'transactional' });
    const sentBefore = seen.sent.length;
    const place = () => seen.sent.findIndex(({ token }) => token.endsWith('code'));
    await until('the code has left', () => place() >= 0);
    // Behind the campaign it would have been the last of 401.
    expect(place() - sentBefore).to.be.below(100);
    await test.engine.control(test.app._id, campaign._id, 'cancel');
    await test.ended(campaign);
    expect(await balance(campaign)).to.equal(400);
  });

  it('holds a waiting campaign back from no other profile', async () => {
    await start();
    await setRate(5);
    await test.addProfile('sandbox', {}, 'other');
    const slow = await addDevices(500);
    const campaign = await test.accept({ audience: { devices: slow.map(String) } });
    await until('the campaign is being sent', () => seen.sent.length > 2);
    const quick = await Promise.all(
      Array.from({ length: 50 }, (_, nth) =>
        test.addDevice(`sandbox-ok-other-${nth}`, { profile: 'other' }),
      ),
    );
    const other = await test.accept({ audience: { devices: quick.map(String) } });
    await test.ended(other);
    expect((await test.taskNow(campaign)).endedAt).to.equal(undefined);
    expect(await balance(campaign)).to.equal(500);
  });

  it('sends a task at the rate its caller chose, whatever the profile allows', async () => {
    await start();
    const devices = await addDevices(150);
    const task = await test.accept({
      audience: { devices: devices.map(String) },
      ratePerSecond: 50,
    });
    await test.ended(task);
    expect(seen.sent).to.have.length(150);
    const lastMs = seen.sent.at(-1)?.atMs ?? 0;
    expect(lastMs - (seen.sent[0]?.atMs ?? 0)).to.be.above(2_500);
    expect(seen.worstSecond()).to.be.at.most(50 * MOST_OF_RATE);
  });

  it('changes the rate of a running task within a second', async () => {
    await start();
    const devices = await addDevices(1_000);
    const task = await test.accept({
      audience: { devices: devices.map(String) },
      ratePerSecond: 100,
    });
    await until('it is being sent', () => seen.sent.length > 50);
    await test.engine.setRate(test.app._id, task._id, 10);
    const changedMs = performance.now();
    await until('three seconds have passed', () => performance.now() > changedMs + 3 * SECOND_MS);
    // Of 20; 200 at the rate before.
    expect(seen.between(changedMs + SECOND_MS, changedMs + 3 * SECOND_MS)).to.be.within(1, 100);
    await test.engine.setRate(test.app._id, task._id, null);
    await test.ended(task);
    expect(seen.sent).to.have.length(1_000);
    expect(await balance(task)).to.equal(1_000);
  });

  it('changes the rate of a profile within a second, for batches that wait too', async () => {
    await start();
    await setRate(5);
    const devices = await addDevices(600);
    const task = await test.accept({ audience: { devices: devices.map(String) } });
    await until('it is being sent', () => seen.sent.length > 2);
    await setRate(null);
    await test.ended(task);
    expect(seen.sent).to.have.length(600);
  });

  it('sends nothing more of a task that is paused, and all of it after it is resumed', async () => {
    await start();
    await setRate(20);
    const devices = await addDevices(120);
    const task = await test.accept({ audience: { devices: devices.map(String) } });
    await until('it is being sent', () => seen.sent.length > 5);
    await test.engine.control(test.app._id, task._id, 'pause');
    const pausedMs = performance.now();
    await until('four seconds have passed', () => performance.now() > pausedMs + 4 * SECOND_MS);
    // Twice as long as it takes on a machine that has nothing else to do; forty at its rate.
    expect(seen.between(pausedMs + 2 * SECOND_MS, Number.POSITIVE_INFINITY)).to.equal(0);
    expect(await balance(task)).to.equal(120);
    await test.engine.control(test.app._id, task._id, 'resume');
    await test.ended(task);
    expect(new Set(seen.sent.map(({ token }) => token)).size).to.equal(120);
    expect((await test.rows(task)).filter(({ state }) => state === 'accepted')).to.have.length(120);
  });

  it('ends on time what did not get its turn before the task expired', async () => {
    await start();
    await setRate(10);
    const devices = await addDevices(300);
    const expiresAt = new Date(Date.now() + 5 * SECOND_MS);
    const task = await test.accept({ audience: { devices: devices.map(String) }, expiresAt });
    const ended = await test.ended(task);
    // All turns take 30 seconds, and what nobody fetches is found after minutes.
    expect((ended.endedAt?.getTime() ?? 0) - expiresAt.getTime()).to.be.below(20 * SECOND_MS);
    const states = new Set((await test.rows(task)).map(({ state }) => state));
    expect([...states].toSorted()).to.deep.equal(['accepted', 'expired']);
    expect(seen.sent.length).to.be.below(150);
    expect(await balance(task)).to.equal(300);
  });

  it('slows down when the vendor says that it is too fast, and burns no attempt', async () => {
    await start(() => outcomeOf('rate'));
    await setRate(100);
    const devices = await addDevices(100);
    const task = await test.accept({ audience: { devices: devices.map(String) } });
    const key = `${test.app._id}/sandbox/default`;
    await until('the rate is lowered', async () => {
      const factor = (await pacingFactors(test.parts.db, [key])).get(key) ?? 1;
      return factor < 0.75;
    });
    await until('all were sent once', () => seen.sent.length >= 100);
    await until('all wait to be tried again', async () => {
      const waiting = await batches(test.parts.db)
        .find({ task: task._id, lastReason: 'QUOTA_EXCEEDED' })
        .toArray();
      expect(waiting.every(({ attempt, maybe }) => attempt === 1 && !maybe)).to.equal(true);
      return waiting.reduce((sum, { size, movedOn }) => sum + size - movedOn, 0) === 100;
    });
    await test.engine.control(test.app._id, task._id, 'cancel');
  });

  it('is what a vendor declares where nobody set another rate', async () => {
    await start(undefined, { pacing: { perSecond: 40 } });
    const devices = await addDevices(100);
    const task = await test.accept({ audience: { devices: devices.map(String) } });
    await test.ended(task);
    expect(seen.worstSecond()).to.be.at.most(40 * MOST_OF_RATE);
  });

  it('fetches nothing more for a vendor that does not answer than one profile may have in a lane', async () => {
    let answer = (): void => undefined;
    const answered = new Promise<void>((resolve) => (answer = resolve));
    const open: Vendor['open'] = () => ({
      async send(_message, targets) {
        await answered;
        return targets.map(() => ({ kind: 'accepted' }));
      },
    });
    // One place for each profile, and one more: any devices fill the first.
    await start(undefined, { open }, { batchesInFlight: 1, timings: { stragglerMs: 20_000 } });
    await setRate(100);
    const devices = await addDevices(300);
    const task = await test.accept({ audience: { devices: devices.map(String) } });
    await until('some are sent', () => seen.sent.length > 20);
    const sinceMs = performance.now();
    await until('its pace allows two hundred more', () => performance.now() - sinceMs > 2_200);
    expect(seen.sent).to.have.length.below(130);
    expect(await balance(task)).to.equal(300);
    answer();
    await test.ended(task);
    expect(seen.sent).to.have.length(300);
    expect(await balance(task)).to.equal(300);
  });

  it('asks the database nothing for what is not paced', async () => {
    await start();
    const devices = await addDevices(20);
    const task = await test.accept({ audience: { devices: devices.map(String) } });
    await test.ended(task);
    const kept = await test.parts.db.collection(PACING).countDocuments({
      _id: { $regex: `^${test.app._id}/` } as never,
    });
    expect(kept).to.equal(0);
  });
});

describe('a batch that waits for its pace and that nobody fetches', () => {
  const database = testDatabase();
  const LONG_MS = 10 * 60_000;

  it('keeps its turn when it is found by the ordinary way and has to wait again', async () => {
    let nowMs = Date.parse('2026-01-10T12:00:00Z');
    const { parts, pacing } = await jobContext(database().connection, { now: () => nowMs });
    const task = someTask({ expiresAt: new Date(nowMs + LONG_MS) });
    const open: OpenProfile = {
      id: 'sandbox/default',
      vendor: await loadVendor('sandbox'),
      profile: 'default',
      settings: {},
      revision: 1,
      ratePerSecond: 2,
      adapter: () => {
        throw new Error('Nothing is sent here');
      },
    };
    const sizes = [1, 5, 6];
    await batches(parts.db).insertMany(
      sizes.map((size, sequence) => someBatch(task, { sequence, ids: someIds(size) })),
    );
    const admitNext = async () => {
      const due = { now: new Date(nowMs) };
      const batch = await claimBatch(parts.db, 'default', parts.owner, due);
      return batch && { size: batch.size, share: await pacing.admit(task, batch, open) };
    };
    const turns = async () => {
      const waiting = await batches(parts.db).find({ state: 'due' }).toArray();
      return waiting.map(({ size, parked }) => [size, parked?.turn]).toSorted();
    };
    const first = await admitNext();
    expect(first?.share?.batch.size).to.equal(1);
    expect((await admitNext())?.share).to.equal(null);
    nowMs += 1;
    expect((await admitNext())?.share).to.equal(null);
    const before = await turns();
    expect(before.map(([size]) => size)).to.deep.equal([5, 6]);
    nowMs += 6 * 60_000;
    for (const size of [5, 6]) {
      const found = await admitNext();
      expect(found).to.deep.equal({ size, share: null });
    }
    expect(await turns()).to.deep.equal(before);
    first?.share?.leave();
  });
});
