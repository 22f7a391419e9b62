import { expect } from 'chai';
import { testApi } from '../../test/support/api.js';
import { until } from '../../test/support/until.js';

describe('Tags over HTTP', () => {
  const api = testApi({ role: 'all' });
  let made = 0;
  const register = async (tags: string[], body: Record<string, unknown> = {}) => {
    made += 1;
    const token = `sandbox-tags-${made}`;
    const answer = await api().request('PUT', '/v1/devices', {
      body: { vendor: 'sandbox', token, tags, ...body },
    });
    return answer.body.id as string;
  };
  const get = (path: string, key?: string) =>
    api().request('GET', path, key == null ? {} : { key });
  const path = (tag: string) => `/v1/tags/${encodeURIComponent(tag)}`;

  before(async () => {
    await register(['vip', 'beta & co', 'überall']);
    await register(['vip', 'überall']);
    await register(['vip'], { account: 'leaver' });
    await register(['only-hers'], { account: 'leaver' });
    await register([]);
  });

  it('are listed with how many devices have each, in pages', async () => {
    const all = [
      { tag: 'beta & co', devices: 1 },
      { tag: 'only-hers', devices: 1 },
      { tag: 'vip', devices: 3 },
      { tag: 'überall', devices: 2 },
    ];
    expect((await get('/v1/tags')).body).to.deep.equal({ items: all });
    const first = await get('/v1/tags?limit=2');
    expect(first.body.items).to.deep.equal(all.slice(0, 2));
    const second = await get(`/v1/tags?limit=2&cursor=${first.body.nextCursor}`);
    expect(second.body).to.deep.equal({ items: all.slice(2) });
    expect((await get(path('überall'))).body).to.deep.equal({ tag: 'überall', devices: 2 });
  });

  it('are those of one app', async () => {
    const { key } = await api().createApp('neighbour');
    expect((await get('/v1/tags', key)).body).to.deep.equal({ items: [] });
    expect((await get(path('vip'), key)).body).to.deep.equal({ tag: 'vip', devices: 0 });
  });

  it('are gone from the list with the last person who had them', async () => {
    await api().request('DELETE', '/v1/accounts/leaver');
    const tags = (await get('/v1/tags')).body.items.map(({ tag }: { tag: string }) => tag);
    expect(tags).not.to.include('only-hers');
    expect((await get(path('vip'))).body).to.have.property('devices', 2);
  });

  it('are deleted everywhere, by whoever sweeps', async () => {
    const id = await register(['doomed', 'vip']);
    const asked = await api().request('DELETE', path('doomed'));
    expect(asked.status).to.equal(202);
    expect(asked.body).to.include({ tag: 'doomed', state: 'running', devices: 0 });
    const removal = async () => (await get(`/v1/tag-removals/${asked.body.id}`)).body;
    await until('the tag is deleted', async () => (await removal()).state === 'done');
    expect(await removal()).to.include({ tag: 'doomed', devices: 1 });
    expect((await get(`/v1/devices/${id}`)).body.tags).to.deep.equal(['vip']);
    const { key } = await api().createApp('curious');
    expect((await get(`/v1/tag-removals/${asked.body.id}`, key)).status).to.equal(404);
  });

  it('are not deleted by who may only read', async () => {
    const key = api().app.keys['devices:read'];
    expect((await api().request('DELETE', path('vip'), { key })).status).to.equal(403);
    expect((await get('/v1/tags', key)).status).to.equal(200);
  });

  it('have a limit to pages, and names of at most 64 characters', async () => {
    expect((await get('/v1/tags?limit=101')).status).to.equal(422);
    expect((await get(path('x'.repeat(65)))).status).to.equal(404);
  });
});
