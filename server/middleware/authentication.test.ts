import { expect } from 'chai';
import { testApi } from '../../test/support/api.js';
import { until } from '../../test/support/until.js';

describe('authentication', () => {
  const api = testApi();

  const statusWith = async (headers: Record<string, string>): Promise<number> =>
    (await api().request('GET', '/v1/tasks', { key: null, headers })).status;
  const statusOf = (key: string) => statusWith({ authorization: `Bearer ${key}` });

  it('takes a key of the app', async () => {
    expect(await statusOf(api().app.key)).to.equal(200);
  });

  it('takes the scheme in any case, as HTTP demands', async () => {
    expect(await statusWith({ authorization: `bearer ${api().app.key}` })).to.equal(200);
  });

  it('refuses a wrong secret, a secret of another key, half a key and no key alike', async () => {
    const [id = '', secret = ''] = api().app.key.split('.');
    const [otherId = ''] = api().app.keys.admin.split('.');
    const wrong = [`${id}.x`, `${otherId}.${secret}`, id, `${id}.`, `.${secret}`, secret, '.', 'x'];
    for (const key of wrong) expect(await statusOf(key), key).to.equal(401);
    expect(await statusWith({ authorization: `Basic ${api().app.key}` })).to.equal(401);
    expect(await statusWith({})).to.equal(401);
  });

  it('refuses half of the operator key', async () => {
    const { operatorKey } = api();
    expect(await statusOf(operatorKey.slice(0, -1))).to.equal(401);
    expect(await statusOf(`${operatorKey}x`)).to.equal(401);
  });

  it('does not say whether the id of a refused key exists', async () => {
    const [id] = api().app.key.split('.');
    const ask = (key: string) => api().request('GET', '/v1/tasks', { key });
    const [known, unknown] = [await ask(`${id}.wrong`), await ask('unknown.wrong')];
    expect({ ...known.body, requestId: '' }).to.deep.equal({ ...unknown.body, requestId: '' });
    expect(known.headers.get('www-authenticate')).to.equal(
      'Bearer realm="pigeonpost", error="invalid_token"',
    );
  });

  it('refuses a revoked key at once where it was revoked', async () => {
    const made = await api().request('POST', '/v1/apps/shop/keys', {
      body: { name: 'short-lived', scopes: ['tasks:read'] },
    });
    const { id, key } = made.body as { id: string; key: string };
    expect(await statusOf(key)).to.equal(200);
    const revoked = await api().request('DELETE', `/v1/apps/shop/keys/${id}`);
    expect(revoked.status).to.equal(204);
    expect(await statusOf(key)).to.equal(401);
  });

  it('refuses a key that another process revoked within two seconds', async () => {
    const key = api().app.keys['tasks:read'];
    expect(await statusOf(key)).to.equal(200);
    const [id] = key.split('.');
    await api()
      .connection.collection<{ _id: string }>('keys')
      .updateOne({ _id: id! }, { $set: { revokedAt: new Date() } });
    const isRefused = async () => (await statusOf(key)) === 401;
    // A machine may be busy; a key that is kept for a minute or until the next start is found out.
    await until('the key is refused', isRefused, { withinMs: 20_000, everyMs: 100 });
  });

  context('with the operator key', () => {
    const ask = (path: string, headers: Record<string, string> = {}) =>
      api().request('GET', path, { key: api().operatorKey, headers });

    it('speaks for the app in the path, or in the header X-App', async () => {
      expect((await ask('/v1/apps/shop')).body.id).to.equal('shop');
      expect((await ask('/v1/tasks', { 'x-app': 'shop' })).status).to.equal(200);
    });

    it('answers 400 without an app and 404 for one that does not exist', async () => {
      expect((await ask('/v1/tasks')).body.code).to.equal('APP_NOT_NAMED');
      expect((await ask('/v1/tasks', { 'x-app': 'nobody' })).status).to.equal(404);
      expect((await ask('/v1/apps/nobody')).status).to.equal(404);
    });

    it('sees in one app nothing of another', async () => {
      await api().createApp('rival');
      const body = { audience: { all: true }, message: { title: 'x' } };
      const { id } = (await api().request('POST', '/v1/tasks', { body })).body as { id: string };
      expect((await ask(`/v1/tasks/${id}`, { 'x-app': 'shop' })).status).to.equal(200);
      expect((await ask(`/v1/tasks/${id}`, { 'x-app': 'rival' })).status).to.equal(404);
    });
  });
});
