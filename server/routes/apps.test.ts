import { expect } from 'chai';
import { testApi } from '../../test/support/api.js';

describe('/v1/apps', () => {
  const api = testApi();
  const operator = (method: string, path: string, body?: unknown) =>
    api().request(method, path, { key: api().operatorKey, body });

  describe('POST', () => {
    it('answers the app, its identity secret and a first key that works', async () => {
      const { status, body } = await operator('POST', '/v1/apps', { id: 'bakery', name: 'Bakery' });
      expect(status).to.equal(201);
      expect(body).to.include({
        id: 'bakery',
        name: 'Bakery',
        allowRawTokens: false,
        retentionDays: 90,
      });
      expect(body.identitySecret).to.match(/^[\w-]{43}$/);
      const own = await api().request('GET', '/v1/apps/bakery', { key: body.adminKey.key });
      expect(own.status).to.equal(200);
    });

    it('keeps no secret in a readable form', async () => {
      const { body } = await operator('POST', '/v1/apps', { id: 'vault', name: 'Vault' });
      const { connection } = api();
      const stored = JSON.stringify([
        await connection.collection('apps').find().toArray(),
        await connection.collection('keys').find().toArray(),
      ]);
      expect(stored).to.not.include(body.identitySecret);
      expect(stored).to.not.include((body.adminKey.key as string).split('.')[1]);
    });

    it('answers 409 to an id that is taken and leaves that app alone', async () => {
      await operator('POST', '/v1/apps', { id: 'taken', name: 'First' });
      const { status, body } = await operator('POST', '/v1/apps', { id: 'taken', name: 'Second' });
      expect([status, body.code]).to.deep.equal([409, 'APP_EXISTS']);
      expect((await operator('GET', '/v1/apps/taken')).body.name).to.equal('First');
      const keys = await operator('GET', '/v1/apps/taken/keys');
      expect(keys.body.items).to.have.length(1);
    });

    for (const id of ['a', '1abc', 'Shop', 'shop_2', 'x'.repeat(41), 'sh op', '../etc']) {
      it(`refuses the id ${JSON.stringify(id.slice(0, 10))}`, async () => {
        const { status, body } = await operator('POST', '/v1/apps', { id, name: 'x' });
        expect(status).to.equal(422);
        expect(body.errors.map(({ field }: { field: string }) => field)).to.deep.equal(['id']);
      });
    }

    it('refuses a retention that is not offered, and texts in place of booleans', async () => {
      const fields = { id: 'odd', name: 'Odd', retentionDays: 31, allowRawTokens: 'true' };
      const { body } = await operator('POST', '/v1/apps', fields);
      expect(body.errors).to.deep.equal([
        { field: 'allowRawTokens', detail: 'Must be a boolean' },
        { field: 'retentionDays', detail: 'Must be one of [30, 90, 365]' },
      ]);
    });
  });

  it('GET lists the apps by id', async () => {
    await operator('POST', '/v1/apps', { id: 'aaa', name: 'First of all' });
    const { body } = await operator('GET', '/v1/apps');
    const ids = body.items.map(({ id }: { id: string }) => id);
    expect(ids).to.include.members(['aaa', 'shop']);
    expect(ids).to.deep.equal([...ids].sort());
  });

  describe('PATCH', () => {
    it('changes what is named and nothing else', async () => {
      await operator('POST', '/v1/apps', { id: 'patched', name: 'Before', retentionDays: 30 });
      const { status, body } = await operator('PATCH', '/v1/apps/patched', { name: 'After' });
      expect(status).to.equal(200);
      expect(body).to.include({ name: 'After', retentionDays: 30, allowRawTokens: false });
      expect((await operator('GET', '/v1/apps/patched')).body).to.deep.equal(body);
    });

    it('sets quiet hours, shows them, and ends them with null', async () => {
      const quietHours = { rules: [{ from: '22:00', to: '08:00' }] };
      const path = '/v1/apps/shop';
      const { status, body } = await api().request('PATCH', path, { body: { quietHours } });
      expect(status).to.equal(200);
      const shown = { rules: [{ ...quietHours.rules[0], action: 'hold' }], timeZone: 'UTC' };
      expect(body.quietHours).to.deep.equal(shown);
      expect((await api().request('GET', path)).body.quietHours).to.deep.equal(shown);
      const ended = await api().request('PATCH', path, { body: { quietHours: null } });
      expect(ended.body).to.not.have.property('quietHours');
      expect((await api().request('GET', path)).body).to.deep.equal(ended.body);
    });

    const rule = { from: '22:00', to: '08:00' };
    for (const [what, quietHours, field] of [
      ['no rule', { rules: [] }, 'quietHours.rules'],
      [
        'a time of day that is none',
        { rules: [{ ...rule, to: '24:00' }] },
        'quietHours.rules[0].to',
      ],
      ['an end at the beginning', { rules: [{ ...rule, to: '22:00' }] }, 'quietHours.rules[0].to'],
      ['no quarter of an hour', { rules: [{ ...rule, to: '08:05' }] }, 'quietHours.rules[0].to'],
      [
        'hardly an hour that is free',
        { rules: [{ from: '08:00', to: '07:15' }] },
        'quietHours.rules[0]',
      ],
      ['another action', { rules: [{ ...rule, action: 'skip' }] }, 'quietHours.rules[0].action'],
      [
        'a rule for no purpose',
        { rules: [{ ...rule, purposes: [] }] },
        'quietHours.rules[0].purposes',
      ],
      ['a zone that is none', { rules: [rule], timeZone: 'Mars/Olympus' }, 'quietHours.timeZone'],
    ] as const) {
      it(`refuses quiet hours with ${what}, and names the field`, async () => {
        const { status, body } = await api().request('PATCH', '/v1/apps/shop', {
          body: { quietHours },
        });
        expect(status).to.equal(422);
        expect(body.errors.map((each: { field: string }) => each.field)).to.deep.equal([field]);
        expect((await api().request('GET', '/v1/apps/shop')).body).to.not.have.property(
          'quietHours',
        );
      });
    }

    it('sets caps, shows them, and ends them with null', async () => {
      const caps = [
        {
          name: 'marketing-a-day',
          purposes: ['marketing'],
          limit: 3,
          window: { calendar: 'day', timeZone: 'Europe/Berlin' },
        },
        { name: 'all-a-week', limit: 10, window: { rollingSeconds: 604_800 } },
      ];
      const path = '/v1/apps/shop';
      const { status, body } = await api().request('PATCH', path, { body: { caps } });
      expect(status).to.equal(200);
      expect(body.caps).to.deep.equal(caps);
      expect((await api().request('GET', path)).body.caps).to.deep.equal(caps);
      const ended = await api().request('PATCH', path, { body: { caps: null } });
      expect(ended.body).to.not.have.property('caps');
      expect((await api().request('GET', path)).body).to.deep.equal(ended.body);
    });

    const cap = { name: 'daily', limit: 3, window: { calendar: 'day' } };
    for (const [what, caps, field, detail] of [
      ['no cap', [], 'caps', 'Must contain at least 1 items'],
      [
        'more than ten',
        Array.from({ length: 11 }, (_, index) => ({ ...cap, name: `cap-${index}` })),
        'caps',
        'Must contain less than or equal to 10 items',
      ],
      [
        'a name that another has',
        [cap, { ...cap, limit: 5 }],
        'caps[1]',
        'Must have a name that no other cap has',
      ],
      [
        'a name that is none',
        [{ ...cap, name: 'a.day' }],
        'caps[0].name',
        'Must be 1 to 40 lower-case letters, digits or hyphens and begin with a letter',
      ],
      [
        'no push at all',
        [{ ...cap, limit: 0 }],
        'caps[0].limit',
        'Must be greater than or equal to 1',
      ],
      [
        'more pushes than are kept',
        [{ ...cap, limit: 51 }],
        'caps[0].limit',
        'Must be less than or equal to 50',
      ],
      [
        'no purpose',
        [{ ...cap, purposes: [] }],
        'caps[0].purposes',
        'Must contain at least 1 items',
      ],
      [
        'no window',
        [{ ...cap, window: {} }],
        'caps[0].window',
        'Must have rollingSeconds or calendar',
      ],
      [
        'two windows',
        [{ ...cap, window: { calendar: 'day', rollingSeconds: 60 } }],
        'caps[0].window',
        'Must have only one of rollingSeconds and calendar',
      ],
      [
        'another calendar',
        [{ ...cap, window: { calendar: 'year' } }],
        'caps[0].window.calendar',
        'Must be one of [day, week, month]',
      ],
      [
        'a window that hardly lasts',
        [{ ...cap, window: { rollingSeconds: 59 } }],
        'caps[0].window.rollingSeconds',
        'Must be greater than or equal to 60',
      ],
      [
        'a window that lasts too long',
        [{ ...cap, window: { rollingSeconds: 31 * 86_400 + 1 } }],
        'caps[0].window.rollingSeconds',
        'Must be less than or equal to 2678400',
      ],
      [
        'a zone without a calendar',
        [{ ...cap, window: { rollingSeconds: 60, timeZone: 'Europe/Berlin' } }],
        'caps[0].window',
        'Must have timeZone only beside calendar',
      ],
      [
        'a zone that is none',
        [{ ...cap, window: { calendar: 'day', timeZone: 'Mars/Olympus' } }],
        'caps[0].window.timeZone',
        'Must be the IANA name of a time zone, for example Europe/Berlin',
      ],
    ] as const) {
      it(`refuses caps with ${what}, and says where and what is allowed`, async () => {
        const { status, body } = await api().request('PATCH', '/v1/apps/shop', { body: { caps } });
        expect(status).to.equal(422);
        expect(body.errors).to.deep.equal([{ field, detail }]);
        expect((await api().request('GET', '/v1/apps/shop')).body).to.not.have.property('caps');
      });
    }

    it('lets the operator alone say what is urgent', async () => {
      const change = { urgentPurposes: ['security'] };
      const own = await api().request('PATCH', '/v1/apps/shop', { body: change });
      expect([own.status, own.body.code]).to.deep.equal([403, 'SCOPE_MISSING']);
      expect((await api().request('GET', '/v1/apps/shop')).body).to.not.have.property(
        'urgentPurposes',
      );
      const { status, body } = await operator('PATCH', '/v1/apps/shop', change);
      expect(status).to.equal(200);
      expect(body).to.deep.include(change);
    });

    it('refuses to change the id, and to change nothing', async () => {
      for (const body of [{ id: 'other' }, {}]) {
        expect((await operator('PATCH', '/v1/apps/shop', body)).status).to.equal(422);
      }
    });
  });
});

describe('/v1/apps/:app/keys', () => {
  const api = testApi();
  const path = '/v1/apps/shop/keys';

  it('makes a key with just the scopes asked for', async () => {
    const body = { name: 'reader', scopes: ['tasks:read'] };
    const made = await api().request('POST', path, { body });
    expect(made.status).to.equal(201);
    const { key } = made.body as { key: string };
    expect((await api().request('GET', '/v1/tasks', { key })).status).to.equal(200);
    expect((await api().request('GET', path, { key })).status).to.equal(403);
  });

  it('lists keys, revoked ones too, without their secrets', async () => {
    const body = { name: 'to be revoked', scopes: ['devices:register'] };
    const { id, key } = (await api().request('POST', path, { body })).body;
    await api().request('DELETE', `${path}/${id}`);
    const { body: list, text } = await api().request('GET', path);
    const shown = list.items.find((each: { id: string }) => each.id === id);
    expect(shown).to.include({ name: 'to be revoked' }).and.to.have.property('revokedAt');
    expect(text).to.not.include(key.split('.')[1]);
    expect(text).to.not.include('hash');
  });

  it('never mixes the scope of mobile apps with those of servers', async () => {
    for (const scopes of [
      ['devices:register', 'admin'],
      [],
      ['root'],
      ['admin', 'admin'],
      'admin',
    ]) {
      const { status, body } = await api().request('POST', path, { body: { name: 'x', scopes } });
      expect(status, String(scopes)).to.equal(422);
      expect(body.errors).to.have.length(1);
      expect(body.errors[0].field).to.equal('scopes');
    }
  });

  it('revokes no key of another app, and none twice', async () => {
    const rival = await api().createApp('rival');
    const [theirs] = rival.key.split('.');
    expect((await api().request('DELETE', `${path}/${theirs}`)).status).to.equal(404);
    expect((await api().request('GET', '/v1/tasks', { key: rival.key })).status).to.equal(200);
    const [mine] = api().app.keys['tasks:write'].split('.');
    expect((await api().request('DELETE', `${path}/${mine}`)).status).to.equal(204);
    expect((await api().request('DELETE', `${path}/${mine}`)).status).to.equal(404);
  });
});
