import { expect } from 'chai';
import type { Types } from 'mongoose';
import { Registry } from 'prom-client';
import type { Batch } from '../models/batch.js';
import type { Device } from '../models/device.js';
import { type VendorProfile, vendorProfileId } from '../models/vendor-profile.js';
import { registered } from '../test/support/engine.js';
import { jobContext, someBatch, someTask } from '../test/support/job-context.js';
import { testDatabase } from '../test/support/mongo.js';
import type { JobContext } from './context.js';
import { createMetrics } from './metrics.js';
import { TOKEN_EVIDENCE } from './token-evidence.js';
import { createTokenGuard, isHealthy, type Learned, type TokenGuard } from './token-guard.js';

const MINUTE_MS = 60_000;
const SECRET = Buffer.alloc(32, 1);

describe('isHealthy', () => {
  const rows: [accepted: number, gone: number, healthy: boolean][] = [
    [0, 0, false],
    [0, 1, false],
    [1, 1, true],
    [1, 10, true],
    [1, 11, false],
    [1_000, 10_000, true],
    [999, 10_000, false],
  ];
  for (const [accepted, gone, healthy] of rows) {
    it(`is ${healthy} for ${accepted} accepted and ${gone} gone`, () => {
      expect(isHealthy({ accepted, gone })).to.equal(healthy);
    });
  }
});

describe('the token guard', () => {
  const database = testDatabase();
  let jobs: JobContext;
  let guard: TokenGuard;
  let registry: Registry;
  let warnings: string[];
  let nowMs: number;
  let tokens = 0;

  const devices = () => jobs.parts.db.collection<Device>('devices');
  const profiles = () => jobs.parts.db.collection<VendorProfile>('vendor_profiles');
  const setUp = (revision: number, profile = 'default') =>
    profiles().updateOne(
      { _id: vendorProfileId('shop', 'sandbox', profile) },
      {
        $set: { app: 'shop', vendor: 'sandbox', profile, revision, updatedAt: new Date(nowMs) },
      },
      { upsert: true },
    );
  const addDevices = (count: number, change: Partial<Device> = {}) =>
    Promise.all(
      Array.from({ length: count }, () =>
        registered(database().connection, SECRET, {
          app: 'shop',
          token: `token-${(tokens += 1)}`,
          registeredAt: new Date(nowMs - MINUTE_MS),
          ...change,
        }),
      ),
    );
  const state = async (id: Types.ObjectId | undefined) =>
    (await devices().findOne({ _id: id! }))?.state;
  const states = async (ids: readonly Types.ObjectId[]) =>
    new Set(await Promise.all(ids.map((id) => state(id))));

  const batchOf = (ids: readonly Types.ObjectId[], change: Partial<Batch> = {}): Batch =>
    someBatch(someTask(), { ids, ...change });
  const gone = async (
    ids: readonly Types.ObjectId[],
    { since, revision = 1, by = guard }: { since?: Date; revision?: number; by?: TokenGuard } = {},
  ): Promise<void> => {
    const stored = await devices()
      .find({ _id: { $in: [...ids] } })
      .toArray();
    const byId = new Map(stored.map((device) => [device._id.toHexString(), device.token]));
    const effect = {
      kind: 'gone' as const,
      reason: 'unregistered',
      ambiguous: false,
      ...(since == null ? {} : { since }),
    };
    const learned: Learned = {
      ended: ids.map((_id, index) => ({ index, state: 'failed', reason: effect.reason })),
      tokens: ids.map((id, index) => ({ index, token: byId.get(id.toHexString()) ?? '', effect })),
      recovered: [],
    };
    await by.learn(batchOf(ids), learned, { readAt: new Date(nowMs), revision });
  };
  const accepted = (
    count: number,
    {
      revision = 1,
      by = guard,
      profile = 'default',
    }: { revision?: number; by?: TokenGuard; profile?: string } = {},
  ): Promise<void> => {
    const ended = Array.from({ length: count }, (_, index) => ({
      index,
      state: 'accepted' as const,
    }));
    const asked = { readAt: new Date(nowMs), revision };
    return by.learn(batchOf([], { profile }), { ended, tokens: [], recovered: [] }, asked);
  };
  const alarms = async (): Promise<number> =>
    Number(
      /^pigeonpost_token_guard_alarms_total\{.*\} (\d+)$/m.exec(await registry.metrics())?.[1] ?? 0,
    );

  beforeEach(async () => {
    nowMs = Date.parse('2026-01-10T12:00:30Z');
    registry = new Registry();
    warnings = [];
    const log = {
      debug: () => {},
      info: () => {},
      warn: (message: string) => warnings.push(message),
      error: () => {},
    };
    jobs = await jobContext(database().connection, {
      now: () => nowMs,
      metrics: createMetrics(registry, { depth: () => Promise.resolve([]) }),
      log,
    });
    ({ guard } = jobs);
    await jobs.parts.db.collection(TOKEN_EVIDENCE).deleteMany({});
    await devices().deleteMany({});
    await profiles().deleteMany({});
    await setUp(1);
  });

  it('forgets a token that is gone while others of its profile are reached', async () => {
    const [device] = await addDevices(1);
    await accepted(3);
    await gone([device!]);
    expect(await devices().findOne({ _id: device! })).to.include({
      state: 'gone',
      stateReason: 'unregistered',
    });
    expect(warnings).to.deep.equal([]);
  });

  it('forgets in a batch that reached others itself', async () => {
    const ids = await addDevices(2);
    const [dead, alive] = ids;
    const token = (await devices().findOne({ _id: dead! }))?.token ?? '';
    const effect = { kind: 'gone' as const, reason: 'unregistered', ambiguous: true };
    const learned: Learned = {
      ended: [
        { index: 0, state: 'failed', reason: 'unregistered' },
        { index: 1, state: 'accepted' },
      ],
      tokens: [{ index: 0, token, effect }],
      recovered: [],
    };
    await guard.learn(batchOf(ids), learned, { readAt: new Date(nowMs), revision: 1 });
    expect([await state(dead), await state(alive)]).to.deep.equal(['gone', 'active']);
  });

  context('when a burst of tokens is called gone and nobody is reached', () => {
    it('forgets nobody, and raises the alarm once', async () => {
      const ids = await addDevices(20);
      await gone(ids);
      expect([...(await states(ids))]).to.deep.equal(['suspect']);
      await guard.review();
      await guard.review();
      expect([...(await states(ids))]).to.deep.equal(['suspect']);
      expect(await alarms()).to.equal(1);
      expect(warnings).to.have.length(1);
    });

    it('raises the alarm again when there are more of them', async () => {
      await gone(await addDevices(2));
      await guard.review();
      await gone(await addDevices(1));
      await guard.review();
      await guard.review();
      expect(await alarms()).to.equal(2);
    });

    it('forgets nobody either when they come in batches of one', async () => {
      const ids = await addDevices(5);
      for (const id of ids) await gone([id]);
      await guard.review();
      expect([...(await states(ids))]).to.deep.equal(['suspect']);
    });

    it('forgets nobody for a few successes among very many', async () => {
      const ids = await addDevices(30);
      await accepted(2);
      await gone(ids);
      await guard.review();
      expect([...(await states(ids))]).to.deep.equal(['suspect']);
      expect(await alarms()).to.equal(1);
    });

    it('is not calmed by successes of another profile', async () => {
      const ids = await addDevices(3);
      await accepted(100, { profile: 'debug' });
      await gone(ids);
      await guard.review();
      expect([...(await states(ids))]).to.deep.equal(['suspect']);
    });

    it('is not calmed by successes that are older than the window', async () => {
      const ids = await addDevices(3);
      await accepted(100);
      await guard.flush();
      nowMs += 11 * MINUTE_MS;
      await gone(ids);
      expect([...(await states(ids))]).to.deep.equal(['suspect']);
    });

    it('is not calmed by old successes that were written down late', async () => {
      const ids = await addDevices(3);
      await accepted(100);
      nowMs += 11 * MINUTE_MS;
      await gone(ids);
      await guard.review();
      expect([...(await states(ids))]).to.deep.equal(['suspect']);
    });

    it('believes the suspects once the profile reaches others', async () => {
      const ids = await addDevices(10);
      await gone(ids);
      nowMs += 2 * MINUTE_MS;
      await accepted(5);
      await guard.review();
      expect([...(await states(ids))]).to.deep.equal(['gone']);
    });

    it('never believes a suspect that has been registered again since', async () => {
      const ids = await addDevices(2);
      await gone(ids);
      await devices().updateOne(
        { _id: ids[0]! },
        { $set: { state: 'active' }, $unset: { stateReason: '', stateAt: '' } },
      );
      await accepted(5);
      await guard.review();
      expect([await state(ids[0]), await state(ids[1])]).to.deep.equal(['active', 'gone']);
    });

    it('never believes suspects from before the window', async () => {
      const ids = await addDevices(2);
      await gone(ids);
      nowMs += 11 * MINUTE_MS;
      await accepted(50);
      await gone(await addDevices(1));
      await guard.review();
      expect([...(await states(ids))]).to.deep.equal(['suspect']);
    });
  });

  context('when the operator has changed the settings', () => {
    it('does not let successes under the old ones condemn tokens under the new ones', async () => {
      const ids = await addDevices(5);
      await accepted(1_000);
      await setUp(2);
      await gone(ids, { revision: 2 });
      await guard.review();
      expect([...(await states(ids))]).to.deep.equal(['suspect']);
    });

    it('does not let successes under the new ones condemn suspects of the old ones', async () => {
      const ids = await addDevices(5);
      await gone(ids);
      nowMs += MINUTE_MS;
      await setUp(2);
      await accepted(1_000, { revision: 2 });
      const [dead] = await addDevices(1);
      await gone([dead!], { revision: 2 });
      await guard.review();
      expect([...(await states(ids))]).to.deep.equal(['suspect']);
      expect(await state(dead)).to.equal('gone');
    });

    it('hears no more of what was sent under the old ones', async () => {
      const ids = await addDevices(5);
      await accepted(1_000);
      await setUp(2);
      await gone(ids, { revision: 1 });
      expect([...(await states(ids))]).to.deep.equal(['active']);
    });
  });

  it('keeps a token that was registered again after the vendor lost it', async () => {
    const since = new Date(nowMs - 10 * MINUTE_MS);
    const [before] = await addDevices(1, { registeredAt: new Date(since.getTime() - 1) });
    const [after] = await addDevices(1, { registeredAt: new Date(since.getTime() + 1) });
    await accepted(10);
    await gone([before!, after!], { since });
    expect([await state(before), await state(after)]).to.deep.equal(['gone', 'active']);
  });

  it('keeps a token that was registered again while it was sent to', async () => {
    const [device] = await addDevices(1, { registeredAt: new Date(nowMs + 1) });
    await accepted(10);
    await gone([device!]);
    expect(await state(device)).to.equal('active');
  });

  it('keeps a device whose token is another one by now', async () => {
    const [device] = await addDevices(1);
    await accepted(10);
    const effect = { kind: 'gone' as const, reason: 'unregistered', ambiguous: false };
    await guard.learn(
      batchOf([device!]),
      { ended: [], tokens: [{ index: 0, token: 'the-one-before', effect }], recovered: [] },
      { readAt: new Date(nowMs), revision: 1 },
    );
    expect(await state(device)).to.equal('active');
  });

  it('clears a suspect that was reached after all, and nobody who is gone', async () => {
    const [suspect] = await addDevices(1, { state: 'suspect', stateReason: 'unregistered' });
    const [dead] = await addDevices(1, { state: 'gone', stateReason: 'unregistered' });
    const learned: Learned = { ended: [], tokens: [], recovered: [0, 1] };
    const asked = { readAt: new Date(nowMs), revision: 1 };
    await guard.learn(batchOf([suspect!, dead!]), learned, asked);
    expect(await devices().findOne({ _id: suspect! }))
      .to.include({ state: 'active' })
      .and.not.to.have.property('stateReason');
    expect(await state(dead)).to.equal('gone');
  });

  it('shares its evidence with other processes', async () => {
    const other = createTokenGuard(jobs.parts);
    const [device] = await addDevices(1);
    await accepted(10, { by: other });
    await other.flush();
    await gone([device!]);
    expect(await state(device)).to.equal('gone');
  });

  it('counts every success once, however many processes write at a time', async () => {
    const guards = Array.from({ length: 8 }, () => createTokenGuard(jobs.parts));
    await Promise.all(guards.map((by) => accepted(25, { by })));
    await Promise.all(guards.map((by) => by.flush()));
    await Promise.all(guards.map((by) => by.flush()));
    const slots = await jobs.parts.db.collection(TOKEN_EVIDENCE).find().toArray();
    expect(slots.map((slot) => slot['accepted'] as number)).to.deep.equal([200]);
  });
});
