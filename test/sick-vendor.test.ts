// A sick vendor, or an account that it refuses, delays only itself: the simulators over TLS are the witnesses.
import { expect } from 'chai';
import { vendorSettings } from '../demo/vendor-settings.js';
import { batches } from '../models/batch.js';
import { ledgerBalances } from '../models/ledger.js';
import type { Rest } from '../models/rest.js';
import type { Task } from '../models/task.js';
import { vendorProfileId, vendorProfileModel } from '../models/vendor-profile.js';
import { sealSettings } from '../models/vendor-settings.js';
import {
  apnsToken,
  fcmToken,
  harmonyToken,
  type Simulators,
  startSimulators,
} from '../simulators/index.js';
import { makeTransport } from '../transport/index.js';
import type { Transport } from '../transport/transport.js';
import { type EngineTest, engineTest } from './support/engine.js';
import { credentialCache } from './support/fake-network.js';
import { testDatabase } from './support/mongo.js';
import { until } from './support/until.js';

const PATIENT = { withinMs: 120_000 };
/** Whoever waits behind a silent vendor waits for so long: a busy machine is done with the others sooner. */
const TIMEOUT_MS = 25_000;
const MESSAGE = {
  title: 'Hello',
  body: 'there',
  silent: false,
  priority: 'high' as const,
  purpose: 'service',
};
const TIMINGS = { breakerMs: 100 };

describe('a sick vendor', function () {
  this.timeout(300_000);
  const database = testDatabase();
  let simulators: Simulators;
  let transport: Transport;
  /** All processes share it: Apple wants one provider token in twenty minutes. */
  let credentials: ReturnType<typeof credentialCache>;
  let running: EngineTest[];
  /** Added to the monotonic clock, so that nobody sits out a rest. */
  let skippedMs: number;
  /** From then on it stands still but for that. */
  let standsAtMs: number | undefined;

  before(async () => {
    simulators = await startSimulators({ harmony: { retryAfterSeconds: 1 } });
  });
  after(() => simulators.close());
  beforeEach(() => {
    for (const each of [simulators.fcm, simulators.apns, simulators.harmony]) each.reset();
    transport = makeTransport('own', {
      allowPrivateEndpoints: true,
      timeoutMs: TIMEOUT_MS,
      closeTimeoutMs: 20,
      longestBackoffMs: 200,
    });
    credentials = credentialCache();
    running = [];
    skippedMs = 0;
    standsAtMs = undefined;
  });
  afterEach(async () => {
    await Promise.all(running.map(({ engine }) => engine.stop(2_000)));
    await transport.close();
    for (const name of ['batches', 'tasks', 'profile_rests'])
      await database().connection.collection(name).deleteMany({});
  });

  const start = async (change: Parameters<typeof engineTest>[1] = {}): Promise<EngineTest> => {
    const made = await engineTest(database().connection, {
      adapterDeps: { transport, credentials, now: Date.now },
      batchesInFlight: 2,
      monotonic: () => (standsAtMs ?? performance.now()) + skippedMs,
      timings: TIMINGS,
      ...(running[0] == null ? {} : { secretBox: running[0].parts.secretBox }),
      ...change,
    });
    running.push(made);
    return made;
  };
  type Name = 'fcm' | 'apns' | 'harmony';
  const TOKEN = { fcm: fcmToken, apns: apnsToken, harmony: harmonyToken };
  const settingsOf = (name: Name): Record<string, unknown> => vendorSettings(simulators)[name];
  /** So many tasks for a device each. */
  const send = async (test: EngineTest, vendor: Name, count: number, seed: string) => {
    const tokens = Array.from({ length: count }, (_, index) => TOKEN[vendor](`${seed}-${index}`));
    const devices = await Promise.all(tokens.map((token) => test.addDevice(token, { vendor })));
    const tasks = await Promise.all(
      devices.map((device) =>
        test.accept({ audience: { devices: [device.toHexString()] }, message: MESSAGE }),
      ),
    );
    return { tokens, tasks };
  };
  const allEnded = async (test: EngineTest, tasks: readonly Task[]): Promise<void> => {
    await until(
      'all tasks have ended',
      async () =>
        (await test.parts.db
          .collection('tasks')
          .countDocuments({ _id: { $in: tasks.map(({ _id }) => _id) }, endedAt: null })) === 0,
      PATIENT,
    );
    for (const task of tasks) {
      // The ledger is read at a snapshot that a majority has, which may be a moment old.
      await until(
        'its books are closed',
        async () => (await test.engine.report(task)).pending === 0,
      );
      const ledger = await test.engine.report(task);
      expect(ledgerBalances(ledger)).to.equal(true);
      expect(ledger.states.accepted).to.equal(1);
    }
  };
  const restOf = async (test: EngineTest, vendor: Name): Promise<Rest | undefined> =>
    (await test.engine.rests(test.app._id)).get(vendorProfileId(test.app._id, vendor, 'default'));
  const opened = (test: EngineTest, vendor: Name) =>
    until('the breaker is open', async () => (await restOf(test, vendor)) != null, PATIENT);
  const replaceSettings = async (test: EngineTest, vendor: Name, settings: object) => {
    const id = vendorProfileId(test.app._id, vendor, 'default');
    const kind = test.parts.vendors.get(vendor)!;
    const { value } = kind.settings.validate(settings);
    await vendorProfileModel(database().connection).updateOne(
      { _id: id },
      {
        $set: { ...sealSettings(id, value, kind, test.parts.secretBox), updatedAt: new Date() },
        $inc: { revision: 1 },
      },
    );
  };
  /** All batches that are open wait for the profile. */
  const allWait = async (test: EngineTest, count: number): Promise<boolean> =>
    (await batches(test.parts.db).countDocuments({
      app: test.app._id,
      state: 'due',
      waitsFor: { $exists: true },
    })) === count;
  const dueOf = (test: EngineTest) =>
    batches(test.parts.db).countDocuments({ app: test.app._id, state: 'due' });

  context('that answers nothing', () => {
    it('leaves room for others in its lane, and loses nothing', async () => {
      const sick = await start();
      const well = await start({ lanes: [] });
      await sick.addProfile('harmony', settingsOf('harmony'));
      await well.addProfile('fcm', settingsOf('fcm'));
      simulators.harmony.fault({ kind: 'silent' });
      const silent = await send(sick, 'harmony', 500, 'silent');
      const startedAt = performance.now();
      const others = await send(well, 'fcm', 10, 'well');
      await allEnded(well, others.tasks);
      // They did not wait for their turn behind all of the sick one's, nor for the breaker.
      expect(await dueOf(sick)).to.be.above(0);
      expect(performance.now() - startedAt).to.be.below(TIMEOUT_MS);
      simulators.harmony.reset();
      skippedMs += 300_000;
      await allEnded(sick, silent.tasks);
      for (const token of silent.tokens)
        expect(simulators.harmony.countsOf(token).delivered).to.be.at.least(1);
    });
  });

  context('that answers everybody with errors', () => {
    it('is asked with one push now and then, until it answers', async () => {
      const test = await start();
      await test.addProfile('harmony', settingsOf('harmony'));
      // Its 503 would mean that we send too fast.
      simulators.harmony.fault({ kind: 'html-502' });
      const sent = await send(test, 'harmony', 60, 'storm');
      await opened(test, 'harmony');
      // However long the machine takes for all that comes, only what is skipped counts.
      standsAtMs = performance.now();
      expect(await restOf(test, 'harmony')).to.include({ cause: 'vendor-trouble' });
      await until(
        'everything is out of the way',
        async () =>
          (await batches(test.parts.db).countDocuments({
            app: test.app._id,
            state: { $in: ['claimed', 'sending'] },
          })) === 0,
      );
      const asked = () => simulators.harmony.counts().received;
      const before = asked();
      skippedMs += 5_000;
      await until('it is asked again', () => asked() > before, PATIENT);
      await until(
        'the rest is longer',
        async () => (await restOf(test, 'harmony'))?.restMs === 10_000,
        PATIENT,
      );
      expect(asked() - before).to.equal(1);
      simulators.harmony.reset();
      skippedMs += 10_000;
      await allEnded(test, sent.tasks);
      expect(await restOf(test, 'harmony')).to.equal(undefined);
      const stored = await batches(test.parts.db).find({ app: test.app._id }).toArray();
      expect(Math.max(...stored.map(({ attempt }) => attempt))).to.equal(1);
    });

    it('cannot be reached: the same', async () => {
      const test = await start();
      // Nobody listens on port 1.
      await test.addProfile('harmony', {
        ...settingsOf('harmony'),
        endpoint: 'https://127.0.0.1:1',
      });
      const sent = await send(test, 'harmony', 40, 'nowhere');
      await opened(test, 'harmony');
      expect((await restOf(test, 'harmony'))?.reason).to.contain('cannot be reached');
      await replaceSettings(test, 'harmony', settingsOf('harmony'));
      await allEnded(test, sent.tasks);
    });
  });

  context('that refuses the account', () => {
    const wrongTeam = () => ({ ...settingsOf('apns'), teamId: 'WRONGTEAM1' });

    it('is not hammered by any of several workers, and goes on once somebody stored new credentials', async () => {
      const door = await start({ lanes: [] });
      await door.addProfile('apns', wrongTeam());
      for (let worker = 0; worker < 3; worker += 1)
        await start({ app: door.app, secretBox: door.parts.secretBox });
      const first = await send(door, 'apns', 10, 'first');
      await opened(door, 'apns');
      await until('nothing is on its way', () => allWait(door, 10), PATIENT);
      const refusals = () => simulators.apns.counts().received;
      const before = refusals();
      const second = await send(door, 'apns', 50, 'second');
      await until('everything waits', () => allWait(door, 60), PATIENT);
      // Nobody but the probes, of which the clock allows a few.
      expect(refusals() - before).to.be.below(5);
      expect(await restOf(door, 'apns')).to.deep.include({
        cause: 'account-refused',
        code: 'InvalidProviderToken',
        reason: 'Apple cannot verify the key: check teamId, keyId and privateKey',
      });
      await replaceSettings(door, 'apns', settingsOf('apns'));
      await allEnded(door, [...first.tasks, ...second.tasks]);
      expect(await restOf(door, 'apns')).to.equal(undefined);
    });

    it('lets batches expire on time', async () => {
      const test = await start();
      await test.addProfile('apns', wrongTeam());
      const device = await test.addDevice(apnsToken('late'), { vendor: 'apns' });
      const audience = { devices: [device.toHexString()] };
      const [, task] = [
        await test.accept({ audience }),
        await test.accept({ audience, ttlSeconds: 8 }),
      ];
      await test.ended(task);
      expect(await test.rows(task)).to.deep.equal([
        { device: device.toHexString(), state: 'expired', reason: 'InvalidProviderToken' },
      ]);
    });

    it('leaves other profiles of the app alone', async () => {
      const test = await start();
      await test.addProfile('apns', wrongTeam());
      await test.addProfile('fcm', settingsOf('fcm'));
      await send(test, 'apns', 5, 'refused');
      await opened(test, 'apns');
      const { tasks } = await send(test, 'fcm', 5, 'well');
      await allEnded(test, tasks);
    });
  });
});
