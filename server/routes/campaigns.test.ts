import { expect } from 'chai';
import { taskModel } from '../../models/task.js';
import { testApi } from '../../test/support/api.js';
import { credentialCache } from '../../test/support/fake-network.js';
import { until } from '../../test/support/until.js';
import { http2Transport } from '../../transport/http2/http2-transport.js';

const TASK = { audience: { accounts: ['ada'] }, message: { title: 'Hello' } };
const DAILY = { cron: '0 9 * * *', timeZone: 'Europe/Berlin' };

describe('Campaigns over HTTP', () => {
  let nowMs = Date.parse('2027-03-01T06:00:00Z');
  const api = testApi({
    role: 'all',
    timings: { sweepMs: 100 },
    adapters: {
      transport: http2Transport({ allowPrivateEndpoints: true }),
      credentials: credentialCache(),
      now: () => nowMs,
    },
  });
  const ask = (method: string, path: string, body?: unknown, key?: string) =>
    api().request(method, `/v1/campaigns${path}`, {
      ...(body == null ? {} : { body }),
      ...(key ? { key } : {}),
    });
  const setClock = (text: string): void => {
    nowMs = Date.parse(text);
  };
  const post = (change: Record<string, unknown> = {}) =>
    ask('POST', '', { name: 'News', task: TASK, schedule: DAILY, ...change });
  const draft = async (change: Record<string, unknown> = {}): Promise<string> => {
    const { status, text, body } = await post(change);
    expect(status, text).to.equal(201);
    return body.id;
  };
  const ok = async (method: string, path: string, body?: unknown) => {
    const answer = await ask(method, path, body);
    expect(answer.status, answer.text).to.be.below(300);
    return answer.body;
  };
  const approved = async (change: Record<string, unknown> = {}): Promise<string> => {
    const id = await draft(change);
    await ok('POST', `/${id}/approve`, { version: 1 });
    return id;
  };
  const runs = async (id: string) => (await ok('GET', `/${id}/runs`)).items;
  /** Resolves with them once there are so many. */
  const runsWhen = async (id: string, count: number) => {
    await until(`there are ${count} runs`, async () => (await runs(id)).length === count);
    return runs(id);
  };
  const tasksOf = (id: string) => taskModel(api().connection).find({ campaign: id }).lean();

  before(async () => {
    await api().request('PUT', '/v1/apps/shop/vendors/sandbox', { body: {} });
    await api().request('PUT', '/v1/devices', {
      body: {
        vendor: 'sandbox',
        token: 'sandbox-ok-1',
        account: 'ada',
        consent: { push: 'granted' },
      },
    });
  });
  beforeEach(() => setClock('2027-03-01T06:00:00Z'));

  it('are written, approved by a key that may, run in their time and tell what became of it', async () => {
    const created = await post();
    expect(created.status, created.text).to.equal(201);
    const { id } = created.body;
    expect(created.body).to.deep.include({
      name: 'News',
      state: 'draft',
      version: 1,
      schedule: { ...DAILY, start: '2027-03-01T07:00' },
      missed: 'skip',
    });
    expect(created.body.task).to.deep.include({
      audience: { accounts: [{ account: 'ada' }] },
      lane: 'campaign',
    });
    const refused = await ask(
      'POST',
      `/${id}/approve`,
      { version: 1 },
      api().app.keys['tasks:write'],
    );
    expect([refused.status, refused.body.code]).to.deep.equal([403, 'SCOPE_MISSING']);

    const key = api().app.keys['campaigns:approve'];
    const { body } = await ask('POST', `/${id}/approve`, { version: 1 }, key);
    expect(body).to.include({
      state: 'approved',
      approvedVersion: 1,
      approvedBy: key.split('.')[0],
      nextAt: '2027-03-01T08:00:00.000Z',
    });

    setClock('2027-03-01T08:00:00Z');
    await until('it has been sent', async () => (await runs(id))[0]?.task.state === 'done');
    const [run, ...others] = await runs(id);
    expect(others).to.deep.equal([]);
    expect(run).to.deep.include({ at: '2027-03-01T08:00:00.000Z', state: 'made', version: 1 });
    expect(run.task.counts).to.deep.include({ targeted: 1, accepted: 1, pending: 0 });
    const task = await api().request('GET', `/v1/tasks/${run.task.id}`);
    expect(task.body).to.include({ campaign: id, lane: 'campaign', state: 'done' });
    expect(await ok('GET', `/${id}`)).to.include({
      state: 'running',
      nextAt: '2027-03-02T08:00:00.000Z',
    });
    const ended = await ok('POST', `/${id}/end`, {});
    expect(ended).to.include({ state: 'ended' }).and.not.have.property('nextAt');
    setClock('2027-03-02T08:00:00Z');
    const conflict = await ask('POST', `/${id}/resume`, {});
    expect([conflict.status, conflict.body.code, conflict.body.state]).to.deep.equal([
      409,
      'CAMPAIGN_STATE_CONFLICT',
      'ended',
    ]);
    expect(await tasksOf(id)).to.have.lengthOf(1);
  });

  it('are run as they were approved, however they are changed meanwhile', async () => {
    const id = await approved();
    const changed = await ok('PATCH', `/${id}`, {
      task: { ...TASK, message: { title: 'Changed' } },
    });
    expect(changed).to.deep.include({ state: 'approved', version: 2, approvedVersion: 1 });
    expect(changed.schedule).to.deep.include(DAILY);
    setClock('2027-03-01T08:00:00Z');
    await runsWhen(id, 1);
    const stale = await ask('POST', `/${id}/approve`, { version: 1 });
    expect([stale.status, stale.body.code]).to.deep.equal([409, 'CAMPAIGN_STATE_CONFLICT']);
    expect(stale.body.detail).to.contain('2');
    await ok('POST', `/${id}/approve`, { version: 2 });
    setClock('2027-03-02T08:00:00Z');
    const [second, first] = await runsWhen(id, 2);
    expect([first.version, second.version]).to.deep.equal([1, 2]);
    const titles = (await tasksOf(id)).map(({ message }) => message.title).toSorted();
    expect(titles).to.deep.equal(['Changed', 'Hello']);
    // What the first run was made of can still be read.
    expect((await ok('GET', `/${id}/versions/1`)).task.message.title).to.equal('Hello');
    await ok('POST', `/${id}/end`, {});
  });

  it('make no new version of what stays as it is', async () => {
    const id = await draft();
    const { task, schedule } = await ok('GET', `/${id}`);
    const same = await ok('PATCH', `/${id}`, { name: 'Other news', task, schedule });
    expect(same).to.include({ name: 'Other news', version: 1 });
    await Promise.all([
      ok('PATCH', `/${id}`, { missed: 'catch-up-once' }),
      ok('PATCH', `/${id}`, { schedule: { at: '2027-05-01T08:00:00Z' } }),
    ]);
    expect(await ok('GET', `/${id}`)).to.deep.include({
      version: 3,
      missed: 'catch-up-once',
      schedule: { at: '2027-05-01T08:00:00.000Z' },
    });
  });

  it('show when they will run, on the clock of their zone', async () => {
    const id = await draft({
      schedule: {
        rrule: 'FREQ=WEEKLY;BYDAY=SU',
        timeZone: 'Europe/Berlin',
        start: '2027-03-14T02:30',
        count: 4,
        except: ['2027-03-21'],
      },
    });
    const { version, items } = await ok('GET', `/${id}/next`);
    expect(version).to.equal(1);
    expect(items).to.deep.equal([
      { at: '2027-03-14T01:30:00.000Z', local: '2027-03-14T02:30+01:00' },
      { at: '2027-03-28T01:00:00.000Z', local: '2027-03-28T03:00+02:00' },
      { at: '2027-04-04T00:30:00.000Z', local: '2027-04-04T02:30+02:00' },
    ]);
    await ok('PATCH', `/${id}`, { schedule: DAILY });
    expect((await ok('GET', `/${id}/next?count=2`)).items).to.have.lengthOf(2);
    expect((await ok('GET', `/${id}/next?count=2&version=1`)).items[0].at).to.equal(
      '2027-03-14T01:30:00.000Z',
    );
    expect((await ask('GET', `/${id}/next?version=9`)).status).to.equal(404);
    expect((await ask('GET', `/${id}/next?count=101`)).status).to.equal(422);
  });

  it('are for the clock of each device, if that is wanted', async () => {
    const schedule = { cron: '0 9 * * 1', timeZone: 'device', start: '2027-03-08T00:00' };
    const task = { ...TASK, schedule: { late: 'next-day', spreadMinutes: 30 } };
    const id = await approved({ task, schedule });
    // Half an hour before the clock that is 14 hours ahead of UTC.
    expect((await ok('GET', `/${id}/next?count=2`)).items).to.deep.equal([
      { at: '2027-03-07T18:30:00.000Z', local: '2027-03-08T09:00' },
      { at: '2027-03-14T18:30:00.000Z', local: '2027-03-15T09:00' },
    ]);
    setClock('2027-03-07T18:30:00Z');
    const [run] = await runsWhen(id, 1);
    const { body } = await api().request('GET', `/v1/tasks/${run.task.id}`);
    expect(body.schedule).to.deep.include({
      localTime: '2027-03-08T09:00',
      late: 'next-day',
      spreadMinutes: 30,
    });
    const zoned = await ask('PATCH', `/${id}`, { schedule: DAILY });
    expect(zoned.body.errors[0].field).to.equal('task.schedule.late');
    await ok('POST', `/${id}/end`, { tasks: true });
  });

  it('are deleted as drafts only', async () => {
    const id = await draft();
    expect((await ask('DELETE', `/${id}`)).status).to.equal(204);
    expect((await ask('GET', `/${id}`)).status).to.equal(404);
    expect((await ask('GET', `/${id}/versions/1`)).status).to.equal(404);
    const kept = await approved();
    expect((await ask('DELETE', `/${kept}`)).body.code).to.equal('CAMPAIGN_STATE_CONFLICT');
    expect((await ask('POST', `/${await draft()}/pause`, {})).body.state).to.equal('draft');
    await ok('POST', `/${kept}/end`, {});
    const late = await ask('PATCH', `/${kept}`, { name: 'Late' });
    expect(late.body.code).to.equal('CAMPAIGN_STATE_CONFLICT');
  });

  it('are not approved when all of their instants have passed', async () => {
    const id = await draft({ schedule: { at: '2027-03-01T05:59:00Z' } });
    const { status, body } = await ask('POST', `/${id}/approve`, { version: 1 });
    expect([status, body.code]).to.deep.equal([409, 'CAMPAIGN_STATE_CONFLICT']);
    expect(body.detail).to.contain('have passed');
  });

  it('leave out what falls into a pause', async () => {
    const id = await approved();
    await ok('POST', `/${id}/pause`, {});
    // Asked again it is no conflict.
    expect(await ok('POST', `/${id}/pause`, { tasks: true })).to.include({ state: 'paused' });
    setClock('2027-03-01T08:00:00Z');
    expect(await ok('POST', `/${id}/resume`, { tasks: true })).to.include({
      state: 'approved',
      nextAt: '2027-03-02T08:00:00.000Z',
    });
    expect(await runs(id)).to.deep.equal([]);
    await ok('POST', `/${id}/end`, { tasks: true });
  });

  it('tell of a run that was refused, with the field and the reason', async () => {
    await api().request('PUT', '/v1/templates/doomed', { body: { message: { title: 'Hello' } } });
    const id = await approved({ task: { ...TASK, message: { template: 'doomed' } } });
    await api().request('DELETE', '/v1/templates/doomed');
    setClock('2027-03-01T08:00:00Z');
    const [run] = await runsWhen(id, 1);
    expect(run).to.include({ state: 'refused' }).and.not.have.property('task');
    expect(run.refusal).to.deep.equal({
      code: 'VALIDATION_FAILED',
      errors: [{ field: 'message.template', detail: 'Names no template, or no version of it' }],
    });
    await api().request('PUT', '/v1/templates/doomed', { body: { message: { title: 'Again' } } });
    setClock('2027-03-02T08:00:00Z');
    const [again] = await runsWhen(id, 2);
    expect(again.state).to.equal('made');
    await ok('POST', `/${id}/end`, {});
  });

  it('page through their runs, newest first', async () => {
    const id = await approved();
    setClock('2027-03-04T20:00:00Z');
    await runsWhen(id, 4);
    const first = await ok('GET', `/${id}/runs?limit=3`);
    const second = await ok('GET', `/${id}/runs?limit=3&cursor=${first.nextCursor}`);
    const days = [...first.items, ...second.items].map(({ at }) => at.slice(8, 10));
    expect(days).to.deep.equal(['04', '03', '02', '01']);
    expect(second).not.to.have.property('nextCursor');
    expect((await ask('GET', `/${id}/runs?cursor=x`)).body.code).to.equal('VALIDATION_FAILED');
    await ok('POST', `/${id}/end`, {});
  });

  it('are listed newest first, by state', async () => {
    const ids = [await draft({ name: 'One' }), await draft({ name: 'Two' })];
    const { items, nextCursor } = await ok('GET', '?limit=1&state=draft');
    const rest = await ok('GET', `?limit=1&state=draft&cursor=${nextCursor}`);
    // Both in the same millisecond: the ids decide.
    const found = [...items, ...rest.items].map(({ id }) => id);
    expect(found).to.deep.equal(ids.toReversed());
    expect(items[0]).not.to.have.property('task');
    for (const id of ids) await ok('DELETE', `/${id}`);
  });

  it('forget an account and its devices when they are erased, in all versions', async () => {
    const token = 'sandbox-ok-doomed';
    const registered = await api().request('PUT', '/v1/devices', {
      body: { vendor: 'sandbox', token, account: 'gone', consent: { push: 'granted' } },
    });
    const device = registered.body.id as string;
    const audience = { accounts: [{ account: 'gone', data: { name: 'Gone' } }, 'ada'] };
    const id = await draft({ task: { ...TASK, audience } });
    const exclude = {
      accounts: ['gone'],
      devices: [device],
      tokens: [token, { token, vendor: 'sandbox' }, 'sandbox-ok-1'],
    };
    for (const next of [
      { devices: [device] },
      { tokens: [token] },
      { all: true, exclude },
      { accounts: ['gone'] },
    ]) {
      await ok('PATCH', `/${id}`, { task: { ...TASK, audience: next } });
    }
    const erased = await api().request('DELETE', '/v1/accounts/gone');
    expect(erased.status).to.be.below(300);
    const kept = async (version: number) =>
      (await ok('GET', `/${id}/versions/${version}`)).task.audience;
    expect(await kept(1)).to.deep.equal({ accounts: [{ account: 'ada' }] });
    expect(await kept(2)).to.deep.equal({ devices: [] });
    expect(await kept(3)).to.deep.equal({ tokens: [] });
    expect(await kept(4)).to.deep.equal({
      all: true,
      exclude: { accounts: [], devices: [], tokens: [{ token: 'sandbox-ok-1' }] },
    });
    // A run to nobody is a run.
    await ok('POST', `/${id}/approve`, { version: 5 });
    setClock('2027-03-01T08:00:00Z');
    const [run] = await runsWhen(id, 1);
    expect(run.task).to.deep.include({ state: 'done' });
    expect(run.task.counts.targeted).to.equal(0);
    await ok('POST', `/${id}/end`, {});
  });

  it('are created once for an idempotency key', async () => {
    const request = () =>
      api().request('POST', '/v1/campaigns', {
        headers: { 'idempotency-key': 'campaign-1' },
        body: { name: 'Once', task: TASK, schedule: DAILY },
      });
    const [one, other] = await Promise.all([request(), request()]);
    expect(one.body.id).to.equal(other.body.id);
    await ok('DELETE', `/${one.body.id}`);
    expect((await ask('GET', `/${one.body.id}`)).status).to.equal(404);
  });

  const faults: [string, Record<string, unknown>, string, string, number?][] = [
    ['no schedule', { schedule: {} }, 'VALIDATION_FAILED', 'schedule'],
    [
      'two schedules',
      { schedule: { ...DAILY, rrule: 'FREQ=DAILY' } },
      'VALIDATION_FAILED',
      'schedule',
    ],
    [
      'a rule without a start',
      { schedule: { rrule: 'FREQ=DAILY', timeZone: 'UTC' } },
      'VALIDATION_FAILED',
      'schedule.start',
    ],
    [
      'cron without a zone',
      { schedule: { cron: '0 9 * * *' } },
      'VALIDATION_FAILED',
      'schedule.timeZone',
    ],
    [
      'an unknown zone',
      { schedule: { ...DAILY, timeZone: 'Europe/Bonn' } },
      'VALIDATION_FAILED',
      'schedule.timeZone',
    ],
    [
      'a zone for an instant',
      { schedule: { at: '2027-05-01T08:00:00Z', timeZone: 'UTC' } },
      'VALIDATION_FAILED',
      'schedule.timeZone',
    ],
    [
      'a start with an offset',
      { schedule: { ...DAILY, start: '2027-05-01T08:00Z' } },
      'VALIDATION_FAILED',
      'schedule.start',
    ],
    [
      'a day that is none',
      { schedule: { ...DAILY, except: ['2027-02-30'] } },
      'VALIDATION_FAILED',
      'schedule.except[0]',
    ],
    [
      'a rule that cannot be read',
      { schedule: { rrule: 'FREQ=DAILY;BYHOUR=24', timeZone: 'UTC', start: '2027-05-01T08:00' } },
      'VALIDATION_FAILED',
      'schedule.rrule',
      18,
    ],
    [
      'an instant in the task',
      { task: { ...TASK, schedule: { at: '2027-05-01T08:00:00Z' } } },
      'VALIDATION_FAILED',
      'task.schedule.at',
    ],
    [
      'a wall time in the task',
      { task: { ...TASK, schedule: { localTime: '2027-05-01T08:00' } } },
      'VALIDATION_FAILED',
      'task.schedule.localTime',
    ],
    [
      'an expiry in the task',
      { task: { ...TASK, expiresAt: '2027-05-01T08:00:00Z' } },
      'VALIDATION_FAILED',
      'task.expiresAt',
    ],
    [
      'an expression that cannot be read',
      { task: { ...TASK, audience: { where: 'vip & platform = pager' } } },
      'EXPRESSION_INVALID',
      'task.audience.where',
      17,
    ],
    [
      'no such template',
      { task: { ...TASK, message: { template: 'nowhere' } } },
      'VALIDATION_FAILED',
      'task.message.template',
    ],
    [
      'a message too large for a vendor',
      {
        task: {
          ...TASK,
          message: { title: 'x', data: { a: 'x'.repeat(4_000), b: 'x'.repeat(4_000) } },
        },
      },
      'PAYLOAD_TOO_LARGE',
      'task.message',
    ],
    ['an unknown field', { colour: 'red' }, 'VALIDATION_FAILED', 'colour'],
  ];
  for (const [what, change, code, field, position] of faults) {
    it(`are refused with ${what}, which is named`, async () => {
      const { status, body, text } = await post(change);
      expect([status, body.code], text).to.deep.equal([
        code === 'PAYLOAD_TOO_LARGE' ? 413 : 422,
        code,
      ]);
      expect(body.errors[0].field).to.satisfy((named: string) => named.startsWith(field));
      expect(body.errors[0].position).to.equal(position);
    });
  }

  it('are nothing to another app', async () => {
    const id = await approved();
    const { key } = await api().createApp('campaign-spy');
    for (const [method, path, body] of [
      ['GET', '', undefined],
      ['PATCH', '', { name: 'Mine' }],
      ['DELETE', '', undefined],
      ['GET', '/versions/1', undefined],
      ['GET', '/next', undefined],
      ['GET', '/runs', undefined],
      ['POST', '/approve', { version: 1 }],
      ['POST', '/end', {}],
    ] as const) {
      const { status } = await ask(method, `/${id}${path}`, body, key);
      expect(status, `${method} ${path}`).to.equal(404);
    }
    expect((await ask('GET', '', undefined, key)).body.items).to.deep.equal([]);
    await ok('POST', `/${id}/end`, {});
  });
});
