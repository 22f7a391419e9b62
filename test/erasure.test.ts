/** Erasures that come while a push is on its way; the vendors' own record is the witness. */
import { expect } from 'chai';
import { loadVendors } from '../adapters/index.js';
import { apiClient } from '../demo/api-client.js';
import { vendorSettings } from '../demo/vendor-settings.js';
import { dbOf } from '../models/database.js';
import { recordErasure } from '../models/erasure.js';
import { fcmToken, type Simulators, startSimulators } from '../simulators/index.js';
import { type ApiAnswer, startApi, type TestApi } from './support/api.js';
import { taskEnded } from './support/fleet.js';
import { until } from './support/until.js';

/** More than a vendor answers at a time, so that many wait for their turn inside a batch that is being sent. */
const DEVICES = 600;
const SLOW_MS = 400;
/** Answers that take longer are reported in a batch of their own. */
const STRAGGLING_MS = 2_500;
const WAIT_MS = 1_500;

describe('an erasure while pushes are on their way', function () {
  this.timeout(120_000);
  let simulators: Simulators;
  let api: TestApi;
  let wave = 0;

  before(async function () {
    this.timeout(300_000);
    simulators = await startSimulators();
    api = await startApi({ role: 'all', vendors: loadVendors() });
    const stored = await api.request('PUT', '/v1/apps/shop/vendors/fcm', {
      body: vendorSettings(simulators).fcm,
    });
    expect(stored.status, stored.text).to.equal(200);
    // A person with as many as it takes to see an erasure wait.
    await api.request('PATCH', '/v1/apps/shop', { body: { devicesPerAccount: DEVICES } });
  });
  after(async () => {
    await api.close();
    await simulators.close();
  });
  beforeEach(() => simulators.fcm.reset());

  const importDevices = async (account: (index: number) => string): Promise<string[]> => {
    wave += 1;
    const tokens = Array.from({ length: DEVICES }, (_, index) => fcmToken(`${wave}-${index}`));
    const lines = tokens.map((token, index) =>
      JSON.stringify({
        vendor: 'fcm',
        token,
        account: account(index),
        tags: [`wave-${wave}`],
        consent: { push: 'granted' },
      }),
    );
    const imported = await api.request('POST', '/v1/devices/import', {
      headers: { 'content-type': 'application/x-ndjson' },
      body: `${lines.join('\n')}\n`,
    });
    expect(imported.body).to.include({ created: DEVICES });
    return tokens;
  };
  const sendToWave = async (): Promise<string> => {
    const answer = await api.request('POST', '/v1/tasks', {
      body: { audience: { tags: `wave-${wave}` }, message: { title: 'Slowly' } },
    });
    expect(answer.status, answer.text).to.equal(202);
    return answer.body.id as string;
  };
  const received = (token: string): number => simulators.fcm.countsOf(token).received;
  const arrived = (tokens: readonly string[]): number => tokens.filter(received).length;
  const idOf = async (token: string): Promise<string> =>
    (await api.request('GET', `/v1/devices?token=${encodeURIComponent(token)}`)).body.items[0].id;
  const ended = (id: string) => taskEnded(apiClient(api.url, api.app.key), id, 60_000);

  /** Sends slowly, erases when the first pushes have arrived, and holds what came after the answer against it. */
  const expectNothingAfter = async (
    tokens: readonly string[],
    delayMs: number,
    erase: (token: string) => Promise<ApiAnswer>,
    ofErased: (token: string) => readonly string[],
  ): Promise<ApiAnswer> => {
    simulators.fcm.fault({ kind: 'slow', delayMs });
    const task = await sendToWave();
    await until('the first pushes arrive', () => arrived(tokens) > 0, { everyMs: 2 });
    const waiting = tokens.filter((token) => received(token) === 0).at(-1);
    expect(waiting, 'a device whose push has not left').to.be.a('string');
    const answer = await erase(waiting ?? '');
    const erased = ofErased(waiting ?? '');
    const before = erased.map(received);
    const { counts } = await ended(task);
    expect(erased.map(received)).to.deep.equal(before);
    expect(counts).to.include({ targeted: DEVICES, pending: 0, unknown: 0 });
    return answer;
  };

  it('answers for a device when its batch has moved on, and nothing arrives afterwards', async () => {
    const tokens = await importDevices((index) => `person-${index}`);
    const answer = await expectNothingAfter(
      tokens,
      SLOW_MS,
      async (token) => api.request('DELETE', `/v1/devices/${await idOf(token)}`),
      (token) => [token],
    );
    expect(answer.status, answer.text).to.equal(204);
  });

  it('counts a batch of stragglers as on its way', async () => {
    const tokens = await importDevices((index) => `person-${index}`);
    const db = dbOf(api.connection);
    const answer = await expectNothingAfter(
      tokens,
      STRAGGLING_MS,
      async (token) => {
        const id = await idOf(token);
        await until('stragglers are split off', async () =>
          Boolean(await db.collection('batches').findOne({ state: 'sending', first: false })),
        );
        return api.request('DELETE', `/v1/devices/${id}`);
      },
      (token) => [token],
    );
    expect(answer.status, answer.text).to.equal(204);
  });

  it('answers for an account when the batches of all its devices have moved on', async () => {
    const everyTenth = (index: number): string => (index % 10 === 0 ? 'leaver' : `p-${index}`);
    const tokens = await importDevices(everyTenth);
    const ofLeaver = tokens.filter((_, index) => everyTenth(index) === 'leaver');
    const answer = await expectNothingAfter(
      tokens,
      SLOW_MS,
      () => api.request('DELETE', '/v1/accounts/leaver'),
      () => ofLeaver,
    );
    expect(answer.status).to.equal(202);
    expect(answer.body).to.deep.equal({ erasedDevices: DEVICES / 10, mayStillArrive: false });
  });

  it('waits for no batch that is claimed only afterwards', async () => {
    const tokens = await importDevices((index) => `later-${index}`);
    // The erasure must have begun by then, also on a busy machine.
    const at = new Date(Date.now() + 5_000).toISOString();
    const answer = await api.request('POST', '/v1/tasks', {
      body: {
        audience: { tags: `wave-${wave}` },
        message: { title: 'Later' },
        schedule: { at },
      },
    });
    const erased = await api.request('DELETE', `/v1/devices/${await idOf(tokens[0] ?? '')}`);
    expect(erased.status).to.equal(204);
    await ended(answer.body.id as string);
    expect(received(tokens[0] ?? '')).to.equal(0);
    expect(arrived(tokens)).to.equal(DEVICES - 1);
  });

  it('makes whoever opts in anew meanwhile a new device, which keeps nothing of the old one', async () => {
    const [token = ''] = await importDevices((index) => `back-${index}`);
    simulators.fcm.fault({ kind: 'slow', delayMs: SLOW_MS });
    const task = await sendToWave();
    await until('it is being sent', () => simulators.fcm.counts().received > 0, { everyMs: 2 });
    const id = await idOf(token);
    const erasing = api.request('DELETE', `/v1/devices/${id}`);
    await until(
      'the data is gone',
      async () => (await api.request('GET', `/v1/devices/${id}`)).status === 404,
    );
    const back = await api.request('PUT', '/v1/devices', {
      body: { vendor: 'fcm', token, consent: { push: 'granted' } },
    });
    expect(back.status, back.text).to.equal(200);
    await erasing;
    const now = await api.request('GET', `/v1/devices/${back.body.id}`);
    expect(now.body).to.deep.include({ tags: [], state: 'active' });
    expect(now.body).not.to.have.property('account');
    expect(back.body.id).not.to.equal(id);
    await ended(task);
  });

  it('is carried out by the sweep when its process died in the middle', async () => {
    const [token = ''] = await importDevices((index) => (index < 3 ? 'half-done' : `q-${index}`));
    const db = dbOf(api.connection);
    await recordErasure(db, 'shop', { account: 'half-done' }, new Date(Date.now() - 60_000));
    const held = async () => (await api.request('GET', '/v1/accounts/half-done')).body;
    await until('it is erased', async () => (await held()).items.length === 0);
    await until(
      'the record is gone',
      async () => (await db.collection('erasures').countDocuments()) === 0,
    );
    expect((await held()).suppressedAt).to.be.a('string');
    const refused = await api.request('PUT', '/v1/devices', { body: { vendor: 'fcm', token } });
    expect(refused.body.code).to.equal('SUPPRESSED');
  });
});

describe('an erasure while a vendor never answers', function () {
  this.timeout(60_000);
  let simulators: Simulators;
  let api: TestApi;
  before(async function () {
    this.timeout(300_000);
    simulators = await startSimulators();
    api = await startApi({
      role: 'all',
      vendors: loadVendors(),
      timings: { erasureWaitMs: WAIT_MS },
    });
    await api.request('PUT', '/v1/apps/shop/vendors/fcm', {
      body: vendorSettings(simulators).fcm,
    });
  });
  after(async () => {
    await api.close();
    await simulators.close();
  });

  it('answers after a while, says what is open, and has deleted all the same', async () => {
    const token = fcmToken('hung', 'silent');
    const device = await api.request('PUT', '/v1/devices', {
      body: { vendor: 'fcm', token, account: 'hung', consent: { push: 'granted' } },
    });
    const path = `/v1/devices/${device.body.id}`;
    await api.request('POST', '/v1/tasks', {
      body: { audience: { devices: [device.body.id] }, message: { title: 'Hello?' } },
    });
    await until('it has left', () => simulators.fcm.countsOf(token).received === 1);
    const startedMs = performance.now();
    const answer = await api.request('DELETE', path);
    expect(performance.now() - startedMs).to.be.at.least(WAIT_MS);
    expect(answer.status).to.equal(202);
    expect(answer.body).to.deep.equal({ mayStillArrive: true });
    expect((await api.request('GET', path)).status).to.equal(404);
    expect(await dbOf(api.connection).collection('erasures').countDocuments()).to.equal(0);
  });
});
