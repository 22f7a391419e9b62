/** Recalls over HTTP; what the vendors' simulators have on each screen is the witness. */
import { expect } from 'chai';
import { loadVendors } from '../adapters/index.js';
import { apiClient } from '../demo/api-client.js';
import { vendorSettings } from '../demo/vendor-settings.js';
import {
  apnsToken,
  fcmToken,
  harmonyToken,
  type Simulators,
  startSimulators,
} from '../simulators/index.js';
import { type ApiAnswer, startApi, type TestApi } from './support/api.js';
import { type RowShown, rowsOf, type TaskShown, taskEnded } from './support/fleet.js';
import { until } from './support/until.js';

const TOKEN_OF = { fcm: fcmToken, apns: apnsToken, harmony: harmonyToken } as const;
type VendorName = keyof typeof TOKEN_OF;
const MANY = 500;

describe('recall', function () {
  this.timeout(120_000);
  let simulators: Simulators;
  let api: TestApi;

  before(async function () {
    this.timeout(300_000);
    simulators = await startSimulators();
    api = await startApi({ role: 'all', vendors: loadVendors() });
    const { fcm, apns, harmony } = vendorSettings(simulators);
    const { clientId } = simulators.harmony.credentials;
    const settings = {
      fcm,
      apns: { ...apns, recallByApp: true },
      harmony: { ...harmony, clientId },
    };
    for (const [vendor, body] of Object.entries(settings)) {
      const stored = await api.request('PUT', `/v1/apps/shop/vendors/${vendor}`, { body });
      expect(stored.status, stored.text).to.equal(200);
    }
  });
  after(async () => {
    await api.close();
    await simulators.close();
  });
  beforeEach(() => {
    for (const vendor of Object.keys(TOKEN_OF) as VendorName[]) simulators[vendor].reset();
  });

  const register = async (vendor: VendorName, seed: string, tags: string[]): Promise<string> => {
    const body = { vendor, token: TOKEN_OF[vendor](seed), tags, consent: { push: 'granted' } };
    const answer = await api.request('PUT', '/v1/devices', { body });
    expect(answer.status, answer.text).to.equal(200);
    return answer.body.id as string;
  };
  /** A device of each vendor, under a tag of their own. */
  const oneOfEach = async (tag: string): Promise<Record<VendorName, string>> => ({
    fcm: await register('fcm', tag, [tag]),
    apns: await register('apns', tag, [tag]),
    harmony: await register('harmony', tag, [tag]),
  });
  const post = (path: string, body: unknown): Promise<ApiAnswer> =>
    api.request('POST', path, { body });
  const send = async (tag: string, message: object = {}): Promise<string> => {
    const answer = await post('/v1/tasks', {
      audience: { tags: tag },
      message: { title: 'Sale', body: 'Only today', ...message },
    });
    expect(answer.status, answer.text).to.equal(202);
    return answer.body.id as string;
  };
  const ended = (id: string): Promise<TaskShown> =>
    taskEnded(apiClient(api.url, api.app.key), id, 60_000);
  const sent = async (tag: string, message: object = {}): Promise<string> => {
    const id = await send(tag, message);
    await ended(id);
    return id;
  };
  const recall = (id: string, body: object = {}) => post(`/v1/tasks/${id}/recall`, body);
  const recalled = async (id: string, body: object = {}): Promise<TaskShown> => {
    const answer = await recall(id, body);
    expect(answer.status, answer.text).to.equal(202);
    expect(answer.body).to.include({ recallOf: id });
    return ended(answer.body.id as string);
  };
  const rowsBy = async (id: string): Promise<Record<string, RowShown>> => {
    const rows = await rowsOf(api.url, api.app.key, id);
    return Object.fromEntries(rows.map((row) => [row.device, row]));
  };
  const onScreen = (vendor: VendorName, seed: string) =>
    simulators[vendor].screenOf(TOKEN_OF[vendor](seed));
  const expectBalanced = ({ counts }: TaskShown): void => {
    const { targeted, ...states } = counts;
    expect(Object.values(states).reduce((sum, count) => sum + count, 0)).to.equal(targeted);
  };

  it('takes back what each vendor can, and says of each device what it cannot', async () => {
    const devices = await oneOfEach('plain');
    const task = await sent('plain');
    for (const vendor of Object.keys(TOKEN_OF) as VendorName[]) {
      expect(onScreen(vendor, 'plain'), vendor).to.have.lengthOf(1);
    }
    const { id, counts } = await recalled(task);
    expect(counts).to.include({ targeted: 3, accepted: 2, suppressed: 1, pending: 0 });
    const rows = await rowsBy(id);
    expect(rows[devices.harmony]).to.include({ state: 'accepted', vendor: 'harmony' });
    expect(onScreen('harmony', 'plain')).to.deep.equal([]);
    expect(rows[devices.fcm]).to.include({
      state: 'suppressed',
      reason: 'not-recallable:app-cannot-recall',
    });
    expect(simulators.fcm.countsOf(fcmToken('plain'))).to.include({ received: 1 });
    expect(rows[devices.apns]).to.include({ state: 'accepted' });
    const [pushed, told] = simulators.apns.received(apnsToken('plain'));
    const collapseId = pushed?.request?.headers['apns-collapse-id'];
    expect(told?.request?.headers).to.include({
      'apns-push-type': 'background',
      'apns-collapse-id': collapseId,
    });
    expect(told?.request?.body).to.include({ pigeonpost_recall: collapseId });
    const shown = await api.request('GET', `/v1/tasks/${task}`);
    expect(shown.body).to.include({ recalledBy: id, state: 'done' });
    expect((await api.request('GET', `/v1/tasks/${id}`)).body).to.include({ recallOf: task });
  });

  it('puts a replacement where a vendor can only replace, in the language of the device', async () => {
    await oneOfEach('swap');
    const id = await api.request('PUT', '/v1/devices', {
      body: { vendor: 'fcm', token: fcmToken('swap'), locale: 'de-DE' },
    });
    const replacement = {
      title: 'Withdrawn',
      body: 'Please ignore it',
      localized: { de: { title: 'Zurückgezogen', body: 'Bitte nicht beachten' } },
    };
    const task = await sent('swap', { badge: 3, sound: 'default', collapseKey: 'sale' });
    const { counts } = await recalled(task, { replacement });
    expect(id.status).to.equal(200);
    expect(counts).to.include({ targeted: 3, accepted: 3 });
    const [onAndroid, ...othersOnAndroid] = onScreen('fcm', 'swap');
    expect(othersOnAndroid).to.deep.equal([]);
    expect(onAndroid?.request?.body)
      .to.have.nested.property('message.notification')
      .that.deep.equals({
        title: 'Zurückgezogen',
        body: 'Bitte nicht beachten',
      });
    const [onIos, ...othersOnIos] = onScreen('apns', 'swap');
    expect(othersOnIos).to.deep.equal([]);
    expect(onIos?.request?.body).to.deep.equal({
      aps: {
        alert: { title: 'Withdrawn', body: 'Please ignore it' },
        'interruption-level': 'passive',
      },
    });
    expect(onScreen('harmony', 'swap')).to.deep.equal([]);
  });

  it('needs no consent to remove, but for a text in its place, and leaves the erased alone', async () => {
    const devices = await oneOfEach('left');
    const erased = await register('harmony', 'erased', ['left']);
    const task = await sent('left');
    for (const id of [devices.fcm, devices.harmony]) {
      await api.request('PUT', `/v1/devices/${id}/consent`, { body: { push: 'denied' } });
    }
    expect((await api.request('DELETE', `/v1/devices/${erased}`)).status).to.equal(204);
    const { id } = await recalled(task, { replacement: { body: 'Withdrawn' } });
    const rows = await rowsBy(id);
    expect(rows[devices.harmony]).to.include({ state: 'accepted' });
    expect(onScreen('harmony', 'left')).to.deep.equal([]);
    expect(rows[devices.fcm]).to.include({ state: 'suppressed', reason: 'no-consent' });
    expect(simulators.fcm.countsOf(fcmToken('left'))).to.include({ received: 1 });
    expect(rows[erased]).to.include({ state: 'suppressed', reason: 'not-registered' });
    expect(simulators.harmony.countsOf(harmonyToken('erased'))).to.include({ received: 1 });
  });

  it('goes to nobody whom the task did not reach', async () => {
    await register('harmony', 'reached', ['some']);
    await api.request('PUT', '/v1/devices', {
      body: { vendor: 'harmony', token: harmonyToken('no-consent'), tags: ['some'] },
    });
    await register('harmony', 'refused', ['some']);
    simulators.harmony.fault({
      kind: 'answer',
      answer: 'countryNotSupport',
      token: harmonyToken('refused'),
    });
    const task = await send('some');
    await ended(task);
    const { counts } = (await api.request('GET', `/v1/tasks/${task}`)).body as TaskShown;
    simulators.harmony.reset();
    const recall = await recalled(task);
    expect(recall.counts['targeted']).to.equal(counts['accepted']! + counts['unknown']!);
    expect(simulators.harmony.countsOf(harmonyToken('no-consent')).received).to.equal(0);
  });

  it('is tried again while the vendor is in trouble, and twice does no harm', async () => {
    await register('harmony', 'busy', ['busy']);
    const task = await sent('busy');
    simulators.harmony.fault({ kind: 'stream-reset', count: 1, delivered: true });
    const { counts } = await recalled(task);
    expect(counts).to.include({ targeted: 1, accepted: 1 });
    expect(simulators.harmony.countsOf(harmonyToken('busy')).received).to.equal(3);
    expect(onScreen('harmony', 'busy')).to.deep.equal([]);
  });

  it('cancels what is still open first, and takes back exactly what was sent by then', async () => {
    const lines = Array.from({ length: MANY }, (_, index) =>
      JSON.stringify({
        vendor: 'apns',
        token: apnsToken(`many-${index}`),
        tags: ['many'],
        consent: { push: 'granted' },
      }),
    );
    await api.request('POST', '/v1/devices/import', {
      headers: { 'content-type': 'application/x-ndjson' },
      body: `${lines.join('\n')}\n`,
    });
    // Some are reached at once, the others wait for a vendor that asks for patience.
    const half = MANY / 2;
    simulators.apns.fault({ kind: 'too-many-requests', after: half, retryAfterSeconds: 3_600 });
    const task = await send('many');
    await until(
      'half of them are reached',
      async () => {
        const { body } = await api.request('GET', `/v1/tasks/${task}`);
        return body.counts.accepted === half;
      },
      { withinMs: 60_000 },
    );
    await fetch(`${simulators.apns.adminUrl}/faults`, { method: 'DELETE' });
    const { id, counts } = await recalled(task);
    const original = (await api.request('GET', `/v1/tasks/${task}`)).body;
    expect(original).to.include({ state: 'cancelled', recalledBy: id });
    expect(original.counts).to.include({ accepted: half, cancelled: half, pending: 0 });
    expect(counts).to.include({ targeted: half, accepted: half });
    for (let index = 0; index < MANY; index += 1) {
      const { delivered, shown } = simulators.apns.countsOf(apnsToken(`many-${index}`));
      expect(delivered, 'a push and its recall, or neither').to.equal(2 * shown);
    }
  });

  it('of a task that never began ends with nobody', async () => {
    await register('harmony', 'future', ['future']);
    const scheduled = await post('/v1/tasks', {
      audience: { tags: 'future' },
      message: { title: 'Later', body: 'Or never' },
      schedule: { at: new Date(Date.now() + 3_600_000).toISOString() },
    });
    const { counts } = await recalled(scheduled.body.id as string);
    expect(counts).to.include({ targeted: 0 });
    expect(simulators.harmony.countsOf(harmonyToken('future')).received).to.equal(0);
  });

  it('is the same one, however often and however simultaneously it is asked for', async () => {
    await register('harmony', 'twins', ['twins']);
    const task = await sent('twins');
    const answers = await Promise.all(Array.from({ length: 5 }, () => recall(task)));
    const again = await recall(task);
    const ids = [...answers, again].map(({ status, body }) => `${status} ${body.id}`);
    expect(new Set(ids).size).to.equal(1);
    expect(ids[0]).to.match(/^202 /);
    await ended(again.body.id as string);
    expect(simulators.harmony.countsOf(harmonyToken('twins')).received).to.equal(2);
  });

  it('says why a task cannot be recalled', async () => {
    await register('harmony', 'no', ['no']);
    const task = await sent('no');
    const { id } = await recalled(task);
    const replacement = { title: 'Withdrawn' };
    const silent = await sent('no', { silent: true, title: undefined, body: undefined });
    const refusals: [string, object, string][] = [
      [id, {}, 'The task is itself a recall'],
      [task, { replacement }, 'The task is recalled already, with another replacement'],
      [silent, { replacement }, 'The task showed no text that could be replaced'],
    ];
    for (const [named, body, detail] of refusals) {
      const answer = await recall(named, body);
      expect(answer.status).to.equal(409);
      expect(answer.body).to.include({ code: 'NOT_RECALLABLE', detail });
    }
    expect((await recall('0123456789abcdef01234567')).status).to.equal(404);
    expect((await recall(task, { replacement: {} })).status).to.equal(422);
    expect((await recalled(silent)).counts).to.include({ targeted: 1, suppressed: 1 });
  });

  it('keeps books that balance at every moment', async () => {
    await oneOfEach('books');
    const answer = await recall(await send('books'));
    let task = (await api.request('GET', `/v1/tasks/${answer.body.id}`)).body as TaskShown;
    await until('the recall has ended', async () => {
      task = (await api.request('GET', `/v1/tasks/${answer.body.id}`)).body as TaskShown;
      expectBalanced(task);
      return task.state === 'done';
    });
    expect(onScreen('harmony', 'books')).to.deep.equal([]);
  });
});
