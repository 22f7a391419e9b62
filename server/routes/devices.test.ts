import { expect } from 'chai';
import { testApi } from '../../test/support/api.js';

const LONG = '0123456789abcdef0123456789abcdef';

describe('Devices over HTTP', () => {
  const api = testApi();
  let count = 0;
  const newToken = (): string => {
    count += 1;
    return `sandbox-t${count}-${LONG}`;
  };

  const put = (body: Record<string, unknown>, key?: string | null) =>
    api().request('PUT', '/v1/devices', {
      body: { vendor: 'sandbox', ...body },
      ...(key === undefined ? {} : { key }),
    });
  const registered = async (body: Record<string, unknown>): Promise<string> => {
    const answer = await put(body);
    expect(answer.status, answer.text).to.equal(200);
    return answer.body.id as string;
  };
  const get = (path: string, key?: string) => api().request('GET', path, key ? { key } : {});

  describe('PUT /v1/devices', () => {
    it('answers the id of the device, the same one for the same token', async () => {
      const token = newToken();
      const first = await put({ token, consent: { push: 'granted' } });
      expect(first.status).to.equal(200);
      expect(first.body).to.have.all.keys('id');
      expect((await put({ token })).body).to.deep.equal(first.body);
    });

    const faults: [string, Record<string, unknown>, string][] = [
      ['an unknown vendor', { vendor: 'pager', token: 'x' }, 'vendor'],
      ['a token that the vendor would not know', { token: 'NOT A TOKEN' }, 'token'],
      ['no token', {}, 'token'],
      ['an unknown field', { token: newToken(), colour: 'red' }, 'colour'],
      [
        'a zone that does not exist',
        { token: newToken(), timeZone: 'Europe/Atlantis' },
        'timeZone',
      ],
      ['an offset in place of a zone', { token: newToken(), timeZone: '+02:00' }, 'timeZone'],
      ['a locale of another notation', { token: newToken(), locale: 'de_DE' }, 'locale'],
      ['an empty tag', { token: newToken(), tags: ['ok', ' '] }, 'tags[1]'],
      ['a tag that is too long', { token: newToken(), tags: ['x'.repeat(65)] }, 'tags[0]'],
      [
        'too many tags',
        { token: newToken(), tags: Array.from({ length: 101 }, (_, i) => `t${i}`) },
        'tags',
      ],
      ['a platform that nobody knows', { token: newToken(), platform: 'pager' }, 'platform'],
      ['a platform taken away', { token: newToken(), platform: null }, 'platform'],
      ['a version that is too long', { token: newToken(), osVersion: '1'.repeat(65) }, 'osVersion'],
      [
        'an attribute with a name that cannot be compared',
        { token: newToken(), attributes: { 'a.b': 1 } },
        'attributes.a.b',
      ],
      [
        'an attribute of another type',
        { token: newToken(), attributes: { level: { is: 1 } } },
        'attributes.level',
      ],
      [
        'an attribute that is too long',
        { token: newToken(), attributes: { plan: 'x'.repeat(257) } },
        'attributes.plan',
      ],
      [
        'too many attributes',
        {
          token: newToken(),
          attributes: Object.fromEntries(Array.from({ length: 51 }, (_, i) => [`a${i}`, i])),
        },
        'attributes',
      ],
      [
        'quiet hours without an end',
        { token: newToken(), quietHours: { from: '21:00' } },
        'quietHours.to',
      ],
      ['an account that is too long', { token: newToken(), account: 'a'.repeat(257) }, 'account'],
      [
        'a consent that decides nothing',
        { token: newToken(), consent: { source: 'x' } },
        'consent',
      ],
      [
        'a consent of another kind',
        { token: newToken(), consent: { push: 'maybe' } },
        'consent.push',
      ],
      [
        'a purpose that is no name',
        { token: newToken(), consent: { purposes: { $set: 'granted' } } },
        'consent.purposes.$set',
      ],
      ['a former token without installation', { token: newToken(), previousToken: newToken() }, ''],
      ['a proof without account', { token: newToken(), accountProof: 'x.y.z' }, ''],
    ];
    for (const [what, body, field] of faults) {
      it(`refuses ${what}, naming the field and no value`, async () => {
        const answer = await put(body);
        expect(answer.status).to.equal(422);
        expect(answer.body).to.have.property('code', 'VALIDATION_FAILED');
        expect(answer.body.errors[0].field).to.equal(field);
        expect(answer.text).not.to.match(/NOT A TOKEN|Atlantis|0123456789abcdef/);
      });
    }

    it('brings locales into their one form and drops repeated tags', async () => {
      const id = await registered({
        token: newToken(),
        locale: 'zh-hant-tw',
        tags: ['a', 'b', 'a'],
      });
      const { body } = await get(`/v1/devices/${id}`);
      expect(body.locale).to.equal('zh-Hant-TW');
      expect(body.tags).to.deep.equal(['a', 'b']);
    });
  });

  describe('GET /v1/devices/:device', () => {
    it('shows everything but the token, of which only the ends', async () => {
      const token = newToken();
      const id = await registered({
        token,
        installationId: `i-${token}`,
        account: 'ann',
        tags: ['vip'],
        locale: 'de-DE',
        timeZone: 'Europe/Berlin',
        appVersion: '1.0',
        osVersion: '17.1',
        brand: 'Xiaomi',
        platform: 'android',
        attributes: { level: 12, paying: true, renewsAt: '2027-01-31', note: '' },
        consent: { push: 'granted', purposes: { marketing: 'denied' }, source: 'test' },
      });
      const { status, body, text } = await get(`/v1/devices/${id}`);
      expect(status).to.equal(200);
      expect(body).to.deep.include({
        id,
        vendor: 'sandbox',
        profile: 'default',
        account: 'ann',
        tags: ['vip'],
        locale: 'de-DE',
        timeZone: 'Europe/Berlin',
        appVersion: '1.0',
        osVersion: '17.1',
        brand: 'xiaomi',
        platform: 'android',
        attributes: { level: 12, paying: true, renewsAt: '2027-01-31', note: '' },
        lastSeenAt: body.registeredAt,
        state: 'active',
        token: `${token.slice(0, 6)}…${token.slice(-4)}`,
      });
      expect(body.consent).to.deep.include({ push: 'granted', purposes: { marketing: 'denied' } });
      expect(text.replace(`i-${token}`, '')).not.to.contain(token);
      expect(body).not.to.have.any.keys('tokenKey', '_id', 'app', 'appVersionKey', 'attributeKeys');
    });

    it('shows nothing of a short token', async () => {
      const id = await registered({ token: 'sandbox-short' });
      expect((await get(`/v1/devices/${id}`)).body.token).to.equal('…');
    });

    it('knows no device of another app', async () => {
      const other = await api().createApp('device-spy');
      const id = await registered({ token: newToken(), account: 'ann' });
      for (const [method, path, body] of [
        ['GET', `/v1/devices/${id}`],
        ['PATCH', `/v1/devices/${id}`, { tags: ['mine'] }],
        ['DELETE', `/v1/devices/${id}`],
        ['PUT', `/v1/devices/${id}/consent`, { push: 'denied' }],
        ['GET', `/v1/devices/${id}/consent`],
        ['GET', `/v1/devices/${id}/deliveries`],
        ['GET', '/v1/accounts/ann'],
      ] as const) {
        const answer = await api().request(method, path, { key: other.key, body });
        expect(answer.status, `${method} ${path}`).to.equal(404);
      }
      const listed = await get('/v1/devices?account=ann', other.key);
      expect(listed.body.items).to.deep.equal([]);
      expect((await get(`/v1/devices/${id}`)).body.tags).to.deep.equal([]);
    });
  });

  describe('GET /v1/devices', () => {
    it('finds by account, by tag and by token, also when the vendor is not named', async () => {
      const token = newToken();
      const id = await registered({ token, account: 'list-ann', tags: ['list tag'] });
      await registered({ token: newToken(), account: 'list-bob' });
      for (const query of [
        'account=list-ann',
        'tag=list%20tag',
        `token=${token}`,
        `token=${token}&vendor=sandbox`,
      ]) {
        const { status, body } = await get(`/v1/devices?${query}`);
        expect(status, query).to.equal(200);
        expect(body.items.map((item: { id: string }) => item.id)).to.deep.equal([id]);
        expect(body).not.to.have.property('nextCursor');
      }
      expect((await get('/v1/devices?token=unknown')).body.items).to.deep.equal([]);
    });

    it('comes in pages that neither repeat nor miss a device', async () => {
      const ids = [];
      for (let index = 0; index < 5; index += 1) {
        ids.push(await registered({ token: newToken(), tags: ['paged'] }));
      }
      const seen: string[] = [];
      let cursor = '';
      do {
        const { body } = await get(`/v1/devices?tag=paged&limit=2${cursor}`);
        expect(body.items.length).to.be.at.most(2);
        seen.push(...body.items.map((item: { id: string }) => item.id));
        cursor = body.nextCursor ? `&cursor=${body.nextCursor}` : '';
      } while (cursor !== '');
      expect(seen).to.deep.equal(ids.sort());
    });

    it('refuses none or two of account, tag and token, and a cursor of its own making', async () => {
      for (const query of ['', 'account=a&tag=b', 'tag=a&cursor=bogus', 'tag=a&limit=1001']) {
        expect((await get(`/v1/devices?${query}`)).status, query).to.equal(422);
      }
    });
  });

  describe('PATCH /v1/devices/:device', () => {
    it('changes what it names, removes what is null, and leaves the rest', async () => {
      const id = await registered({
        token: newToken(),
        tags: ['a'],
        locale: 'de',
        appVersion: '1',
        consent: { push: 'granted' },
      });
      const { status, body } = await api().request('PATCH', `/v1/devices/${id}`, {
        body: { tags: ['b', 'c'], locale: null },
      });
      expect(status).to.equal(200);
      expect(body).to.deep.include({ tags: ['b', 'c'], appVersion: '1' });
      expect(body).not.to.have.property('locale');
      expect(body.consent.push).to.equal('granted');
    });

    it('sets the quiet hours of a person, and ends them with null', async () => {
      const quietHours = { from: '21:00', to: '07:30' };
      const token = newToken();
      const id = await registered({ token, quietHours });
      const path = `/v1/devices/${id}`;
      expect((await api().request('GET', path)).body.quietHours).to.deep.equal(quietHours);
      // What a later registration does not name stays.
      await registered({ token, appVersion: '2' });
      const change = { ...quietHours, from: '22:15' };
      const patched = await api().request('PATCH', path, { body: { quietHours: change } });
      expect(patched.body.quietHours).to.deep.equal(change);
      const ended = await api().request('PATCH', path, { body: { quietHours: null } });
      expect(ended.body).to.include({ appVersion: '2' }).and.not.to.have.property('quietHours');
    });

    it('changes the attributes it names, up to as many as a device may have', async () => {
      const attributes = Object.fromEntries(Array.from({ length: 50 }, (_, at) => [`a${at}`, at]));
      const id = await registered({ token: newToken(), attributes });
      const patch = (change: Record<string, unknown>) =>
        api().request('PATCH', `/v1/devices/${id}`, { body: { attributes: change } });
      const refused = await patch({ level: 1 });
      expect(refused.status).to.equal(422);
      expect(refused.body.errors).to.deep.equal([
        { field: 'attributes', detail: 'Must be at most 50 with those that the device has' },
      ]);
      const { status, body } = await patch({ a0: null, a1: 'one', level: 1 });
      expect(status).to.equal(200);
      const { a0: _, ...rest } = attributes;
      expect(body.attributes).to.deep.equal({ ...rest, a1: 'one', level: 1 });
    });

    it('resets consent with the account, and says so in the history', async () => {
      const id = await registered({
        token: newToken(),
        account: 'before',
        consent: { push: 'granted' },
      });
      const { body } = await api().request('PATCH', `/v1/devices/${id}`, {
        body: { account: 'after' },
      });
      expect(body.account).to.equal('after');
      expect(body.consent).not.to.have.property('push');
      const history = await get(`/v1/devices/${id}/consent`);
      expect(history.body.items[0]).to.include({ cause: 'account-changed' });
    });

    it('binds no erased account', async () => {
      const id = await registered({ token: newToken() });
      await api().request('DELETE', '/v1/accounts/patched-away');
      const answer = await api().request('PATCH', `/v1/devices/${id}`, {
        body: { account: 'patched-away' },
      });
      expect(answer.status).to.equal(409);
      expect(answer.body.code).to.equal('SUPPRESSED');
      expect((await get(`/v1/devices/${id}`)).body).not.to.have.property('account');
    });

    it('takes neither token nor consent nor nothing', async () => {
      const id = await registered({ token: newToken() });
      for (const body of [{}, { token: newToken() }, { consent: { push: 'granted' } }]) {
        expect((await api().request('PATCH', `/v1/devices/${id}`, { body })).status).to.equal(422);
      }
    });
  });

  describe('DELETE /v1/devices/:device', () => {
    it('erases it, and lets its token come back only with a fresh grant', async () => {
      const token = newToken();
      const id = await registered({ token, account: 'leaver', consent: { push: 'granted' } });
      expect((await api().request('DELETE', `/v1/devices/${id}`)).status).to.equal(204);
      expect((await get(`/v1/devices/${id}`)).status).to.equal(404);
      expect((await api().request('DELETE', `/v1/devices/${id}`)).status).to.equal(404);
      const refused = await put({ token });
      expect(refused.status).to.equal(409);
      expect(refused.body).to.deep.include({ code: 'SUPPRESSED' });
      expect(refused.body.errors[0].field).to.equal('token');
      expect((await get(`/v1/devices?token=${token}`)).body.items).to.deep.equal([]);
      const back = await put({ token, consent: { push: 'granted' } });
      expect(back.status).to.equal(200);
      expect(back.body.id).not.to.equal(id);
      expect((await put({ token })).status).to.equal(200);
    });

    it('keeps the bare history of its consent', async () => {
      const id = await registered({
        token: newToken(),
        account: 'x',
        consent: { push: 'granted' },
      });
      await api().request('DELETE', `/v1/devices/${id}`);
      const { status, body, text } = await get(`/v1/devices/${id}/consent`);
      expect(status).to.equal(200);
      expect(body.items).to.have.lengthOf(1);
      expect(text).not.to.contain('"x"');
    });
  });
});
