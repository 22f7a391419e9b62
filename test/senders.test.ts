// Nobody is pushed to without consent, whatever way a push takes. The FCM simulator over TLS is the witness.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { Types } from 'mongoose';
import { vendorSettings } from '../demo/vendor-settings.js';
import type { TaskInput } from '../jobs/engine.js';
import type { App } from '../models/app.js';
import { openHashSecret } from '../models/app-secrets.js';
import { type Batch, batches } from '../models/batch.js';
import { block } from '../models/block-list.js';
import { campaigns, createCampaign } from '../models/campaign-store.js';
import type { Consent, Device } from '../models/device.js';
import { devicesIn } from '../models/device-store.js';
import { tasks } from '../models/lease.js';
import { savePurpose } from '../models/purpose.js';
import { checkedRecurrence } from '../models/recurrence.js';
import { rests } from '../models/rest.js';
import { LANES, type Task } from '../models/task.js';
import { accountKey, tokenKey } from '../models/token-key.js';
import { unsubscribe } from '../models/unsubscribe.js';
import { vendorProfileId } from '../models/vendor-profile.js';
import { fcmToken, type Simulators, startSimulators } from '../simulators/index.js';
import { makeTransport } from '../transport/index.js';
import type { Transport } from '../transport/transport.js';
import { type EngineTest, engineTest } from './support/engine.js';
import { credentialCache } from './support/fake-network.js';
import { testDatabase } from './support/mongo.js';
import { until } from './support/until.js';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const PURPOSE = 'marketing';
const MESSAGE = {
  title: 'Sale',
  body: 'Only today',
  silent: false,
  priority: 'high',
  purpose: PURPOSE,
} as const;
/** Long enough that no lease of a live worker dies on a busy machine. */
const LEASE_MS = 2_500;
const QUICK = { leaseMs: LEASE_MS, beatMs: 100, watchMs: 100, breakerMs: 100 };
const AGREES: Consent = {
  push: 'granted',
  purposes: { [PURPOSE]: 'granted' },
  policyVersions: { [PURPOSE]: '2' },
};

interface Person {
  readonly id: Types.ObjectId;
  readonly token: string;
  readonly account: string;
}

describe('every way to a vendor', function () {
  this.timeout(180_000);
  const database = testDatabase();
  let simulators: Simulators;
  let transport: Transport;
  let credentials: ReturnType<typeof credentialCache>;
  /** Takes tasks, and sends nothing. */
  let door: EngineTest;
  let running: EngineTest[];
  let people = 0;

  const start = async (change: Parameters<typeof engineTest>[1] = {}): Promise<EngineTest> => {
    const made = await engineTest(database().connection, {
      adapterDeps: { transport, credentials, now: Date.now },
      ...change,
    });
    running.push(made);
    return made;
  };
  const worker = () =>
    start({ app: door.app, secretBox: door.parts.secretBox, lanes: LANES, timings: QUICK });

  before(async () => {
    simulators = await startSimulators();
    transport = makeTransport('own', { allowPrivateEndpoints: true, closeTimeoutMs: 20 });
    credentials = credentialCache();
  });
  after(async () => {
    await transport.close();
    await simulators.close();
  });
  beforeEach(async () => {
    simulators.fcm.reset();
    running = [];
    // An erasure need not wait for the batches of the dead.
    door = await start({ lanes: [], timings: { erasureWaitMs: 50 } });
    await database()
      .connection.collection<App>('apps')
      .updateOne({ _id: door.app._id }, { $set: { allowRawTokens: true } });
    door.app.allowRawTokens = true;
    await door.addProfile('fcm', vendorSettings(simulators).fcm);
    for (const version of ['1', '2']) {
      const made = { app: door.app._id, name: PURPOSE, by: 'test', now: new Date() };
      const content = { version, reconsent: version === '2', title: 'Offers', text: 'Offers' };
      await savePurpose(database().connection, made, content);
    }
    door.engine.appChanged(door.app._id);
  });
  afterEach(async () => {
    await Promise.all(running.map(({ engine }) => engine.stop(2_000)));
    for (const name of [
      'batches',
      'tasks',
      'profile_rests',
      'devices',
      'suppressions',
      'campaigns',
    ])
      await database().connection.collection(name).deleteMany({});
  });

  const person = async (): Promise<Person> => {
    people += 1;
    const account = `person-${people}`;
    const token = fcmToken(account);
    const fields = { vendor: 'fcm', account, tags: ['all'], consent: AGREES };
    return { id: await door.addDevice(token, fields), token, account };
  };
  const secret = () => openHashSecret(door.parts.secretBox, door.app);
  const set =
    (change: Partial<Device>) =>
    async ({ id }: Person) => {
      await devicesIn(door.parts.db).updateOne({ _id: id }, { $set: change });
    };
  const change = (fields: Partial<Consent>) => set({ consent: { ...AGREES, ...fields } });
  const suppressed =
    (named: 'account' | 'token', fields: { purpose?: string } = {}) =>
    async ({ account, token }: Person) => {
      const key =
        named === 'account' ? accountKey(secret(), account) : tokenKey(secret(), 'fcm', token);
      const entry = { key, kind: named, reason: 'complaint', at: new Date(), by: 'test' };
      await block(door.parts.db, door.app._id, [{ ...entry, ...fields }]);
    };

  const declined = ({ account }: Person) =>
    unsubscribe(
      {
        connection: database().connection,
        app: door.app._id,
        by: 'test',
        now: new Date(),
        hashSecret: secret(),
      },
      { who: { account }, purpose: PURPOSE },
    );

  /** All that keeps a push away; the name is told when one leaves all the same. */
  const REFUSALS: Readonly<Record<string, (person: Person) => Promise<unknown>>> = {
    'was never asked': set({ consent: { purposes: {} } }),
    'denied pushes': change({ push: 'denied' }),
    'denied the purpose': change({ purposes: { [PURPOSE]: 'denied' } }),
    'granted another purpose alone': change({ purposes: { news: 'granted' } }),
    'granted an older version': change({ policyVersions: { [PURPOSE]: '1' } }),
    'granted no version': change({ policyVersions: {} }),
    'has unsubscribed': declined,
    'came with a grant to an account that has unsubscribed': async (who) => {
      await declined(who);
      await set({ consent: AGREES })(who);
    },
    'has an account on the list': suppressed('account'),
    'has an account on the list for the purpose': suppressed('account', { purpose: PURPOSE }),
    'has a token on the list': suppressed('token'),
    'was erased': ({ id }) => door.engine.erase(door.app._id, { device: id }),
  };

  /** Somebody who agrees, and for each refusal somebody who will have it. */
  const crowd = async () => {
    const agreeing = await person();
    const refusing = new Map<string, Person>();
    for (const name of Object.keys(REFUSALS)) refusing.set(name, await person());
    const all = [agreeing, ...refusing.values()];
    return {
      all,
      ids: all.map(({ id }) => id.toHexString()),
      refuse: async () => {
        for (const [name, who] of refusing) await REFUSALS[name]?.(who);
      },
      expectOnlyAgreeing: (times = 1): void => {
        for (const [name, { token }] of refusing) {
          expect(simulators.fcm.countsOf(token).received, name).to.equal(0);
        }
        expect(simulators.fcm.countsOf(agreeing.token).delivered, 'agrees').to.equal(times);
      },
      forget: () => simulators.fcm.reset(),
    };
  };
  type Crowd = Awaited<ReturnType<typeof crowd>>;

  const AUDIENCES: Readonly<
    Record<string, (crowd: Crowd) => Partial<TaskInput> & Pick<TaskInput, 'audience'>>
  > = {
    'a few devices': ({ ids }) => ({ audience: { devices: ids } }),
    'more devices than are planned at once': ({ ids }) => {
      const others = Array.from({ length: 250 }, () => new Types.ObjectId().toHexString());
      return { audience: { devices: [...ids, ...others] } };
    },
    'registered tokens': ({ all }) => ({
      audience: { tokens: all.map(({ token }) => ({ token })) },
    }),
    'tokens with the consent asserted': ({ all }) => ({
      audience: { tokens: all.map(({ token }) => ({ token, vendor: 'fcm' })) },
      consentAsserted: true,
    }),
    accounts: ({ all }) => ({
      audience: { accounts: all.map(({ account }) => ({ account })) },
    }),
    'a tag': () => ({ audience: { tags: 'all' } }),
    'an expression': () => ({ audience: { where: 'all & !churned' } }),
    everybody: () => ({ audience: { all: true } }),
    'a template': ({ all }) => ({
      audience: { accounts: all.map(({ account }) => ({ account, data: { name: account } })) },
      message: {
        ...MESSAGE,
        title: 'Hello {name}',
        template: { name: 'sale', version: 1, locale: 'en', timeZone: 'UTC', defaults: {} },
      },
    }),
    'a later time': () => ({
      audience: { all: true },
      schedule: { at: new Date(Date.now() + 100) },
    }),
    'a rate': () => ({ audience: { all: true }, ratePerSecond: 1_000 }),
    'a transactional lane': ({ ids }) => ({ audience: { devices: ids }, lane: 'transactional' }),
  };

  for (const [name, inputOf] of Object.entries(AUDIENCES)) {
    it(`leads to nobody who refuses, in a task for ${name}`, async () => {
      const sending = await worker();
      const group = await crowd();
      await group.refuse();
      const task = await sending.accept({ message: MESSAGE, ...inputOf(group) });
      await sending.ended(task);
      group.expectOnlyAgreeing();
    });
  }

  const PROFILE = () => vendorProfileId(door.app._id, 'fcm', 'default');
  const lately = (fields: object) => async (task: Task) => {
    const { modifiedCount } = await batches(door.parts.db).updateOne(
      { task: task._id, state: 'due' },
      { $set: fields },
    );
    expect(modifiedCount).to.equal(1);
  };
  const dead = (state: Batch['state']) => lately({ state, owner: 'dead', fence: 1, beat: 7 });

  /** How a batch, or its task, is found by whoever sends it. */
  const FOUND: Readonly<Record<string, (task: Task) => Promise<unknown>>> = {
    'is due': lately({ notBefore: new Date(0) }),
    'is tried again': lately({ attempt: 3, lastReason: 'UNAVAILABLE' }),
    'may have been sent before': lately({ maybe: true }),
    'was held by quiet hours': lately({ lastReason: 'quiet-hours' }),
    'has waited for its turn': lately({ parked: { by: 'somebody', rank: 1, turn: 1 } }),
    'was claimed by a process that died': dead('claimed'),
    'was being sent by a process that died': dead('sending'),
    'was being planned by a process that died': async ({ _id }) => {
      await batches(door.parts.db).deleteMany({ task: _id });
      await tasks(door.parts.db).updateOne(
        { _id },
        {
          $set: {
            state: 'planning',
            planned: false,
            planSequence: 0,
            audienceKind: 'all',
            owner: 'dead',
            beat: 7,
          },
        },
      );
    },
    'was paused': async ({ _id }) => {
      await door.engine.control(door.app._id, _id, 'pause');
      await door.engine.control(door.app._id, _id, 'resume');
    },
    'asks whether its vendor is well again': async (task) => {
      const now = new Date();
      await rests(door.parts.db).insertOne({
        _id: PROFILE(),
        app: door.app._id,
        ...{ cause: 'vendor-trouble', code: 'busy', reason: 'Busy', restMs: 50, probing: false },
        ...{ since: now, nextProbeAt: now, revision: 1, turn: new Types.ObjectId() },
      });
      await lately({
        notBefore: new Date(Date.now() + 3_600_000),
        waitsFor: { profile: PROFILE(), dueAt: now },
      })(task);
    },
  };

  for (const [name, leave] of Object.entries(FOUND)) {
    it(`leads to nobody who refuses meanwhile, from a batch that ${name}`, async () => {
      const group = await crowd();
      const task = await door.accept({ audience: { devices: group.ids }, message: MESSAGE });
      expect((await door.taskNow(task)).planned).to.equal(true);
      await leave(task);
      await group.refuse();
      await (await worker()).ended(task);
      group.expectOnlyAgreeing();
    });
  }

  it('leads to nobody who refuses, from the run of a campaign', async () => {
    const group = await crowd();
    await group.refuse();
    const content = {
      task: { audience: { all: true }, message: MESSAGE, lane: 'campaign', ifUnsure: 'resend' },
      schedule: checkedRecurrence({
        cron: '0 0 1 1 *',
        timeZone: 'UTC',
        start: '2020-01-01T00:00',
      }),
      missed: 'catch-up-once',
    } as const;
    const { _id } = await createCampaign(
      database().connection,
      { app: door.app._id, name: 'Sale', content },
      { by: 'test', at: new Date() },
    );
    const sending = await worker();
    const request = { app: door.app._id, campaign: _id, version: 1, by: 'test' };
    expect(await sending.engine.approveCampaign(request)).to.include({ state: 'approved' });
    const { db } = door.parts;
    await campaigns(db).updateOne({ _id }, { $set: { nextAt: new Date('2020-01-01T00:00:00Z') } });
    const run = () => tasks(db).findOne({ campaign: _id });
    await until('the run is made', async () => (await run()) != null);
    await sending.ended((await run())!);
    group.expectOnlyAgreeing();
  });

  it('leads to nobody who has registered a raw token since and refuses', async () => {
    people += 1;
    const [token, agreeing] = [fcmToken(`raw-${people}`), fcmToken(`raw-agrees-${people}`)];
    const items = [token, agreeing].map((one) => ({ token: one, vendor: 'fcm' }));
    const task = await door.accept({
      audience: { tokens: items },
      consentAsserted: true,
      message: MESSAGE,
    });
    await door.addDevice(token, { vendor: 'fcm', consent: { push: 'denied', purposes: {} } });
    await (await worker()).ended(task);
    expect(simulators.fcm.countsOf(token).received).to.equal(0);
    expect(simulators.fcm.countsOf(agreeing).delivered).to.equal(1);
  });

  it('leads to nobody who refuses before a failed push is tried again', async () => {
    const sending = await worker();
    const group = await crowd();
    simulators.fcm.fault({ kind: 'unavailable', count: group.all.length });
    const task = await sending.accept({ audience: { devices: group.ids }, message: MESSAGE });
    const again = { task: task._id, state: 'due', attempt: { $gte: 1 }, first: false } as const;
    await until('all wait for another try', async () => {
      const open = await batches(door.parts.db).find(again).toArray();
      return open.reduce((sum, { size }) => sum + size, 0) === group.all.length;
    });
    group.forget();
    await group.refuse();
    await batches(door.parts.db).updateMany(again, { $set: { notBefore: new Date() } });
    sending.engine.wake();
    await sending.ended(task);
    group.expectOnlyAgreeing();
  });

  it('shows no replacement of a recalled push to whoever refuses by then', async () => {
    const sending = await worker();
    const group = await crowd();
    const task = await sending.accept({ audience: { devices: group.ids }, message: MESSAGE });
    await sending.ended(task);
    group.forget();
    await group.refuse();
    const recall = await sending.engine.recall({
      app: door.app,
      by: 'test',
      task: task._id,
      replacement: { title: 'Withdrawn', body: 'Please ignore it' },
    });
    await sending.ended(recall!);
    group.expectOnlyAgreeing();
  });

  const sourcesOf = (folder: string): string[] =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts'))
      .map((path) => join(folder, path));
  const filesWith = (pattern: RegExp): string[] =>
    ['jobs', 'server', 'models']
      .flatMap(sourcesOf)
      .filter((path) => pattern.test(readFileSync(join(ROOT, path), 'utf8')))
      .sort();

  it('goes through the one function that decides', () => {
    // The probe of new settings sends to a token that no device has (Vendor.probeToken).
    expect(filesWith(/\badapter\s*\.(send|recall)\b/)).to.deep.equal([
      'jobs/recalling.ts',
      'jobs/send.ts',
      'server/vendor-probe.ts',
    ]);
    expect(filesWith(/\bstartSending\(|\bsendingFor\(/)).to.deep.equal(['jobs/dispatch.ts']);
    // Whom it is sent to is made nowhere else, and is held against the decision there; caps only leave some out.
    expect(filesWith(/\bresult\.targets\.push\(/)).to.deep.equal(['jobs/targets.ts']);
    const text = readFileSync(join(ROOT, 'jobs/targets.ts'), 'utf8');
    expect(text.match(/\bsuppressionOf\(/g)).to.have.lengthOf(2);
    expect(filesWith(/\bconsentFor\(/)).to.deep.equal(['jobs/eligibility.ts']);
    expect(filesWith(/\.consent\.(push|purposes)\b/)).to.deep.equal([]);
  });
});
