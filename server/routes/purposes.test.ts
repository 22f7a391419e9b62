import { expect } from 'chai';
import { MAX_PURPOSES } from '../../models/purpose.js';
import { testApi } from '../../test/support/api.js';

const TEXT = { title: 'Offers', text: 'We may send you offers' };

describe('Purposes over HTTP', () => {
  const api = testApi();
  let apps = 0;
  /** An app of its own: one that has defined a purpose is stricter. */
  const newApp = async () => {
    const { id, key, keys } = await api().createApp(`purposes-${(apps += 1)}`);
    const ask = (method: string, path: string, body?: unknown, as = key) =>
      api().request(method, path, { key: as, ...(body == null ? {} : { body }) });
    const path = `/v1/apps/${id}/purposes`;
    const put = (name: string, body: object) => ask('PUT', `${path}/${name}`, body);
    const define = async (name: string, version = '1', more: object = {}) => {
      const { status, text, body } = await put(name, { ...TEXT, version, ...more });
      expect(status, text).to.equal(200);
      return body;
    };
    const post = (purpose?: string) =>
      ask('POST', '/v1/tasks', {
        audience: { all: true },
        message: { title: 'Hello', ...(purpose == null ? {} : { purpose }) },
      });
    return { ask, path, put, define, post, keys };
  };

  it('are defined, listed by name, and keep every version as it was written', async () => {
    const { ask, path, define } = await newApp();
    const localized = { de: { title: 'Angebote' } };
    await define('news');
    const first = await define('marketing', '2026-03', { localized });
    expect(first).to.deep.include({ purpose: 'marketing', ...TEXT, localized, reconsent: false });
    expect(first).to.not.have.property('currentVersions');
    const second = await define('marketing', '2026-11', { text: 'More offers', reconsent: true });
    expect(second).to.deep.include({ version: '2026-11', currentVersions: ['2026-11'] });
    const third = await define('marketing', '2026-02', { text: 'A comma less' });
    expect(third.currentVersions).to.deep.equal(['2026-11', '2026-02']);
    const { body } = await ask('GET', path);
    expect(body.items.map((item: { purpose: string }) => item.purpose)).to.deep.equal([
      'marketing',
      'news',
    ]);
    expect((await ask('GET', `${path}/marketing`)).body).to.deep.equal(third);
    const versions = await ask('GET', `${path}/marketing/versions`);
    expect(versions.body.items.map((item: { version: string }) => item.version)).to.deep.equal([
      '2026-03',
      '2026-11',
      '2026-02',
    ]);
    expect(versions.body.items[0]).to.deep.include({ ...TEXT, localized });
  });

  it('take the newest version once more, and no version with other words', async () => {
    const { put, define, ask, path } = await newApp();
    const first = await define('news', '1');
    expect(await define('news', '1')).to.deep.equal(first);
    const changed = await put('news', { ...TEXT, version: '1', reconsent: true });
    expect([changed.status, changed.body.code]).to.deep.equal([409, 'PURPOSE_VERSION_EXISTS']);
    await define('news', '2');
    const older = await put('news', { ...TEXT, version: '1' });
    expect(older.body.code).to.equal('PURPOSE_VERSION_EXISTS');
    expect((await ask('GET', `${path}/news/versions`)).body.items).to.have.lengthOf(2);
  });

  it('are one after the other when two are written at the same time', async () => {
    const { define, ask, path } = await newApp();
    const names = ['a', 'b', 'c', 'd'];
    await Promise.all(names.flatMap((name) => [define(name, '1'), define(`${name}2`, '1')]));
    expect((await ask('GET', path)).body.items).to.have.lengthOf(2 * names.length);
  });

  it(`are at most ${MAX_PURPOSES}`, async () => {
    const { define, put } = await newApp();
    for (let count = 0; count < MAX_PURPOSES; count += 1) await define(`p${count}`);
    const { body } = await put('more', { ...TEXT, version: '1' });
    expect(body.code).to.equal('LIMIT_REACHED');
    await define('p0', '2');
  });

  it('name the field that is not as it must be', async () => {
    const { put } = await newApp();
    for (const [field, body] of [
      ['version', { ...TEXT }],
      ['title', { version: '1', text: 'x' }],
      ['reconsent', { ...TEXT, version: '1', reconsent: 'yes' }],
      ['localized.de', { ...TEXT, version: '1', localized: { de: {} } }],
      ['colour', { ...TEXT, version: '1', colour: 'red' }],
    ] as const) {
      const answer = await put('news', body);
      expect(answer.body.code, field).to.equal('VALIDATION_FAILED');
      expect(answer.body.errors[0].field).to.equal(field);
    }
    expect((await put('News', { ...TEXT, version: '1' })).status).to.equal(404);
  });

  it('are read by whoever may ask people, and written by admins', async () => {
    const { ask, path, define, keys } = await newApp();
    await define('news');
    for (const scope of ['devices:register', 'devices:read', 'tasks:read'] as const) {
      expect((await ask('GET', path, undefined, keys[scope])).status, scope).to.equal(200);
      const written = await ask('PUT', `${path}/news`, { ...TEXT, version: '2' }, keys[scope]);
      expect(written.status, scope).to.equal(403);
    }
    const stranger = await newApp();
    expect((await stranger.ask('GET', path)).status).to.equal(404);
  });

  context('when an app has defined none', () => {
    it('lets a task name any', async () => {
      const { post } = await newApp();
      expect((await post('whatever')).status).to.equal(202);
    });
  });

  context('when an app has defined one', () => {
    it('refuses a task that names another, and takes the default one', async () => {
      const { post, define, ask } = await newApp();
      await define('news');
      expect((await post('news')).status).to.equal(202);
      expect((await post()).status).to.equal(202);
      const refused = await post('nwes');
      expect([refused.status, refused.body.code]).to.deep.equal([422, 'PURPOSE_UNKNOWN']);
      expect(refused.body.errors[0].field).to.equal('message.purpose');
      expect((await ask('GET', '/v1/tasks')).body.items).to.have.lengthOf(2);
    });

    it('takes no task for one that is retired, until it is brought back', async () => {
      const { post, define, ask, path } = await newApp();
      await define('news');
      expect((await ask('DELETE', `${path}/news`)).status).to.equal(204);
      expect((await ask('DELETE', `${path}/news`)).status).to.equal(404);
      expect((await post('news')).body.code).to.equal('PURPOSE_UNKNOWN');
      expect((await ask('GET', `${path}/news`)).body).to.have.property('retiredAt');
      await define('news');
      expect((await post('news')).status).to.equal(202);
    });

    it('still records what phones in the field say of others', async () => {
      const { define, ask } = await newApp();
      await define('news');
      const { status } = await ask('PUT', '/v1/devices', {
        vendor: 'sandbox',
        token: 'sandbox-old-build',
        consent: { push: 'granted', purposes: { raffle: 'denied' } },
      });
      expect(status).to.equal(200);
    });
  });
});
