import { expect } from 'chai';
import type { Types } from 'mongoose';
import type { Adapter, Vendor } from '../adapters/adapter.js';
import { loadVendor } from '../adapters/index.js';
import { type App, appModel } from '../models/app.js';
import { newAppSecrets, openHashSecret } from '../models/app-secrets.js';
import { batches } from '../models/batch.js';
import { erasureOf, forgetErasure, markErased, recordErasure } from '../models/erasure.js';
import { vendorProfileModel } from '../models/vendor-profile.js';
import { sealSettings } from '../models/vendor-settings.js';
import { registered } from '../test/support/engine.js';
import { jobContext, someBatch, someTask } from '../test/support/job-context.js';
import { testDatabase } from '../test/support/mongo.js';
import { until } from '../test/support/until.js';
import { accept } from './accept.js';
import type { JobContext } from './context.js';
import { FRESH_MS } from './dispatch.js';
import type { AcceptRequest } from './engine.js';
import { erase, eraseForgotten } from './erase.js';
import { createLanes, type Lanes } from './lanes.js';

describe('an erasure', function () {
  this.timeout(60_000);
  const database = testDatabase();
  /** When each token was sent to. */
  const sent: { token: string; atMs: number }[] = [];
  let jobs: JobContext;
  let lanes: Lanes;
  let app: App;

  /** The sandbox, but it notes whom it was told to send to. */
  const noting = (sandbox: Vendor): Vendor => ({
    ...sandbox,
    open: (settings, deps): Adapter => {
      const adapter = sandbox.open(settings, deps);
      return {
        ...adapter,
        send(message, targets, ...rest) {
          for (const { token } of targets) sent.push({ token, atMs: performance.now() });
          return adapter.send(message, targets, ...rest);
        },
      };
    },
  });

  before(async () => {
    const { connection } = database();
    const sandbox = noting(await loadVendor('sandbox'));
    jobs = await jobContext(connection, { vendors: new Map([['sandbox', sandbox]]) });
    lanes = createLanes(jobs);
    const { secretBox } = jobs.parts;
    const created = await appModel(connection).create({
      _id: 'shop',
      name: 'shop',
      ...newAppSecrets(secretBox, 'shop').sealed,
      allowRawTokens: false,
      retentionDays: 90,
      createdAt: new Date(),
    });
    app = created.toObject();
    const id = 'shop/sandbox/default';
    await vendorProfileModel(connection).create({
      _id: id,
      app: 'shop',
      vendor: 'sandbox',
      profile: 'default',
      ...sealSettings(id, {}, sandbox, secretBox),
      revision: 1,
      updatedAt: new Date(),
    });
  });
  after(() => lanes.stop());

  const addDevice = (token: string, account?: string) =>
    registered(database().connection, openHashSecret(jobs.parts.secretBox, app), {
      app: 'shop',
      token,
      ...(account == null ? {} : { account }),
    });
  const devicesOf = (account: string): Promise<number> =>
    jobs.parts.db.collection('devices').countDocuments({ account });

  it('knows of a push that was accepted with older knowledge and is not written yet', async () => {
    const token = 'sandbox-accept-known';
    const device = await addDevice(token);
    let open = (): void => undefined;
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const slowly: JobContext = {
      ...jobs,
      writes: {
        ...jobs.writes,
        plan: async (planned) => {
          await gate;
          return jobs.writes.plan(planned);
        },
      },
    };
    const request: AcceptRequest = {
      app,
      by: 'test',
      input: {
        audience: { devices: [device.toHexString()] },
        message: { title: 'Hello', silent: false, priority: 'high', purpose: 'service' },
        lane: 'default',
        ifUnsure: 'resend',
      },
    };
    const accepting = accept(slowly, request, { session: undefined, door: lanes });
    // It has read the device by the time it waits at the gate; only then is the device erased.
    await until('the device is known', () => lanes.busy().includes('default'));
    const erased = erase(jobs, 'shop', { device }).then((result) => ({
      result,
      atMs: performance.now(),
    }));
    const startedMs = performance.now();
    let answered = false;
    void erased.then(() => {
      answered = true;
    });
    // Late, but while what it knows is fresh enough to be sent by.
    await until(
      'it could be answered too early',
      () => answered || performance.now() > startedMs + FRESH_MS / 2,
    );
    open();
    await accepting;
    const { result, atMs } = await erased;
    expect(result).to.deep.equal({ devices: 1, mayStillArrive: false });
    await lanes.drained('default');
    const late = sent.filter((one) => one.token === token && one.atMs > atMs);
    expect(late).to.deep.equal([]);
  });

  context('when it is asked for once more while it waits', () => {
    /** Erases while a batch is said to be on its way, asks again, and lets the batch end. */
    const twice = async (what: Parameters<typeof erase>[2], device: Types.ObjectId) => {
      const { db } = jobs.parts;
      const onItsWay = someBatch(someTask(), {
        ids: [device],
        state: 'sending',
        owner: 'other',
        fence: 1,
      });
      await batches(db).insertOne(onItsWay);
      const first = erase(jobs, 'shop', what);
      await until('it waits', async () => {
        const { erased } = (await erasureOf(db, 'shop', what)) ?? {};
        return erased != null;
      });
      const second = erase(jobs, 'shop', what);
      let answered = 0;
      const answers = Promise.all(
        [first, second].map((each) => each.finally(() => (answered += 1))),
      );
      const sinceMs = performance.now();
      await until('both could be answered', () => performance.now() > sinceMs + 3 * FRESH_MS);
      expect(answered).to.equal(0);
      expect(await db.collection('erasures').countDocuments()).to.equal(1);
      await batches(db).updateOne({ _id: onItsWay._id }, { $set: { state: 'done' } });
      const results = await answers;
      expect(await db.collection('erasures').countDocuments()).to.equal(0);
      return results;
    };

    it('answers the same for a device', async () => {
      const device = await addDevice('sandbox-accept-twice');
      const same = { devices: 1, mayStillArrive: false };
      expect(await twice({ device }, device)).to.deep.equal([same, same]);
      // Then it is over.
      expect(await erase(jobs, 'shop', { device })).to.deep.include({ devices: 0 });
    });

    it('answers the same for an account', async () => {
      await addDevice('sandbox-accept-both-1', 'eve');
      const device = await addDevice('sandbox-accept-both-2', 'eve');
      const same = { devices: 2, mayStillArrive: false };
      expect(await twice({ account: 'eve' }, device)).to.deep.equal([same, same]);
    });

    it('erases whoever has come to the account since then', async () => {
      const { db } = jobs.parts;
      const earlier = await recordErasure(db, 'shop', { account: 'kim' }, new Date());
      await markErased(db, earlier, { devices: 4, ids: new Set() });
      await addDevice('sandbox-accept-anew', 'kim');
      expect(await erase(jobs, 'shop', { account: 'kim' })).to.include({ devices: 1 });
      expect(await devicesOf('kim')).to.equal(0);
      await forgetErasure(db, earlier);
    });
  });

  it('whose process died while it waited takes nobody who has opted in anew', async () => {
    const { db } = jobs.parts;
    const left = await recordErasure(db, 'shop', { account: 'zoe' }, new Date(Date.now() - 60_000));
    await markErased(db, left, { devices: 1, ids: new Set() });
    await addDevice('sandbox-accept-zoe', 'zoe');
    await eraseForgotten(jobs);
    expect(await devicesOf('zoe')).to.equal(1);
    expect(await db.collection('erasures').countDocuments()).to.equal(0);
  });

  it('that was left unfinished is carried out later, and not by whoever looks too early', async () => {
    await addDevice('sandbox-accept-1', 'ann');
    await addDevice('sandbox-accept-2', 'ann');
    const { db } = jobs.parts;
    await recordErasure(db, 'shop', { account: 'ann' }, new Date());
    await eraseForgotten(jobs);
    expect(await devicesOf('ann')).to.equal(2);
    await db.collection('erasures').updateMany({}, { $set: { at: new Date(Date.now() - 60_000) } });
    await eraseForgotten(jobs);
    expect(await devicesOf('ann')).to.equal(0);
    expect(await db.collection('erasures').countDocuments()).to.equal(0);
  });
});
