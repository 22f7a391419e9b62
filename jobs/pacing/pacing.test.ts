import { expect } from 'chai';
import type { Types } from 'mongoose';
import type { Adapter, Vendor } from '../../adapters/adapter.js';
import { loadVendor } from '../../adapters/index.js';
import { batches } from '../../models/batch.js';
import { readLedger } from '../../models/ledger.js';
import { PACING } from '../../models/pacing.js';
import type { Task } from '../../models/task.js';
import { vendorProfileModel } from '../../models/vendor-profile.js';
import { type EngineTest, engineTest } from '../../test/support/engine.js';
import { testDatabase } from '../../test/support/mongo.js';
import { until } from '../../test/support/until.js';

const SECOND_MS = 1_000;
const LITTLE_TIME_MS = 30_000;

/** The sandbox, with a record of when each token was sent to. */
const witness = (vendor: Vendor, answer?: (token: string) => ReturnType<typeof outcomeOf>) => {
  const sent: { token: string; atMs: number }[] = [];
  const open: Vendor['open'] = (settings, deps): Adapter => {
    const adapter = vendor.open(settings, deps);
    return {
      ...adapter,
      async send(message, targets, signal, onOutcome) {
        for (const { token } of targets) sent.push({ token, atMs: performance.now() });
        if (answer == null) return adapter.send(message, targets, signal, onOutcome);
        return targets.map(({ token }) => answer(token));
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
  ): Promise<void> => {
    seen = witness({ ...(await loadVendor('sandbox')), ...change }, answer);
    test = await engineTest(database().connection, { vendors: seen.vendors });
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
    // The rate, the bucket, and what a busy machine adds between the permit and this record of it.
    expect(seen.worstSecond()).to.be.at.most(115);
    const firstMs = seen.sent[0]?.atMs ?? 0;
    const lastMs = seen.sent.at(-1)?.atMs ?? 0;
    expect(lastMs - firstMs).to.be.within(2_900, 4_500);
    expect(await balance(task)).to.equal(300);
    expect((await test.rows(task)).filter(({ state }) => state === 'accepted')).to.have.length(300);
  });
});
