// Tokens die by evidence: what a vendor says of many is doubted until it also reaches somebody. The simulator is the witness.
import { isDeepStrictEqual } from 'node:util';
import { expect } from 'chai';
import { Types } from 'mongoose';
import { Registry } from 'prom-client';
import { vendorSettings } from '../demo/vendor-settings.js';
import { createMetrics } from '../jobs/metrics.js';
import { openHashSecret } from '../models/app-secrets.js';
import type { Device, DeviceState } from '../models/device.js';
import { tokenKey } from '../models/token-key.js';
import { vendorProfileId, vendorProfileModel } from '../models/vendor-profile.js';
import { sealSettings } from '../models/vendor-settings.js';
import {
  type ApnsSimulator,
  apnsToken,
  type Simulators,
  startApnsSimulator,
  startSimulators,
} from '../simulators/index.js';
import { makeTransport } from '../transport/index.js';
import type { Transport } from '../transport/transport.js';
import { type EngineTest, engineTest } from './support/engine.js';
import { credentialCache } from './support/fake-network.js';
import { testDatabase } from './support/mongo.js';
import { until } from './support/until.js';

const PATIENT = { withinMs: 240_000, everyMs: 200 };
const AT_A_TIME = 100;

describe('tokens that a vendor calls dead', function () {
  this.timeout(600_000);
  const database = testDatabase();
  let simulators: Simulators;
  let development: ApnsSimulator;
  let transport: Transport;
  let registry: Registry;
  let test: EngineTest;

  before(async () => {
    simulators = await startSimulators();
    development = await startApnsSimulator({ environment: 'sandbox' });
  });
  after(async () => {
    await development.close();
    await simulators.close();
  });
  beforeEach(async () => {
    simulators.apns.reset();
    development.reset();
    transport = makeTransport('own', { allowPrivateEndpoints: true, closeTimeoutMs: 20 });
    registry = new Registry();
    test = await engineTest(database().connection, {
      adapterDeps: { transport, credentials: credentialCache(), now: Date.now },
      metrics: createMetrics(registry, { depth: () => Promise.resolve([]) }),
    });
    await test.addProfile('apns', vendorSettings(simulators).apns);
  });
  afterEach(async () => {
    await test.engine.stop(2_000);
    await transport.close();
    for (const name of ['batches', 'tasks', 'profile_rests', 'token_evidence'])
      await database().connection.collection(name).deleteMany({});
  });

  const devices = () => test.parts.db.collection<Device>('devices');
  const addMany = async (tokens: readonly string[]): Promise<Types.ObjectId[]> => {
    const secret = openHashSecret(test.parts.secretBox, test.app);
    const now = new Date();
    const rows = tokens.map(
      (token): Device => ({
        _id: new Types.ObjectId(),
        app: test.app._id,
        vendor: 'apns',
        profile: 'default',
        token,
        tokenKey: tokenKey(secret, 'apns', token),
        tags: [],
        consent: { push: 'granted', purposes: {} },
        state: 'active',
        registeredAt: now,
        createdAt: now,
        updatedAt: now,
      }),
    );
    await devices().insertMany(rows);
    return rows.map(({ _id }) => _id);
  };
  const tokensOf = (count: number, seed: string, answer?: Parameters<typeof apnsToken>[1]) =>
    Array.from({ length: count }, (_, index) => apnsToken(`${seed}-${index}`, answer));
  const allEnded = (what: string): Promise<void> =>
    until(
      what,
      async () =>
        (await test.parts.db
          .collection('tasks')
          .countDocuments({ app: test.app._id, endedAt: { $exists: false } })) === 0,
      PATIENT,
    );
  const sendEach = async (ids: readonly Types.ObjectId[]): Promise<void> => {
    for (let start = 0; start < ids.length; start += AT_A_TIME) {
      const some = ids.slice(start, start + AT_A_TIME);
      await Promise.all(
        some.map((id) => test.accept({ audience: { devices: [id.toHexString()] } })),
      );
    }
    await allEnded('every task has ended');
  };
  /** How many of these devices are in each state. */
  const statesOf = async (ids: readonly Types.ObjectId[]) => {
    const groups = await devices()
      .aggregate<{ _id: DeviceState; count: number }>([
        { $match: { _id: { $in: [...ids] } } },
        { $group: { _id: '$state', count: { $sum: 1 } } },
      ])
      .toArray();
    return Object.fromEntries(groups.map(({ _id, count }) => [_id, count]));
  };
  /** What was learnt of tokens is written behind the report, and with it behind the end of the task. */
  const expectStates = async (
    ids: readonly Types.ObjectId[],
    expected: Record<string, number>,
  ): Promise<void> => {
    const areThere = async (): Promise<boolean> => isDeepStrictEqual(await statesOf(ids), expected);
    // Those that do not come are shown by the line below.
    await until('the tokens are as expected', areThere).catch(() => undefined);
    expect(await statesOf(ids)).to.deep.equal(expected);
  };
  const isClosed = async (): Promise<boolean> => (await test.engine.rests(test.app._id)).size === 0;

  it('forgets nobody when the profile is set to the wrong environment', async () => {
    const ids = await addMany(tokensOf(2_000, 'development', 'sandbox'));
    await sendEach(ids);
    await expectStates(ids, { suspect: 2_000 });
    await until('the alarm is raised', async () =>
      (await registry.metrics()).includes('pigeonpost_token_guard_alarms_total{'),
    );
    expect(await isClosed()).to.equal(true);

    // The operator mends the setting: everybody is reached, and nobody is doubted any more.
    const id = vendorProfileId(test.app._id, 'apns', 'default');
    const kind = test.parts.vendors.get('apns')!;
    const mended = {
      ...vendorSettings(simulators).apns,
      environment: 'sandbox',
      endpoint: development.url,
    };
    const { value } = kind.settings.validate(mended);
    await vendorProfileModel(database().connection).updateOne(
      { _id: id },
      {
        $set: { ...sealSettings(id, value, kind, test.parts.secretBox), updatedAt: new Date() },
        $inc: { revision: 1 },
      },
    );
    test.engine.vendorChanged(test.app._id, 'apns', 'default');
    await test.accept({ audience: { all: true } });
    await allEnded('the task to everybody has ended');
    await expectStates(ids, { active: 2_000 });
    expect(development.counts().delivered).to.equal(2_000);
  });

  it('stops nobody else’s push after an import of invented tokens', async () => {
    const invented = await addMany(tokensOf(1_000, 'invented', 'BadDeviceToken'));
    const [person] = await addMany([apnsToken('person')]);
    await test.accept({ audience: { devices: invented.map((id) => id.toHexString()) } });
    await allEnded('the import was tried');
    expect(await isClosed()).to.equal(true);
    await test.accept({ audience: { devices: [person!.toHexString()] } });
    await allEnded('the code was sent');
    expect(simulators.apns.countsOf(apnsToken('person')).delivered).to.equal(1);
    await expectStates([person!], { active: 1 });
    await expectStates(invented, { suspect: 1_000 });
  });

  it('forgets the dead among the living, with date and reason, and keeps who registered since', async () => {
    const living = await addMany(tokensOf(90, 'living'));
    const dead = await addMany(tokensOf(10, 'dead', 'Unregistered-long-ago'));
    // Apple calls these dead since 30 days ago: one of them was registered after that.
    const monthsAgo = new Date(Date.now() - 90 * 86_400_000);
    const [back, ...others] = dead;
    await devices().updateMany({ _id: { $in: others } }, { $set: { registeredAt: monthsAgo } });
    const startedAt = new Date();
    const all = [...living, ...dead].map((id) => id.toHexString());
    const task = await test.accept({ audience: { devices: all } });
    await test.ended(task);
    await expectStates(living, { active: 90 });
    await expectStates([back!], { active: 1 });
    await expectStates(others, { gone: 9 });
    const kept = await devices().findOne({ _id: others[0]! });
    expect(kept).to.include({ stateReason: 'Unregistered' });
    expect(kept?.stateAt).to.be.above(startedAt);
    const next = await test.accept({ audience: { devices: [others[0]!.toHexString()] } });
    await test.ended(next);
    expect(await test.rows(next)).to.deep.equal([
      { device: others[0]!.toHexString(), state: 'suppressed', reason: 'token-gone' },
    ]);
  });
});
