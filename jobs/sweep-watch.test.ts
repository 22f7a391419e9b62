import { expect } from 'chai';
import { dbOf } from '../models/database.js';
import { testDatabase } from '../test/support/mongo.js';
import { createSweepWatch, SWEEP_JOB } from './sweep-watch.js';

const HOUR_MS = 3_600_000;

describe('the sweep watch', () => {
  const database = testDatabase();
  const jobs = () => dbOf(database().connection).collection(SWEEP_JOB.collection);
  const nobody = () => undefined;
  const log = { debug: nobody, info: nobody, warn: nobody, error: nobody };

  const watch = () => {
    const clock = { ms: 0 };
    const db = dbOf(database().connection);
    const sweepWatch = createSweepWatch({ db, monotonic: () => clock.ms, log });
    return { clock, look: () => sweepWatch.look() };
  };
  const inAnHour = () => new Date(Date.now() + HOUR_MS);
  const write = async (fields: object): Promise<void> => {
    await jobs().deleteMany({});
    await jobs().insertOne({ name: SWEEP_JOB.name, ...fields });
  };
  const isDue = async (): Promise<boolean> =>
    (await jobs().findOne({
      name: SWEEP_JOB.name,
      nextRunAt: { $lte: new Date(Date.now() - HOUR_MS) },
      lockedAt: null,
    })) != null;

  for (const [what, fields] of [
    ['is due in an hour', { nextRunAt: inAnHour(), lastRunAt: new Date(), lockedAt: null }],
    ['never ran', { nextRunAt: inAnHour() }],
    ['is locked until then', { nextRunAt: new Date(), lastRunAt: null, lockedAt: inAnHour() }],
  ] as const) {
    it(`makes a sweep due that stands still and ${what}`, async () => {
      const { clock, look } = watch();
      await write(fields);
      await look();
      for (clock.ms = 0; clock.ms < 20_000; clock.ms += 5_000) await look();
      expect(await isDue()).to.equal(false);
      clock.ms = 21_000;
      await look();
      expect(await isDue()).to.equal(true);
    });
  }

  it('blames nobody for the time in which it could not look', async () => {
    const { clock, look } = watch();
    await write({ nextRunAt: inAnHour(), lastRunAt: new Date(), lockedAt: null });
    await look();
    clock.ms = 21_000;
    await look();
    expect(await isDue()).to.equal(false);
    for (; clock.ms <= 42_000; clock.ms += 5_000) await look();
    expect(await isDue()).to.equal(true);
  });

  it('leaves one alone that goes on', async () => {
    const { clock, look } = watch();
    await write({ nextRunAt: inAnHour(), lastRunAt: new Date(1), lockedAt: null });
    await look();
    await jobs().updateOne({}, { $set: { lastRunAt: new Date(2) } });
    for (clock.ms = 5_000; clock.ms < 25_000; clock.ms += 5_000) await look();
    expect(await isDue()).to.equal(false);
  });
});
