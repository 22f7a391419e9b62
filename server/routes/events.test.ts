import { expect } from 'chai';
import { Types } from 'mongoose';
import { type App, appModel } from '../../models/app.js';
import { taskModel } from '../../models/task.js';
import { triggerEntryModel } from '../../models/trigger-entry.js';
import { triggerStandingModel } from '../../models/trigger-standing.js';
import { testApi } from '../../test/support/api.js';
import { type EngineTest, engineTest } from '../../test/support/engine.js';
import { credentialCache } from '../../test/support/fake-network.js';
import { until } from '../../test/support/until.js';
import { http2Transport } from '../../transport/http2/http2-transport.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const START_MS = Date.parse('2027-03-01T06:00:00Z');

const TRIGGER = { event: 'cart-updated', afterSeconds: 3_600, unless: ['checkout-done'] };
const TASK = { message: { title: 'Your cart waits' } };

describe('Events over HTTP', () => {
  let nowMs = START_MS;
  const api = testApi({
    role: 'all',
    timings: { sweepMs: 50 },
    adapters: {
      transport: http2Transport({ allowPrivateEndpoints: true }),
      credentials: credentialCache(),
      now: () => nowMs,
    },
  });
  let other: EngineTest;
  /** Each test has one of its own. */
  let campaign: string;
  /** How often each account has been sent to is up to it. */
  let account = 0;

  const ask = (method: string, path: string, body?: unknown, key?: string) =>
    api().request(method, path, { ...(body == null ? {} : { body }), ...(key ? { key } : {}) });
  const ok = async (method: string, path: string, body?: unknown) => {
    const answer = await ask(method, path, body);
    expect(answer.status, answer.text).to.be.below(300);
    return answer.body;
  };
  const triggered = async (
    trigger: Record<string, unknown> = {},
    change: Record<string, unknown> = {},
  ): Promise<string> => {
    const { id, version } = await ok('POST', '/v1/campaigns', {
      name: 'Abandoned cart',
      task: TASK,
      schedule: { trigger: { ...TRIGGER, ...trigger } },
      ...change,
    });
    await ok('POST', `/v1/campaigns/${id}/approve`, { version });
    campaign = id;
    return id;
  };
  const event = (name: string, change: Record<string, unknown> = {}) =>
    ok('POST', '/v1/events', { account: person(), name, ...change });
  const cart = (change: Record<string, unknown> = {}) => event('cart-updated', change);
  const checkout = (change: Record<string, unknown> = {}) => event('checkout-done', change);
  const person = (): string => `person-${account}`;
  const entries = async (query = '') =>
    (await ok('GET', `/v1/campaigns/${campaign}/entries${query}`)).items;
  /** Newest first. */
  const states = async (): Promise<string[]> =>
    (await entries()).map(({ state }: { state: string }) => state);
  const shows = (expected: readonly string[]): Promise<void> =>
    until(
      `the entries are ${expected.join(', ')}`,
      async () => (await states()).join() === expected.join(),
    );
  const tasks = () => taskModel(api().connection).find({ campaign }).lean();
  const pass = (ms: number): void => void (nowMs += ms);
  const at = (ms: number): string => new Date(nowMs + ms).toISOString();
  /** Two sweeps at least have looked since, and found nothing to send. */
  const sendsNothing = async (): Promise<void> => {
    const probe = await triggered({ event: 'probe', afterSeconds: 0, unless: [] });
    await ok('POST', '/v1/events', { account: `probe-${probe}`, name: 'probe' });
    await shows(['sent']);
    await ok('POST', `/v1/campaigns/${probe}/end`, {});
  };

  before(async () => {
    await ok('PUT', '/v1/apps/shop/vendors/sandbox', {});
    other = await engineTest(api().connection, {
      now: () => nowMs,
      secretBox: api().parts.secretBox,
      timings: { sweepMs: 50 },
      app: (await appModel(api().connection).findById('shop').lean()) as App,
    });
  });
  after(() => other.engine.stop(2_000));
  beforeEach(async () => {
    account += 1;
    await ok('PUT', '/v1/devices', {
      vendor: 'sandbox',
      token: `sandbox-ok-${account}`,
      account: person(),
      consent: { push: 'granted' },
    });
  });
  afterEach(async () => {
    if ((await ok('GET', `/v1/campaigns/${campaign}`)).state !== 'ended') {
      await ok('POST', `/v1/campaigns/${campaign}/end`, {});
    }
  });

  it('send once, after the delay, with two processes that look', async () => {
    const id = await triggered();
    expect(
      await ask('POST', '/v1/events', { account: person(), name: 'cart-updated' }),
    ).to.deep.include({ status: 202, body: { taken: 1 } });
    const [waiting] = await entries();
    expect(waiting).to.include({ account: person(), state: 'waiting', dueAt: at(HOUR_MS) });
    expect(waiting).not.to.have.property('task');
    pass(HOUR_MS);
    await shows(['sent']);
    const [sent] = await entries();
    expect(sent).to.include({ version: 1, endedAt: at(0) });
    await until('the push is sent', async () => (await tasks())[0]?.state === 'done');
    const [task, ...others] = await tasks();
    expect(others).to.deep.equal([]);
    expect(sent.task).to.equal(task?._id.toHexString());
    const report = await ok('GET', `/v1/tasks/${sent.task}`);
    expect(report.counts).to.include({ targeted: 1, accepted: 1 });
    expect(report).to.include({ campaign: id, lane: 'campaign' });
    expect(await ok('GET', `/v1/campaigns/${id}`)).to.include({ state: 'running' });
    expect((await ok('GET', `/v1/campaigns/${id}/next`)).items).to.deep.equal([]);
  });

  it('send nothing once another event has cancelled it', async () => {
    await triggered();
    await cart();
    pass(MINUTE_MS);
    await checkout();
    const [entry] = await entries();
    expect(entry).to.include({ state: 'cancelled', cancelledBy: 'checkout-done' });
    pass(HOUR_MS);
    const own = campaign;
    await sendsNothing();
    campaign = own;
    expect(await tasks()).to.deep.equal([]);
  });

  it('postpone what waits, with the newest properties', async () => {
    await triggered();
    await cart({ properties: { items: 1 } });
    pass(50 * MINUTE_MS);
    await cart({ properties: { items: 2, gift: true } });
    const [entry, ...rest] = await entries();
    expect(rest).to.deep.equal([]);
    expect(entry).to.deep.include({ dueAt: at(HOUR_MS), data: { items: '2', gift: 'true' } });
  });

  it('count when they happened, in whatever order they arrive', async () => {
    await triggered();
    const [early, late] = [at(-10 * MINUTE_MS), at(-5 * MINUTE_MS)];
    await cart({ at: late });
    // Of before: neither cancels nor postpones.
    await checkout({ at: early });
    await cart({ at: early });
    expect(await entries()).to.have.lengthOf(1);
    expect((await entries())[0]).to.include({ state: 'waiting', startedAt: late });
    pass(MINUTE_MS);
    await checkout({ at: late });
    expect(await states()).to.deep.equal(['cancelled']);
    // It happened before the checkout that is known already.
    await cart({ at: late });
    expect(await states()).to.deep.equal(['cancelled']);
    await cart();
    expect(await states()).to.deep.equal(['waiting', 'cancelled']);
  });

  it('do not begin what another event, which was faster, has cancelled', async () => {
    await triggered();
    await checkout();
    await cart({ at: at(-1_000) });
    expect(await entries()).to.deep.equal([]);
  });

  it('are taken in one request, in the order in which they happened', async () => {
    await triggered();
    await ok('POST', '/v1/events', {
      items: [
        { account: person(), name: 'checkout-done', at: at(-1_000) },
        { account: person(), name: 'cart-updated', at: at(-2_000) },
        { account: 'somebody', name: 'cart-updated' },
        { account: 'somebody', name: 'page-viewed' },
      ],
    });
    const found = await entries();
    expect(
      found.map((one: { account: string; state: string }) => [one.account, one.state]),
    ).to.have.deep.members([
      [person(), 'cancelled'],
      ['somebody', 'waiting'],
    ]);
  });

  it('count once for an id, in one request, in two at a time and later', async () => {
    await triggered({ reentry: { afterSeconds: 0 }, afterSeconds: 0 });
    const one = { id: `cart-${account}`, account: person(), name: 'cart-updated' };
    await Promise.all([
      ok('POST', '/v1/events', { items: [one, one] }),
      ok('POST', '/v1/events', one),
      other.engine.takeEvents('shop', [{ ...one, at: new Date(nowMs), properties: {} }]),
    ]);
    await shows(['sent']);
    pass(DAY_MS);
    await ok('POST', '/v1/events', one);
    expect(await states()).to.deep.equal(['sent']);
    await ok('POST', '/v1/events', { ...one, id: 'another' });
    await shows(['sent', 'sent']);
  });

  it('send to nobody again who was sent to, unless the campaign allows it', async () => {
    await triggered({ afterSeconds: 0 });
    await cart();
    await shows(['sent']);
    pass(30 * DAY_MS);
    await cart();
    await shows(['reentry', 'sent']);
    expect(await tasks()).to.have.lengthOf(1);
  });

  it('send again after the time of re-entry, within the cap', async () => {
    await triggered({
      afterSeconds: 0,
      reentry: { afterSeconds: 3_600 },
      cap: { limit: 2, windowSeconds: 86_400 },
    });
    const expected: string[] = [];
    for (const [ms, state] of [
      [0, 'sent'],
      [HOUR_MS - 1, 'reentry'],
      [1, 'sent'],
      [HOUR_MS, 'capped'],
      [22 * HOUR_MS - 1, 'capped'],
      [1, 'sent'],
    ] as const) {
      pass(ms);
      await cart();
      expected.unshift(state);
      await shows(expected);
    }
    expect(await tasks()).to.have.lengthOf(3);
  });

  it('start a campaign with the values that it asks for only', async () => {
    await triggered({ where: { currency: 'EUR', big: true } });
    await cart({ properties: { currency: 'EUR', big: 'true' } });
    await cart({ properties: { currency: 'USD', big: true } });
    await cart();
    expect(await entries()).to.deep.equal([]);
    await cart({ properties: { currency: 'EUR', big: true, more: 1 } });
    expect(await states()).to.deep.equal(['waiting']);
  });

  it('give a template its values, and are refused alone where one is missing', async () => {
    await ok('PUT', '/v1/templates/cart', {
      message: { title: '{items, plural, one {# thing waits} other {# things wait}}' },
    });
    await triggered({ afterSeconds: 60 }, { task: { message: { template: 'cart' } } });
    await cart({ properties: { items: 3 } });
    await ok('POST', '/v1/events', { account: 'nobody', name: 'cart-updated', at: at(-1) });
    pass(MINUTE_MS);
    await shows(['refused', 'sent']);
    const [refused, sent] = await entries();
    expect(refused.refusal.code).to.equal('MESSAGE_INVALID');
    expect(refused.refusal.errors[0].field).to.equal('message.data.items');
    await until('the push is sent', async () => (await tasks())[0]?.state === 'done');
    expect((await ok('GET', `/v1/tasks/${sent.task}`)).counts).to.include({ accepted: 1 });
  });

  it('pause a campaign that is refused again and again; the others go on waiting', async () => {
    await ok('PUT', '/v1/templates/doomed', { message: { title: 'Hello' } });
    await triggered({ afterSeconds: 60 }, { task: { message: { template: 'doomed' } } });
    await ok('DELETE', '/v1/templates/doomed');
    const items = Array.from({ length: 7 }, (_, index) => ({
      account: `doomed-${index}`,
      name: 'cart-updated',
      at: at(index - 7),
    }));
    await ok('POST', '/v1/events', { items });
    pass(MINUTE_MS);
    await until(
      'it is paused',
      async () => (await ok('GET', `/v1/campaigns/${campaign}`)).pausedBecause === 'refused',
    );
    expect((await states()).toSorted()).to.deep.equal([
      ...Array.from({ length: 5 }, () => 'refused'),
      ...Array.from({ length: 2 }, () => 'waiting'),
    ]);
    await ok('PUT', '/v1/templates/doomed', { message: { title: 'Hello again' } });
    await ok('POST', `/v1/campaigns/${campaign}/resume`, {});
    await until('the others are sent', async () => (await entries('?state=sent')).length === 2);
  });

  it('wait while the campaign is paused, and are dropped when it ends', async () => {
    await triggered();
    await cart();
    await ok('POST', `/v1/campaigns/${campaign}/pause`, {});
    await ok('POST', '/v1/events', { account: 'late', name: 'cart-updated' });
    pass(2 * HOUR_MS);
    const own = campaign;
    await sendsNothing();
    campaign = own;
    expect(await states()).to.deep.equal(['waiting']);
    await ok('POST', `/v1/campaigns/${campaign}/resume`, {});
    await shows(['sent']);
    await ok('POST', '/v1/events', { account: 'late', name: 'cart-updated' });
    await ok('POST', `/v1/campaigns/${campaign}/end`, {});
    await shows(['dropped', 'sent']);
    const standings = triggerStandingModel(api().connection);
    await until(
      'it is forgotten',
      async () => (await standings.countDocuments({ campaign: new Types.ObjectId(own) })) === 0,
    );
    expect(await ok('GET', `/v1/campaigns/${campaign}`)).to.include({ state: 'ended' });
  });

  it('leave nothing of an account that is erased while it waits', async () => {
    await triggered();
    await cart();
    expect((await ask('DELETE', `/v1/accounts/${person()}`)).status).to.be.below(300);
    // Of somebody who is gone nothing is kept.
    await cart();
    expect(await entries()).to.deep.equal([]);
    const filter = { campaign: new Types.ObjectId(campaign) };
    expect(await triggerEntryModel(api().connection).countDocuments(filter)).to.equal(0);
    const [standing] = await triggerStandingModel(api().connection).find(filter).lean();
    // A hash, until MongoDB drops it within a minute.
    expect(standing).to.have.all.keys('_id', 'campaign', 'account', 'turn', 'forgetAt');
    expect(standing?.forgetAt?.getTime()).to.be.at.most(nowMs);
  });

  it('share a task when they are due together, and reach each once', async () => {
    await triggered();
    const items = Array.from({ length: 450 }, (_, index) => ({
      account: `crowd-${index}`,
      name: 'cart-updated',
    }));
    await ok('POST', '/v1/events', {
      items: [...items, { account: person(), name: 'cart-updated' }],
    });
    pass(HOUR_MS);
    await until(
      'all are sent',
      async () =>
        (await triggerEntryModel(api().connection).countDocuments({
          campaign: new Types.ObjectId(campaign),
          state: 'sent',
        })) === 451,
    );
    const unmatched = (await tasks()).map((task) => task.unmatched);
    expect(unmatched.reduce((sum = 0, one = 0) => sum + one)).to.equal(450);
    expect(unmatched.length).to.be.below(10);
  });

  it('page through entries, newest first, by state', async () => {
    await triggered();
    for (const name of ['one', 'two', 'three']) {
      await ok('POST', '/v1/events', { account: name, name: 'cart-updated' });
    }
    const path = `/v1/campaigns/${campaign}/entries?state=waiting&limit=2`;
    const first = await ok('GET', path);
    const second = await ok('GET', `${path}&cursor=${first.nextCursor}`);
    const names = [...first.items, ...second.items].map((one: { account: string }) => one.account);
    expect(names).to.deep.equal(['three', 'two', 'one']);
    expect(second).not.to.have.property('nextCursor');
  });

  it('of an app that waits for none are not kept', async () => {
    await triggered();
    const { key } = await api().createApp('events-spy');
    const before = await triggerStandingModel(api().connection).countDocuments();
    const { status } = await ask(
      'POST',
      '/v1/events',
      { id: 'x', account: 'a', name: 'cart-updated' },
      key,
    );
    expect(status).to.equal(202);
    await event('page-viewed', { id: 'page-1' });
    expect(await triggerStandingModel(api().connection).countDocuments()).to.equal(before);
    expect(await api().connection.collection('event_ids').countDocuments({})).to.be.below(5);
    expect((await ask('GET', `/v1/campaigns/${campaign}/entries`, undefined, key)).status).to.equal(
      404,
    );
  });

  it('need the scope events:write', async () => {
    await triggered();
    const body = { account: 'a', name: 'cart-updated' };
    const { status } = await ask('POST', '/v1/events', body, api().app.keys['tasks:write']);
    expect(status).to.equal(403);
    expect((await ask('POST', '/v1/events', body, api().app.keys['events:write'])).status).to.equal(
      202,
    );
  });

  const faults: [string, unknown, string][] = [
    ['without an account', { name: 'cart-updated' }, 'account'],
    ['with neither a name nor a list', { account: 'a' }, ''],
    ['with a list and more', { items: [{ account: 'a', name: 'b' }], account: 'a' }, 'account'],
    ['with a name that is none', { account: 'a', name: 'cart updated' }, 'name'],
    [
      'with a property that is no value',
      { account: 'a', name: 'b', properties: { c: {} } },
      'properties.c',
    ],
    [
      'with a property that has no name',
      { account: 'a', name: 'b', properties: { 'a.b': 1 } },
      'properties',
    ],
    ['too long ago', { account: 'a', name: 'b', at: '2020-01-01T00:00:00Z' }, 'at'],
    [
      'too long ago, in a list',
      {
        items: [
          { account: 'a', name: 'b' },
          { account: 'a', name: 'b', at: '2020-01-01T00:00:00Z' },
        ],
      },
      'items[1].at',
    ],
    ['with an unknown field', { account: 'a', name: 'b', colour: 'red' }, 'colour'],
  ];
  for (const [what, body, field] of faults) {
    it(`are refused ${what}, which is named`, async () => {
      await triggered();
      const answer = await ask('POST', '/v1/events', body);
      expect([answer.status, answer.body.code], answer.text).to.deep.equal([
        422,
        'VALIDATION_FAILED',
      ]);
      expect(answer.body.errors[0].field).to.satisfy((named: string) => named.startsWith(field));
    });
  }

  const refused: [string, Record<string, unknown>, string][] = [
    ['with an audience', { task: { ...TASK, audience: { all: true } } }, 'task.audience'],
    [
      'without audience and trigger',
      { schedule: { cron: '0 9 * * *', timeZone: 'UTC' } },
      'task.audience',
    ],
    ['that skip what is late', { missed: 'skip' }, 'missed'],
    [
      'that their own event cancels',
      { schedule: { trigger: { ...TRIGGER, unless: ['cart-updated'] } } },
      'schedule.trigger.unless[0]',
    ],
    ['in a zone', { schedule: { trigger: TRIGGER, timeZone: 'UTC' } }, 'schedule.timeZone'],
    ['without a delay', { schedule: { trigger: { event: 'a' } } }, 'schedule.trigger.afterSeconds'],
    [
      'with a template that is gone',
      { task: { message: { template: 'nowhere' } } },
      'task.message.template',
    ],
  ];
  for (const [what, change, field] of refused) {
    it(`start no campaigns ${what}`, async () => {
      await triggered();
      const { status, body, text } = await ask('POST', '/v1/campaigns', {
        ...{ name: 'x', task: TASK, schedule: { trigger: TRIGGER } },
        ...change,
      });
      expect(status, text).to.equal(422);
      expect(body.errors[0].field, text).to.equal(field);
    });
  }

  it('are not what a campaign with instants is changed to', async () => {
    await triggered();
    const schedule = { at: '2027-05-01T08:00:00Z' };
    const { status, body } = await ask('PATCH', `/v1/campaigns/${campaign}`, { schedule });
    expect([status, body.errors[0].field]).to.deep.equal([422, 'schedule']);
    const changed = await ok('PATCH', `/v1/campaigns/${campaign}`, {
      schedule: { trigger: { ...TRIGGER, afterSeconds: 7_200 } },
    });
    expect(changed).to.deep.include({ version: 2, missed: 'catch-up-once' });
    expect(changed.schedule.trigger).to.include({ afterSeconds: 7_200, reentry: 'never' });
  });
});
