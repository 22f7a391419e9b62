import { expect } from 'chai';
import { taskModel } from '../../models/task.js';
import { type ApiAnswer, testApi } from '../../test/support/api.js';
import { pagerVendor } from '../../test/support/pager.js';

const ALL = { all: true };
const HELLO = { title: 'Hello' };
const ID = '0123456789abcdef01234567';
const HOUR_MS = 60 * 60 * 1_000;
const DAY_MS = 24 * HOUR_MS;

const inFuture = (ms: number): string => new Date(Date.now() + ms).toISOString();

describe('POST /v1/tasks', () => {
  const api = testApi({ vendors: new Map([['pager', pagerVendor]]) });
  const countTasks = () => taskModel(api().connection).countDocuments();
  const post = (fields: Record<string, unknown>): Promise<ApiAnswer> =>
    api().request('POST', '/v1/tasks', { body: { audience: ALL, message: HELLO, ...fields } });
  const storedTask = async ({ body }: ApiAnswer) =>
    taskModel(api().connection).findById(body.id).orFail().lean();
  const lifetimeMs = async (answer: ApiAnswer): Promise<number> => {
    const { expiresAt, createdAt, scheduledAt } = await storedTask(answer);
    return expiresAt.getTime() - (scheduledAt ?? createdAt).getTime();
  };

  it('answers 202 with an id and a state before anything is sent', async () => {
    const { status, body } = await post({});
    expect(status).to.equal(202);
    expect(body.id).to.match(/^[0-9a-f]{24}$/);
    expect(body).to.deep.equal({ id: body.id, state: 'accepted' });
  });

  it('fills in what the caller leaves to us', async () => {
    const answer = await post({});
    const task = await storedTask(answer);
    expect(task).to.deep.include({ lane: 'default', ifUnsure: 'resend', audienceKind: 'all' });
    expect(task.message).to.deep.equal({
      title: 'Hello',
      silent: false,
      priority: 'high',
      purpose: 'service',
    });
    expect(await lifetimeMs(answer)).to.equal(DAY_MS);
  });

  it('gives a silent message a normal priority, unless told otherwise', async () => {
    const silent = { silent: true, data: { sync: '1' } };
    const quiet = await storedTask(await post({ message: silent }));
    expect(quiet.message.priority).to.equal('normal');
    const loud = await storedTask(await post({ message: { ...silent, priority: 'high' } }));
    expect(loud.message.priority).to.equal('high');
  });

  it('remembers which key asked', async () => {
    const [id] = api().app.key.split('.');
    expect((await storedTask(await post({}))).createdBy).to.equal(id);
  });

  context('about time', () => {
    it('takes a rate, with an instant and without one', async () => {
      const now = await post({ schedule: { ratePerSecond: 500 } });
      expect(now.body.state).not.to.equal('scheduled');
      expect((await storedTask(now)).ratePerSecond).to.equal(500);
      const later = await post({ schedule: { at: inFuture(DAY_MS), ratePerSecond: 20 } });
      expect(later.body.state).to.equal('scheduled');
      expect((await storedTask(later)).ratePerSecond).to.equal(20);
      const shown = await api().request('GET', `/v1/tasks/${later.body.id}`);
      expect(shown.body.ratePerSecond).to.equal(20);
    });

    it('is scheduled for an instant in the future, and its life begins then', async () => {
      const answer = await post({ schedule: { at: inFuture(DAY_MS) }, ttlSeconds: 60 });
      expect(answer.body.state).to.equal('scheduled');
      expect(await lifetimeMs(answer)).to.equal(60_000);
    });

    it('begins now, with all of its life, when the instant has passed', async () => {
      const answer = await post({ schedule: { at: inFuture(-DAY_MS) }, ttlSeconds: 60 });
      expect(answer.body.state).to.equal('accepted');
      expect(await lifetimeMs(answer)).to.equal(60_000);
    });

    it('takes an instant of expiry in place of a lifetime', async () => {
      const expiresAt = inFuture(DAY_MS);
      const task = await storedTask(await post({ expiresAt }));
      expect(task.expiresAt.toISOString()).to.equal(expiresAt);
    });

    const wallTime = (aheadMs: number): string => inFuture(aheadMs).slice(0, 16);
    const morning = { days: ['mon', 'fri'], from: '09:00', to: '24:00' };

    it('takes a wall time, and begins before it comes anywhere', async () => {
      const localTime = wallTime(3 * DAY_MS);
      const answer = await post({ schedule: { localTime }, ttlSeconds: 60 });
      expect(answer.body.state).to.equal('scheduled');
      const { due, scheduledAt } = await storedTask(answer);
      expect(due).to.deep.equal({ localTime, late: 'skip', timeZone: 'UTC', ttlSeconds: 60 });
      const untilMs = Date.parse(`${localTime}Z`) - (scheduledAt?.getTime() ?? 0);
      expect(untilMs).to.equal((14 * 60 + 10) * 60_000);
      const shown = await api().request('GET', `/v1/tasks/${answer.body.id}`);
      expect(shown.body.schedule).to.deep.equal({ localTime, late: 'skip', timeZone: 'UTC' });
      expect(shown.body.timings).to.not.have.property('firstDueAt');
    });

    it('takes windows and minutes to spread over, and a zone for whoever told none', async () => {
      const schedule = {
        at: inFuture(DAY_MS),
        timeZone: 'Europe/Berlin',
        windows: [morning],
        spreadMinutes: 90,
      };
      const { at: _, ...due } = schedule;
      const expiresAt = inFuture(10 * DAY_MS);
      const answer = await post({ schedule, expiresAt });
      expect(answer.status, answer.text).to.equal(202);
      const task = await storedTask(answer);
      expect(task.due).to.deep.equal(due);
      expect(task.expiresAt.toISOString()).to.equal(expiresAt);
    });

    it('takes the zone of the quiet hours of the app, unless one is given', async () => {
      const rules = [{ from: '22:00', to: '08:00' }];
      const set = (quietHours: unknown) =>
        api().request('PATCH', '/v1/apps/shop', { body: { quietHours } });
      await set({ rules, timeZone: 'Asia/Tokyo' });
      const { due } = await storedTask(await post({ schedule: { windows: [morning] } }));
      await set(null);
      expect(due?.timeZone).to.equal('Asia/Tokyo');
    });

    const REFUSED: Record<string, [Record<string, unknown>, string]> = {
      'a wall time with a zone': [
        { schedule: { localTime: inFuture(DAY_MS) } },
        'schedule.localTime',
      ],
      'a wall time that does not exist': [
        { schedule: { localTime: wallTime(DAY_MS).replace(/-..-..T/, '-02-30T') } },
        'schedule.localTime',
      ],
      'a wall time to the second': [
        { schedule: { localTime: `${wallTime(DAY_MS)}:00` } },
        'schedule.localTime',
      ],
      'a wall time that is over everywhere': [
        { schedule: { localTime: wallTime(-13 * HOUR_MS) } },
        'schedule.localTime',
      ],
      'a wall time more than 366 days ahead': [
        { schedule: { localTime: wallTime(367 * DAY_MS) } },
        'schedule.localTime',
      ],
      'an instant and a wall time': [
        { schedule: { at: inFuture(DAY_MS), localTime: wallTime(DAY_MS) } },
        'schedule',
      ],
      'an expiry before the wall time has come everywhere': [
        { schedule: { localTime: wallTime(DAY_MS) }, expiresAt: inFuture(DAY_MS + 11 * HOUR_MS) },
        'expiresAt',
      ],
      'an expiry before the last minute of a spread': [
        { schedule: { spreadMinutes: 60 }, expiresAt: inFuture(HOUR_MS / 2) },
        'expiresAt',
      ],
      'a rule for who is late without a wall time': [
        { schedule: { at: inFuture(DAY_MS), late: 'now' } },
        'schedule.late',
      ],
      'another rule for who is late': [
        { schedule: { localTime: wallTime(DAY_MS), late: 'tomorrow' } },
        'schedule.late',
      ],
      'a zone that nothing goes by': [
        { schedule: { spreadMinutes: 5, timeZone: 'Europe/Berlin' } },
        'schedule.timeZone',
      ],
      'a zone that is none': [
        { schedule: { windows: [morning], timeZone: 'Mars/Olympus' } },
        'schedule.timeZone',
      ],
      'no window at all': [{ schedule: { windows: [] } }, 'schedule.windows'],
      'a window on a day that is none': [
        { schedule: { windows: [{ ...morning, days: ['monday'] }] } },
        'schedule.windows[0].days[0]',
      ],
      'a window that ends as it begins': [
        { schedule: { windows: [{ ...morning, to: '09:00' }] } },
        'schedule.windows[0].to',
      ],
      'a window to the minute': [
        { schedule: { windows: [morning, { from: '09:01', to: '10:00' }] } },
        'schedule.windows[1].from',
      ],
      'a window without an end': [
        { schedule: { windows: [{ from: '09:00' }] } },
        'schedule.windows[0].to',
      ],
      'a spread over more than a day': [
        { schedule: { spreadMinutes: 1_441 } },
        'schedule.spreadMinutes',
      ],
      'a lifetime beyond 28 days': [{ ttlSeconds: 28 * 86_400 + 1 }, 'ttlSeconds'],
      'a lifetime in words': [{ ttlSeconds: '60' }, 'ttlSeconds'],
      'no lifetime at all': [{ ttlSeconds: 0 }, 'ttlSeconds'],
      'half a second more': [{ ttlSeconds: 1.5 }, 'ttlSeconds'],
      'an expiry in the past': [{ expiresAt: inFuture(-1_000) }, 'expiresAt'],
      'an expiry beyond 28 days': [{ expiresAt: inFuture(29 * DAY_MS) }, 'expiresAt'],
      'an expiry before the scheduled instant': [
        { schedule: { at: inFuture(2 * DAY_MS) }, expiresAt: inFuture(DAY_MS) },
        'expiresAt',
      ],
      'both of them': [{ ttlSeconds: 60, expiresAt: inFuture(DAY_MS) }, ''],
      'a schedule more than 366 days ahead': [
        { schedule: { at: inFuture(367 * DAY_MS) } },
        'schedule.at',
      ],
      'a schedule at the end of time': [
        { schedule: { at: '+275760-09-13T00:00:00.000Z' } },
        'schedule.at',
      ],
      'a schedule on a day that does not exist': [
        { schedule: { at: inFuture(DAY_MS).replace(/-..-..T/, '-02-30T') } },
        'schedule.at',
      ],
      'a schedule without a zone': [
        { schedule: { at: inFuture(DAY_MS).replace('Z', '') } },
        'schedule.at',
      ],
      'an expiry without a time': [{ expiresAt: inFuture(DAY_MS).slice(0, 10) }, 'expiresAt'],
      'a schedule of nothing': [{ schedule: {} }, 'schedule'],
      'a rate of nothing': [{ schedule: { ratePerSecond: 0 } }, 'schedule.ratePerSecond'],
      'a schedule in words': [{ schedule: { at: 'tomorrow' } }, 'schedule.at'],
    };
    for (const [name, [fields, field]] of Object.entries(REFUSED)) {
      it(`refuses ${name}`, async () => {
        const before = await countTasks();
        const { status, body } = await post(fields);
        expect([status, body.code]).to.deep.equal([422, 'VALIDATION_FAILED']);
        expect(body.errors.map((error: { field: string }) => error.field)).to.deep.equal([field]);
        expect(await countTasks()).to.equal(before);
      });
    }
  });

  context('about the audience', () => {
    const REFUSED: Record<string, [unknown, string[]]> = {
      'no audience': [{}, ['audience']],
      'two audiences': [{ all: true, tags: 'vip' }, ['audience']],
      'nobody of all': [{ all: false }, ['audience.all']],
      'an empty list': [{ devices: [] }, ['audience.devices']],
      'ids that are none': [
        { devices: [ID, 'x', 7] },
        ['audience.devices[1]', 'audience.devices[2]'],
      ],
      'an unknown vendor': [
        { tokens: ['a', { token: 'b', vendor: 'pigeons' }] },
        ['audience.tokens[1].vendor'],
      ],
      'a token without a token': [{ tokens: [{ vendor: 'pager' }] }, ['audience.tokens[0].token']],
      'an unknown field of an account': [
        { accounts: [{ account: 'a', name: 'x' }] },
        ['audience.accounts[0].name'],
      ],
      'data that is no text': [
        { accounts: [{ account: 'a', data: { n: 1 } }] },
        ['audience.accounts[0].data.n'],
      ],
      'a token too many': [
        { tokens: Array.from({ length: 5_001 }, (_, index) => `t${index}`) },
        ['audience.tokens'],
      ],
      'a device too many': [{ devices: new Array(10_001).fill(ID) }, ['audience.devices']],
      'an account too many': [{ accounts: new Array(10_001).fill('a') }, ['audience.accounts']],
    };
    for (const [name, [audience, fields]] of Object.entries(REFUSED)) {
      it(`refuses ${name}, naming the field`, async () => {
        const before = await countTasks();
        const { status, body } = await post({ audience });
        expect([status, body.code]).to.deep.equal([422, 'VALIDATION_FAILED']);
        expect(body.errors.map((error: { field: string }) => error.field)).to.deep.equal(fields);
        expect(await countTasks()).to.equal(before);
      });
    }

    it('takes the longest lists', async () => {
      const tokens = Array.from({ length: 5_000 }, (_, index) => `pager-${index}`);
      expect((await post({ audience: { tokens } })).status).to.equal(202);
      const accounts = Array.from({ length: 10_000 }, (_, index) => `customer-${index}`);
      expect((await post({ audience: { accounts } })).status).to.equal(202);
    });

    it('says where a tag expression cannot be read', async () => {
      const { status, body } = await post({ audience: { tags: 'vip & | gold' } });
      expect([status, body.code]).to.deep.equal([422, 'TAG_EXPRESSION_INVALID']);
      expect(body.errors).to.have.length(1);
      expect(body.errors[0]).to.include({ field: 'audience.tags', position: 6 });
    });

    it('takes a tag expression', async () => {
      const answer = await post({ audience: { tags: 'vip & !(churned | trial)' } });
      expect((await storedTask(answer)).tagExpression).to.equal('vip & !(churned | trial)');
    });

    it('says where an expression cannot be read, and what is allowed there', async () => {
      for (const [audience, field, position] of [
        [{ where: 'vip & platform = iphone' }, 'audience.where', 17],
        [{ all: true, exclude: { where: 'colour = red' } }, 'audience.exclude.where', 0],
      ] as const) {
        const { status, body } = await post({ audience });
        expect([status, body.code]).to.deep.equal([422, 'EXPRESSION_INVALID']);
        expect(body.errors[0]).to.include({ field, position });
        expect(body.errors[0].detail).to.match(/^Expected one of .*a.*, /);
      }
    });

    it('gives a sample and a limit a salt of their own, unless the caller names one', async () => {
      const own = await storedTask(await post({ audience: { all: true, sample: 0.5, limit: 10 } }));
      expect(own).to.include({ sample: 0.5, limit: 10, salt: String(own._id) });
      const audience = { tags: 'vip', limit: 10, salt: 'autumn' };
      expect(await storedTask(await post({ audience }))).to.include({ salt: 'autumn' });
      expect(await storedTask(await post({}))).not.to.have.any.keys('salt', 'sample', 'limit');
    });

    it('takes no fact for a tag', async () => {
      const { status, body } = await post({ audience: { tags: 'vip & platform = ios' } });
      expect([status, body.code]).to.deep.equal([422, 'TAG_EXPRESSION_INVALID']);
      expect(body.errors[0]).to.include({ field: 'audience.tags', position: 6 });
    });

    it('keeps an expression and who is left out, with tokens as their vendor writes them', async () => {
      const exclude = {
        accounts: ['ann'],
        tokens: ['pager-1', { token: 'pager-2', vendor: 'pager' }],
        where: 'churned',
      };
      const task = await storedTask(await post({ audience: { where: 'attr.level > 3', exclude } }));
      expect(task).to.deep.include({
        audienceKind: 'where',
        whereExpression: 'attr.level > 3',
        exclude: { where: 'churned', listed: true },
      });
      const list = await api().connection.collection('audiences').findOne({ _id: task._id });
      expect(list?.exclude).to.deep.equal({
        accounts: ['ann'],
        tokens: [{ token: 'pager-1' }, { token: 'pager-2', vendor: 'pager' }],
      });
    });

    for (const [what, audience, fields] of [
      [
        'an exclusion from a list',
        { accounts: ['ann'], exclude: { devices: [ID] } },
        ['audience.exclude'],
      ],
      [
        'a sample of a list',
        { devices: [ID], sample: 5, salt: 'x' },
        ['audience.sample', 'audience.salt'],
      ],
      ['a limit of a list', { tokens: ['pager-1'], limit: 5 }, ['audience.limit']],
      ['a salt for nothing', { all: true, salt: 'x' }, ['audience.salt']],
      ['a sample of nothing', { all: true, sample: 0 }, ['audience.sample']],
      ['more than all', { all: true, sample: 100.1 }, ['audience.sample']],
      ['a limit without end', { all: true, limit: 1_000_001 }, ['audience.limit']],
      ['half a device', { all: true, limit: 1.5 }, ['audience.limit']],
      [
        'a sample of a list',
        { devices: [ID], sample: 5, salt: 'x' },
        ['audience.sample', 'audience.salt'],
      ],
      ['a limit of a list', { tokens: ['pager-1'], limit: 5 }, ['audience.limit']],
      ['a salt for nothing', { all: true, salt: 'x' }, ['audience.salt']],
      ['a sample of nothing', { all: true, sample: 0 }, ['audience.sample']],
      ['more than all', { all: true, sample: 100.1 }, ['audience.sample']],
      ['a limit without end', { all: true, limit: 1_000_001 }, ['audience.limit']],
      ['half a device', { all: true, limit: 1.5 }, ['audience.limit']],
      ['an exclusion of nobody', { all: true, exclude: {} }, ['audience.exclude']],
      ['an unknown exclusion', { all: true, exclude: { tags: 'vip' } }, ['audience.exclude.tags']],
      ['an expression beside tags', { tags: 'vip', where: 'vip' }, ['audience']],
    ] as const) {
      it(`refuses ${what}`, async () => {
        const { status, body } = await post({ audience });
        expect([status, body.code]).to.deep.equal([422, 'VALIDATION_FAILED']);
        expect(body.errors.map((error: { field: string }) => error.field)).to.deep.equal(fields);
      });
    }

    it('counts nobody twice, however often and in whichever form they are named', async () => {
      const tokens = ['pager-1', { token: 'pager-1' }, 'pager-1', { token: 'pager-2' }];
      const { body } = await post({ audience: { tokens } });
      const report = await api().request('GET', `/v1/tasks/${body.id}`);
      expect(report.body.counts.targeted).to.equal(2);
    });
  });

  context('about consent that is asserted', () => {
    const asserted = { consentAsserted: true, audience: { tokens: ['pager-1'] } };
    const errorsOf = async (fields: Record<string, unknown>) => (await post(fields)).body.errors;

    it('is refused unless the app allows raw tokens', async () => {
      expect(await errorsOf(asserted)).to.deep.equal([
        { field: 'consentAsserted', detail: 'Is not allowed for this app (allowRawTokens)' },
      ]);
    });

    it('is refused for other audiences', async () => {
      expect(await errorsOf({ consentAsserted: true })).to.deep.equal([
        { field: 'consentAsserted', detail: 'Is allowed with audience.tokens only' },
      ]);
    });

    it('is taken when the app allows it', async () => {
      const { key } = await api().createApp('raw', { allowRawTokens: true });
      const body = { message: HELLO, ...asserted };
      expect((await api().request('POST', '/v1/tasks', { key, body })).status).to.equal(202);
    });

    it('reaches no vendor with what is not a token of that vendor', async () => {
      const { key } = await api().createApp('raw-checked', { allowRawTokens: true });
      const tokens = [
        { token: 'pager-1', vendor: 'pager' },
        'x',
        { token: '../x', vendor: 'pager' },
      ];
      const body = { message: HELLO, consentAsserted: true, audience: { tokens } };
      const before = await countTasks();
      const answer = await api().request('POST', '/v1/tasks', { key, body });
      expect([answer.status, answer.body.code]).to.deep.equal([422, 'VALIDATION_FAILED']);
      expect(answer.body.errors.map((error: { field: string }) => error.field)).to.deep.equal([
        'audience.tokens[2].token',
      ]);
      expect(await countTasks()).to.equal(before);
    });
  });

  context('about the message', () => {
    const REFUSED: Record<string, [unknown, string]> = {
      'that says nothing': [{}, 'message'],
      'with empty data and nothing else': [{ data: {} }, 'message'],
      'that is silent and has a title': [{ silent: true, title: 'x' }, 'message'],
      'with data that is no text': [{ ...HELLO, data: { order: 7 } }, 'message.data.order'],
      'with an image that is not https': [
        { ...HELLO, image: 'http://example.com/a.png' },
        'message.image',
      ],
      'with a negative badge': [{ badge: -1 }, 'message.badge'],
      'with a badge that adds nothing': [{ badge: '+0' }, 'message.badge'],
      'with a badge that adds too much': [{ badge: '+100' }, 'message.badge'],
      'with a badge that takes away': [{ badge: '-1' }, 'message.badge'],
      'with an unknown priority': [{ ...HELLO, priority: 'urgent' }, 'message.priority'],
      'with a locale that is none': [
        { ...HELLO, localized: { 'not a locale': { title: 'x' } } },
        'message.localized.not a locale',
      ],
      'with overrides for an unknown vendor': [
        { ...HELLO, overrides: { pigeons: {} } },
        'message.overrides.pigeons',
      ],
      'with overrides that the vendor does not know': [
        { ...HELLO, overrides: { pager: { colour: 'red' } } },
        'message.overrides.pager.colour',
      ],
      'with overrides that the vendor does not allow': [
        { ...HELLO, overrides: { pager: { beeps: 10 } } },
        'message.overrides.pager.beeps',
      ],
      'with an unknown field': [{ ...HELLO, titel: 'x' }, 'message.titel'],
    };
    for (const [name, [message, field]] of Object.entries(REFUSED)) {
      it(`refuses one ${name}`, async () => {
        const before = await countTasks();
        const { status, body } = await post({ message });
        expect([status, body.code]).to.deep.equal([422, 'VALIDATION_FAILED']);
        expect(body.errors.map((error: { field: string }) => error.field)).to.deep.equal([field]);
        expect(await countTasks()).to.equal(before);
      });
    }

    for (const message of [
      { body: 'x' },
      { badge: 0 },
      { badge: '+1' },
      { data: { a: '' } },
      { silent: true },
    ]) {
      it(`takes one of just ${JSON.stringify(message)}`, async () => {
        expect((await post({ message })).status).to.equal(202);
      });
    }

    it('answers 413 and writes nothing when a vendor would find it too large', async () => {
      const body = { apiKey: 'good' };
      await api().request('PUT', '/v1/apps/shop/vendors/pager', { body });
      const before = await countTasks();
      const answer = await post({ message: { body: 'x'.repeat(201) } });
      expect([answer.status, answer.body.code]).to.deep.equal([413, 'PAYLOAD_TOO_LARGE']);
      expect(answer.body.errors[0].field).to.equal('message.body');
      expect(answer.body.errors[0].detail).to.match(/^A pager shows 200 letters/);
      expect(await countTasks()).to.equal(before);
    });
  });

  it('writes nothing when one field of many is wrong', async () => {
    const before = await countTasks();
    const { body } = await post({ lane: 'fast', ifUnsure: 'maybe', labels: { a: 1 }, extra: 1 });
    expect(body.errors.map((error: { field: string }) => error.field)).to.have.members([
      'lane',
      'ifUnsure',
      'labels.a',
      'extra',
    ]);
    expect(await countTasks()).to.equal(before);
  });
});

describe('GET /v1/tasks', () => {
  const api = testApi();
  const ids: string[] = [];
  const list = async (query = '') => (await api().request('GET', `/v1/tasks${query}`)).body;
  const idsOf = (body: { items: { id: string }[] }) => body.items.map(({ id }) => id);

  before('create tasks', async () => {
    for (let index = 0; index < 5; index += 1) {
      const reference = index % 2 === 0 ? 'even' : 'odd';
      const body = { audience: ALL, message: HELLO, reference, labels: { n: String(index) } };
      ids.unshift((await api().request('POST', '/v1/tasks', { body })).body.id as string);
    }
  });

  it('lists tasks, newest first, without what was said to whom', async () => {
    const body = await list();
    expect(idsOf(body)).to.deep.equal(ids);
    expect(body).to.not.have.any.keys('nextCursor');
    expect(body.items[0]).to.deep.include({
      state: 'accepted',
      lane: 'default',
      purpose: 'service',
      reference: 'even',
      labels: { n: '4' },
    });
    expect(body.items[0]).to.not.have.any.keys('message', 'audience');
  });

  it('pages by cursor without losing or repeating one', async () => {
    const seen: string[] = [];
    let query = '?limit=2';
    for (let page = 0; page < 3; page += 1) {
      const body = await list(query);
      seen.push(...idsOf(body));
      query = `?limit=2&cursor=${body.nextCursor}`;
      expect(body.nextCursor == null).to.equal(page === 2);
    }
    expect(seen).to.deep.equal(ids);
  });

  it('pages through tasks of one instant', async () => {
    const { connection } = api();
    await taskModel(connection).updateMany({}, { $set: { createdAt: new Date(0) } });
    const first = await list('?limit=3');
    const second = await list(`?limit=3&cursor=${first.nextCursor}`);
    const seen = [...idsOf(first), ...idsOf(second)];
    expect(seen.sort()).to.deep.equal([...ids].sort());
  });

  it('filters by reference, state and time', async () => {
    expect((await list('?reference=odd')).items).to.have.length(2);
    expect((await list('?state=done')).items).to.deep.equal([]);
    expect((await list('?state=accepted')).items).to.have.length(5);
    expect((await list('?from=1970-01-01T00:00:00Z&to=1970-01-01T00:00:01Z')).items).to.have.length(
      5,
    );
    expect((await list('?to=1970-01-01T00:00:00Z')).items).to.deep.equal([]);
    expect((await list('?from=1970-01-01T00:00:01Z')).items).to.deep.equal([]);
  });

  it('refuses cursors, limits and states that are none', async () => {
    for (const query of ['cursor=x', 'cursor=', 'limit=0', 'limit=201', 'state=sent', 'from=x']) {
      const answer = await api().request('GET', `/v1/tasks?${query}`);
      expect(answer.status, query).to.equal(422);
      expect(answer.body.errors[0].field, query).to.equal(query.split('=')[0]);
    }
  });

  it('shows nothing of another app, task by task or in the list', async () => {
    const { key } = await api().createApp('rival');
    expect((await api().request('GET', '/v1/tasks', { key })).body.items).to.deep.equal([]);
    for (const [method, path] of [
      ['GET', ''],
      ['GET', '/deliveries'],
      ['POST', '/pause'],
      ['POST', '/resume'],
      ['POST', '/cancel'],
    ]) {
      const answer = await api().request(method!, `/v1/tasks/${ids[0]}${path}`, { key });
      expect([answer.status, answer.body.code], path).to.deep.equal([404, 'NOT_FOUND']);
    }
    expect((await list('?state=accepted')).items).to.have.length(5);
  });

  it('answers 404 to ids that are unknown or none', async () => {
    for (const id of [ID, 'x', `${ID}0`, '%00']) {
      expect((await api().request('GET', `/v1/tasks/${id}`)).status, id).to.equal(404);
    }
  });
});

describe('POST /v1/tasks/:task/pause, resume and cancel', () => {
  const api = testApi();
  const later = { at: inFuture(DAY_MS) };
  const newTask = async (): Promise<string> => {
    const body = { audience: ALL, message: HELLO, schedule: later };
    return (await api().request('POST', '/v1/tasks', { body })).body.id as string;
  };
  const ask = (id: string, verb: string) => api().request('POST', `/v1/tasks/${id}/${verb}`);

  it('answer the state the task is in then', async () => {
    const id = await newTask();
    expect((await ask(id, 'pause')).body).to.deep.equal({ id, state: 'paused' });
    expect((await ask(id, 'resume')).body).to.deep.equal({ id, state: 'scheduled' });
    expect((await ask(id, 'cancel')).body).to.deep.equal({ id, state: 'cancelled' });
  });

  it('answer 409 with the state when that does not allow it', async () => {
    const id = await newTask();
    await ask(id, 'cancel');
    const answer = await ask(id, 'resume');
    expect([answer.status, answer.body.code]).to.deep.equal([409, 'TASK_STATE_CONFLICT']);
    expect(answer.body.state).to.equal('cancelled');
    expect((await api().request('GET', `/v1/tasks/${id}`)).body.state).to.equal('cancelled');
  });

  it('take no fields', async () => {
    const body = { reason: 'x' };
    const answer = await api().request('POST', `/v1/tasks/${await newTask()}/pause`, { body });
    expect(answer.status).to.equal(422);
  });
});

describe('PATCH /v1/tasks/:task', () => {
  const api = testApi();
  const newTask = async (): Promise<string> => {
    const body = { audience: ALL, message: HELLO, schedule: { at: inFuture(DAY_MS) } };
    return (await api().request('POST', '/v1/tasks', { body })).body.id as string;
  };
  const change = (id: string, body: unknown) => api().request('PATCH', `/v1/tasks/${id}`, { body });
  const rateOf = async (id: string): Promise<unknown> =>
    (await api().request('GET', `/v1/tasks/${id}`)).body.ratePerSecond;

  it('sets the rate of a task, and takes it away again', async () => {
    const id = await newTask();
    expect((await change(id, { ratePerSecond: 300 })).body).to.deep.equal({
      id,
      state: 'scheduled',
    });
    expect(await rateOf(id)).to.equal(300);
    await change(id, { ratePerSecond: null });
    expect(await rateOf(id)).to.equal(undefined);
  });

  it('answers 409 for a task that has ended', async () => {
    const id = await newTask();
    await api().request('POST', `/v1/tasks/${id}/cancel`);
    const answer = await change(id, { ratePerSecond: 300 });
    expect([answer.status, answer.body.code]).to.deep.equal([409, 'TASK_STATE_CONFLICT']);
  });

  it('answers 404 for a task that the app does not have', async () => {
    expect((await change('5f0e6923a1b2c3d4e5f60718', { ratePerSecond: 1 })).status).to.equal(404);
  });

  it('refuses anything but a rate', async () => {
    const id = await newTask();
    for (const body of [{}, { ratePerSecond: 0 }, { ratePerSecond: 5, lane: 'campaign' }]) {
      expect((await change(id, body)).status, JSON.stringify(body)).to.equal(422);
    }
    expect(await rateOf(id)).to.equal(undefined);
  });
});
