import { expect } from 'chai';
import fc from 'fast-check';
import type { mongo } from 'mongoose';
import { testDatabase } from '../test/support/mongo.js';
import { dbOf } from './database.js';
import {
  grantPermits,
  LONGEST_LEAD_MS,
  LONGEST_SLICE_MS,
  PACING,
  type Pace,
  type PermitGrant,
  pacingFactors,
  RAMP_START,
  SLOWED_TO,
  slowDown,
  USED_OF_QUOTA,
} from './pacing.js';

const THOUSAND: Pace = { perSecond: 1_000 };
const START_MS = Date.parse('2026-01-10T12:00:00Z');
const HOUR_MS = 3_600_000;
const RATE = THOUSAND.perSecond * USED_OF_QUOTA;

const lengthMs = ({ count, perSecond }: PermitGrant): number => (count * 1_000) / perSecond;

describe('permits', () => {
  const database = testDatabase();
  const db = (): mongo.Db => dbOf(database().connection);
  let keys = 0;
  /** Asks of one key, at instants of the test's choice. */
  const asker = (pace: Pace = THOUSAND) => {
    const key = `shop/fcm/profile-${(keys += 1)}`;
    return {
      key,
      ask: (atMs: number, wanted = 10_000, asked = pace) =>
        grantPermits(db(), { key, pace: asked, wanted }, new Date(START_MS + atMs)),
      askAhead: (atMs: number, leadMs: number, wanted = 10_000) =>
        grantPermits(db(), { key, pace, wanted, leadMs }, new Date(START_MS + atMs)),
      slow: (atMs: number) => slowDown(db(), key, new Date(START_MS + atMs)),
    };
  };

  it('begin at once when nobody else sends, and last no longer than a slice', async () => {
    const { ask } = asker();
    const grant = await ask(0);
    expect(grant).to.deep.include({ delayMs: 0, atMs: START_MS, perSecond: RATE });
    expect(lengthMs(grant)).to.be.within(LONGEST_SLICE_MS - 2, LONGEST_SLICE_MS);
  });

  it('are no more than was asked for', async () => {
    const { ask } = asker();
    expect((await ask(0, 3)).count).to.equal(3);
  });

  it('follow each other without a gap and without touching', async () => {
    const { ask } = asker();
    const first = await ask(0);
    const second = await ask(0);
    const third = await ask(50);
    expect(second.delayMs).to.be.closeTo(lengthMs(first), 0.001);
    expect(third.delayMs + 50).to.be.closeTo(lengthMs(first) + lengthMs(second), 0.001);
  });

  it('are not saved up: what nobody asked for is lost', async () => {
    const { ask } = asker();
    await ask(0);
    expect(await ask(10_000)).to.deep.include({ delayMs: 0 });
    expect((await ask(10_000)).delayMs).to.be.closeTo(LONGEST_SLICE_MS, 2);
  });

  it('get shorter the more processes ask, and are refused a second ahead', async () => {
    const { ask } = asker();
    const grants = await Promise.all(Array.from({ length: 60 }, () => ask(0)));
    const given = grants.filter(({ count }) => count > 0);
    const refused = grants.filter(({ count }) => count === 0);
    expect(Math.max(...given.map(({ delayMs }) => delayMs))).to.be.at.most(1_000);
    expect(Math.min(...given.map(lengthMs))).to.be.below(45);
    expect(refused).not.to.deep.equal([]);
    for (const { delayMs } of refused) expect(delayMs).to.be.within(0, LONGEST_SLICE_MS);
  });

  it('of a slow pace come one at a time', async () => {
    const { ask } = asker({ perSecond: 2 });
    const first = await ask(0);
    expect(first.count).to.equal(1);
    expect((await ask(0)).delayMs).to.be.closeTo(1_000 / (2 * USED_OF_QUOTA), 0.001);
  });

  it('are counted for each key alone', async () => {
    const [one, other] = [asker(), asker()];
    await one.ask(0);
    expect((await other.ask(0)).delayMs).to.equal(0);
  });

  it('begin when their answer has come, and last until the next one can', async () => {
    const { ask, askAhead } = asker();
    const first = await askAhead(0, 300);
    expect(first.delayMs).to.equal(300);
    expect(lengthMs(first)).to.be.at.least(300);
    // What is granted already is further ahead.
    expect((await askAhead(100, 300)).delayMs).to.be.closeTo(200 + lengthMs(first), 0.001);
    expect(await ask(10_000)).to.deep.include({ delayMs: 0 });
  });

  it('begin within a second, however long the answer takes', async () => {
    const { askAhead } = asker();
    expect((await askAhead(0, 60_000)).delayMs).to.equal(LONGEST_LEAD_MS);
  });

  it('obey a changed pace with the next grant', async () => {
    const { ask } = asker();
    await ask(0);
    expect((await ask(10, 10_000, { perSecond: 100 })).perSecond).to.equal(100 * USED_OF_QUOTA);
  });

  it('use the clock of the database where no other is given', async () => {
    const before = Date.now();
    const grant = await grantPermits(db(), { key: 'a/b/c', pace: THOUSAND, wanted: 1 });
    expect(grant.atMs).to.be.within(before - 1_000, Date.now() + 1_000);
  });

  it('are given to two that are the first to ask at the same time', async () => {
    const ask = { key: 'first/of/all', pace: THOUSAND, wanted: 1 };
    const grants = await Promise.all(Array.from({ length: 20 }, () => grantPermits(db(), ask)));
    expect(grants.reduce((sum, { count }) => sum + count, 0)).to.equal(20);
  });

  context('when the database’s clock is set', () => {
    it('go on within two seconds after an hour back', async () => {
      const { ask } = asker();
      await ask(0);
      await ask(0);
      const grant = await ask(-HOUR_MS);
      expect(grant.count).to.be.above(0);
      expect(grant.delayMs).to.be.at.most(2 * LONGEST_SLICE_MS);
      expect((await ask(-HOUR_MS + 1_000)).delayMs).to.equal(0);
    });

    it('go on at once after an hour forth', async () => {
      const { ask } = asker();
      await ask(0);
      expect((await ask(HOUR_MS)).delayMs).to.equal(0);
    });
  });

  it('never lie in two slices, whoever asks when', async function () {
    this.timeout(60_000);
    const step = fc.record({
      afterMs: fc.nat(400),
      wanted: fc.integer({ min: 1, max: 500 }),
      leadMs: fc.constantFrom(0, 0, 7, 260, 1_000),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 3, maxLength: 15 }),
        fc.integer({ min: 1, max: 20_000 }),
        async (steps, perSecond) => {
          const { askAhead } = asker({ perSecond });
          let nowMs = 0;
          let untilMs = 0;
          for (const { afterMs, wanted, leadMs } of steps) {
            nowMs += afterMs;
            const grant = await askAhead(nowMs, leadMs, wanted);
            if (grant.count === 0) continue;
            expect(grant.count).to.be.at.most(wanted);
            const fromMs = nowMs + grant.delayMs;
            expect(fromMs).to.be.at.least(Math.max(nowMs, untilMs) - 0.01);
            untilMs = fromMs + lengthMs(grant);
          }
        },
      ),
      { numRuns: 40 },
    );
  });

  describe('after a complaint', () => {
    it('are fewer, and come back in the course of a minute', async () => {
      const { ask, slow } = asker();
      await ask(0);
      expect(await slow(100)).to.equal(true);
      expect((await ask(100)).perSecond).to.be.closeTo(RATE * SLOWED_TO, 10);
      const rates: number[] = [];
      for (let ms = 1_000; ms <= 30_000; ms += 1_000) rates.push((await ask(ms)).perSecond);
      expect(rates).to.deep.equal(rates.toSorted((one, other) => one - other));
      expect(rates[4]).to.be.below(RATE * 0.85);
      expect(rates.at(-1)).to.equal(RATE);
    });

    it('do not become more while nobody sends', async () => {
      const { ask, slow } = asker();
      await ask(0);
      await slow(0);
      expect((await ask(600_000)).perSecond).to.be.closeTo(RATE * SLOWED_TO, RATE * 0.02);
    });

    it('count it once a second, whoever complains', async () => {
      const { ask, slow } = asker();
      await ask(0);
      const slowed = await Promise.all([slow(0), slow(0), slow(0), slow(0)]);
      expect(slowed.filter(Boolean)).to.have.length(1);
      expect([await slow(500), await slow(999)]).to.deep.equal([false, false]);
      expect(await slow(2_000)).to.equal(true);
      expect((await ask(2_000)).perSecond).to.be.closeTo(RATE * SLOWED_TO ** 2, RATE * 0.05);
    });

    it('count it also when the clock was set back', async () => {
      const { ask, slow } = asker();
      await ask(0);
      await slow(0);
      expect(await slow(-HOUR_MS)).to.equal(true);
    });

    it('never stop altogether', async () => {
      const { ask, slow } = asker();
      await ask(0);
      for (let second = 0; second < 60; second += 1) await slow(second * 1_000);
      expect((await ask(60_000)).perSecond).to.be.at.least(RATE * 0.01);
    });
  });

  describe('of a vendor that wants to be approached slowly', () => {
    const FCM_LIKE: Pace = { perSecond: 10_000, rampUpSeconds: 60 };
    const full = FCM_LIKE.perSecond * USED_OF_QUOTA;

    it('begin with a tenth and are all there after a minute of use', async () => {
      const { ask } = asker(FCM_LIKE);
      expect((await ask(0)).perSecond).to.be.closeTo(full * RAMP_START, 1);
      for (let second = 1; second <= 30; second += 1) await ask(second * 1_000);
      expect((await ask(30_500)).perSecond).to.be.closeTo(full * 0.55, full * 0.02);
      for (let second = 31; second <= 61; second += 1) await ask(second * 1_000);
      expect((await ask(61_500)).perSecond).to.be.closeTo(full, 1);
    });

    it('begin with a tenth again after a rest', async () => {
      const { ask } = asker(FCM_LIKE);
      for (let second = 0; second <= 61; second += 1) await ask(second * 1_000);
      expect((await ask(90_000)).perSecond).to.be.closeTo(full, 1);
      expect((await ask(160_000)).perSecond).to.be.closeTo(full * RAMP_START, 1);
    });
  });

  it('tell how much of the full rate is allowed', async () => {
    const { key, ask, slow } = asker();
    await ask(0);
    await slow(0);
    const factors = await pacingFactors(db(), [key, 'never/heard/of']);
    expect([...factors]).to.deep.equal([[key, SLOWED_TO]]);
  });

  it('leave one small document for each key', async () => {
    const { key, ask } = asker();
    await ask(0);
    const [kept] = await db().collection<{ _id: string }>(PACING).find({ _id: key }).toArray();
    expect(Object.keys(kept ?? {}).toSorted()).to.deep.equal(
      ['_id', 'factor', 'grant', 'grantedAt', 'until', 'usedAt'].toSorted(),
    );
  });
});
