import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { SignJWT } from 'jose';
import { testApi } from '../../test/support/api.js';
import { ACCOUNT_PROOF_MAX_SECONDS } from '../account-proof.js';

const LONG = '0123456789abcdef0123456789abcdef';
const IN_AN_HOUR = () => Math.floor(Date.now() / 1_000) + 3_600;

describe('A client key', () => {
  const api = testApi();
  let count = 0;
  const newToken = (): string => {
    count += 1;
    return `sandbox-c${count}-${LONG}`;
  };
  const clientKey = (): string => api().app.keys['devices:register'];

  const put = (body: Record<string, unknown>, key = clientKey()) =>
    api().request('PUT', '/v1/devices', { key, body: { vendor: 'sandbox', ...body } });
  const byServer = (body: Record<string, unknown>) => put(body, api().app.key);
  const idOf = async (answer: ReturnType<typeof put>): Promise<string> => {
    const { status, text, body } = await answer;
    expect(status, text).to.equal(200);
    return body.id as string;
  };
  const shown = async (id: string) => (await api().request('GET', `/v1/devices/${id}`)).body;
  const known = async (token: string): Promise<unknown[]> =>
    (await api().request('GET', `/v1/devices?token=${token}`)).body.items as unknown[];

  const proof = (
    claims: Record<string, unknown>,
    { secret = api().app.identitySecret, exp = IN_AN_HOUR(), alg = 'HS256' } = {},
  ): Promise<string> =>
    new SignJWT({ exp, ...claims })
      .setProtectedHeader({ alg })
      .sign(new TextEncoder().encode(secret));

  it('registers the token it presents, with consent and facts', async () => {
    const token = newToken();
    const id = await idOf(
      put({
        token,
        installationId: `i-${count}`,
        locale: 'de',
        timeZone: 'Europe/Berlin',
        consent: { push: 'granted' },
      }),
    );
    const device = await shown(id);
    expect(device).to.include({ locale: 'de' });
    expect(device.consent.push).to.equal('granted');
    expect(await idOf(put({ token }))).to.equal(id);
  });

  it('is told the same of a new token and of a known one', async () => {
    const token = newToken();
    const fresh = await put({ token });
    const again = await put({ token });
    expect(again.status).to.equal(fresh.status);
    expect(again.body).to.deep.equal(fresh.body);
    expect(Object.keys(again.body as object)).to.deep.equal(['id']);
  });

  it('sets no tags and no attributes, and removes none', async () => {
    const token = newToken();
    for (const [field, value] of [
      ['tags', ['vip']],
      ['attributes', { level: 99 }],
      ['attributes', null],
    ] as const) {
      const answer = await put({ token, [field]: value });
      expect(answer.status).to.equal(403);
      expect(answer.body.errors).to.deep.equal([
        { field, detail: 'Must not be set by a client key' },
      ]);
    }
    expect(await known(token)).to.deep.equal([]);
  });

  it('tells what the phone is', async () => {
    const facts = { osVersion: '17.1', brand: 'apple', platform: 'ipados', appVersion: '3.10.0' };
    const token = newToken();
    const id = await idOf(byServer({ token, attributes: { level: 3 } }));
    expect(await idOf(put({ token, ...facts }))).to.equal(id);
    expect(await shown(id)).to.deep.include({ ...facts, attributes: { level: 3 } });
    const quietHours = { from: '21:00', to: '08:00' };
    await idOf(put({ token, quietHours }));
    expect(await shown(id)).to.deep.include({ ...facts, quietHours });
  });

  it('keeps the tags and the account that a server has set', async () => {
    const token = newToken();
    const id = await idOf(byServer({ token, tags: ['vip'], account: 'ann' }));
    await idOf(put({ token, appVersion: '2' }));
    expect(await shown(id)).to.deep.include({ tags: ['vip'], account: 'ann', appVersion: '2' });
  });

  it('may use no other route', async () => {
    const id = await idOf(put({ token: newToken() }));
    for (const [method, path] of [
      ['GET', '/v1/devices?account=ann'],
      ['GET', `/v1/devices/${id}`],
      ['PATCH', `/v1/devices/${id}`],
      ['DELETE', `/v1/devices/${id}`],
      ['GET', `/v1/devices/${id}/consent`],
      ['GET', `/v1/devices/${id}/deliveries`],
      ['POST', '/v1/devices/import'],
      ['GET', '/v1/accounts/ann'],
      ['DELETE', '/v1/accounts/ann'],
      ['POST', '/v1/tasks'],
    ] as const) {
      const answer = await api().request(method, path, { key: clientKey() });
      expect(answer.status, `${method} ${path}`).to.equal(403);
      expect(answer.body.code).to.equal('SCOPE_MISSING');
    }
  });

  describe('with an account', () => {
    it('binds it by a proof over exactly this account and this token', async () => {
      const token = newToken();
      const accountProof = await proof({ account: 'ann', token });
      const id = await idOf(put({ token, account: 'ann', accountProof }));
      expect(await shown(id)).to.have.property('account', 'ann');
    });

    const forgeries: [string, (token: string) => Promise<string | undefined>][] = [
      ['no proof', async () => undefined],
      ['no JWT', async () => 'ann'],
      ['a proof over another account', (token) => proof({ account: 'bob', token })],
      [
        'a proof over another token',
        () => proof({ account: 'ann', token: `sandbox-other-${LONG}` }),
      ],
      ['a proof without token', () => proof({ account: 'ann' })],
      [
        'a proof that lives longer than a day',
        (token) =>
          proof({ account: 'ann', token }, { exp: IN_AN_HOUR() + ACCOUNT_PROOF_MAX_SECONDS }),
      ],
      ['an expired proof', (token) => proof({ account: 'ann', token }, { exp: 1_000 })],
      ['a proof that never expires', (token) => proof({ account: 'ann', token, exp: undefined })],
      [
        'a proof under another secret',
        (token) =>
          proof({ account: 'ann', token }, { secret: randomBytes(32).toString('base64url') }),
      ],
      [
        'a proof under another algorithm',
        (token) => proof({ account: 'ann', token }, { alg: 'HS512' }),
      ],
      [
        'an unsigned proof',
        async (token) => {
          const [, payload] = (await proof({ account: 'ann', token })).split('.');
          const header = Buffer.from('{"alg":"none"}').toString('base64url');
          return `${header}.${payload}.`;
        },
      ],
      [
        'the proof of another app',
        async (token) => {
          const { identitySecret } = await api().createApp(`forger-${count}`);
          return proof({ account: 'ann', token }, { secret: identitySecret });
        },
      ],
    ];
    for (const [what, forge] of forgeries) {
      it(`writes nothing with ${what}`, async () => {
        const token = newToken();
        const accountProof = await forge(token);
        const answer = await put({
          token,
          account: 'ann',
          consent: { push: 'granted' },
          ...(accountProof == null ? {} : { accountProof }),
        });
        expect(answer.status).to.equal(403);
        expect(answer.body.code).to.equal('ACCOUNT_PROOF_INVALID');
        expect(await known(token)).to.deep.equal([]);
      });
    }

    it('leaves what was there untouched when the proof is wrong', async () => {
      const token = newToken();
      const id = await idOf(byServer({ token, account: 'bob', consent: { push: 'granted' } }));
      const before = await shown(id);
      expect((await put({ token, account: 'ann' })).status).to.equal(403);
      expect(await shown(id)).to.deep.equal(before);
    });

    it('resets consent when the proven account is another one', async () => {
      const token = newToken();
      const id = await idOf(byServer({ token, account: 'bob', consent: { push: 'granted' } }));
      const accountProof = await proof({ account: 'ann', token });
      await idOf(put({ token, account: 'ann', accountProof }));
      const device = await shown(id);
      expect(device.account).to.equal('ann');
      expect(device.consent).not.to.have.property('push');
    });

    it('undoes no erasure by a proof from before it, and does by a younger one', async () => {
      const token = newToken();
      const account = `leaver-${count}`;
      const now = Math.floor(Date.now() / 1_000);
      const back = async (iat?: number) =>
        put({
          token,
          account,
          consent: { push: 'granted' },
          accountProof: await proof({ account, token, ...(iat == null ? {} : { iat }) }),
        });
      await idOf(back());
      await api().request('DELETE', `/v1/accounts/${account}`);
      for (const iat of [undefined, now - 60]) {
        const answer = await back(iat);
        expect(answer.status).to.equal(409);
        expect(answer.body).to.have.property('code', 'SUPPRESSED');
        expect(answer.body.errors[0].field).to.equal('account');
      }
      expect(await known(token)).to.deep.equal([]);
      await idOf(back(now + 60));
      expect(await known(token)).to.have.lengthOf(1);
    });

    it('leaves an account without proof, which ends its consent', async () => {
      const token = newToken();
      const id = await idOf(byServer({ token, account: 'bob', consent: { push: 'granted' } }));
      await idOf(put({ token, account: null }));
      const device = await shown(id);
      expect(device).not.to.have.property('account');
      expect(device.consent).not.to.have.property('push');
    });
  });

  describe("with a stranger's installation", () => {
    const victim = async () => {
      const token = newToken();
      const installationId = `victim-${count}`;
      const facts = { account: 'ann', tags: ['vip'], consent: { push: 'granted' } };
      const id = await idOf(byServer({ token, installationId, ...facts }));
      return { token, installationId, id };
    };

    it('inherits nothing and changes nothing, and cannot tell that it exists', async () => {
      const { installationId, id, token } = await victim();
      const before = await shown(id);
      const thief = newToken();
      const answer = await put({ token: thief, installationId });
      const nobody = await put({ token: newToken(), installationId: 'nobody-has-this' });
      expect(answer.status).to.equal(nobody.status);
      expect(Object.keys(answer.body as object)).to.deep.equal(Object.keys(nobody.body as object));
      const taken = await shown(answer.body.id as string);
      expect(answer.body.id).not.to.equal(id);
      expect(taken).not.to.have.any.keys('account', 'installationId');
      expect(taken.tags).to.deep.equal([]);
      expect(taken.consent).to.deep.equal({ purposes: {} });
      expect(await shown(id)).to.deep.equal(before);
      expect(await known(token)).to.have.lengthOf(1);
    });

    it('takes it over by showing the token it had', async () => {
      const { installationId, id, token } = await victim();
      const next = newToken();
      const previousToken = token;
      expect(await idOf(put({ token: next, installationId, previousToken }))).to.equal(id);
      expect(await shown(id)).to.deep.include({ account: 'ann', tags: ['vip'] });
      expect(await known(token)).to.deep.equal([]);
    });
  });

  describe('and consent', () => {
    const change = (id: string, body: Record<string, unknown>) =>
      api().request('PUT', `/v1/devices/${id}/consent`, { key: clientKey(), body });

    it('withdraws and grants for the device whose token it presents, and learns nothing', async () => {
      const token = newToken();
      const id = await idOf(put({ token, consent: { push: 'granted' } }));
      const answer = await change(id, { push: 'denied', vendor: 'sandbox', token });
      expect(answer.status).to.equal(204);
      expect(answer.text).to.equal('');
      expect((await shown(id)).consent.push).to.equal('denied');
      expect((await change(id, { push: 'granted', vendor: 'sandbox', token })).status).to.equal(
        204,
      );
      expect((await shown(id)).consent.push).to.equal('granted');
    });

    it('cannot touch or find a device by anything but its token', async () => {
      const token = newToken();
      const id = await idOf(put({ token, consent: { push: 'granted' } }));
      const own = newToken();
      await idOf(put({ token: own }));
      const missing = await change('0'.repeat(24), {
        push: 'denied',
        vendor: 'sandbox',
        token: own,
      });
      for (const presented of [
        { vendor: 'sandbox', token: own },
        { vendor: 'sandbox', token: 'not a token' },
        { vendor: 'sandbox', token, profile: 'debug' },
      ]) {
        const answer = await change(id, { push: 'denied', ...presented });
        expect(answer.status).to.equal(404);
        const { requestId: _a, ...told } = answer.body as Record<string, unknown>;
        const { requestId: _b, ...toldOfNothing } = missing.body as Record<string, unknown>;
        expect(told).to.deep.equal(toldOfNothing);
      }
      expect((await change(id, { push: 'denied' })).status).to.equal(422);
      expect((await shown(id)).consent.push).to.equal('granted');
    });
  });
});
