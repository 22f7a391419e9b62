import { expect } from 'chai';
import { testApi } from '../../test/support/api.js';

const UNKNOWN = '0123456789abcdef01234567';

describe('Many devices at once', () => {
  const api = testApi();
  let made = 0;

  const register = async (body: Record<string, unknown> = {}): Promise<string> => {
    made += 1;
    const answer = await api().request('PUT', '/v1/devices', {
      body: { vendor: 'sandbox', token: `sandbox-bulk-${made}`, ...body },
    });
    expect(answer.status, answer.text).to.equal(200);
    return answer.body.id as string;
  };
  const device = async (id: string) => (await api().request('GET', `/v1/devices/${id}`)).body;
  const tagsOf = async (id: string) => (await device(id)).tags;
  const post = (path: string, body: unknown, key?: string) =>
    api().request('POST', `/v1/devices/${path}`, { body, ...(key == null ? {} : { key }) });
  const resultsOf = async (path: string, items: unknown[]) => {
    const answer = await post(path, { items });
    expect(answer.status, answer.text).to.equal(200);
    return answer.body.items;
  };

  describe('POST /v1/devices/tags', () => {
    it('sets, adds and removes, and tells what became of each item', async () => {
      const [first, second] = [
        await register({ tags: ['a', 'b'] }),
        await register({ tags: ['a'] }),
      ];
      const results = await resultsOf('tags', [
        { device: first, set: ['x', 'y'] },
        { device: second, add: ['b', 'a'], remove: ['c'] },
        { device: UNKNOWN, add: ['a'] },
        { account: 'nobody', add: ['a'] },
        { device: first, remove: ['x'] },
        { device: first, remove: ['x'] },
      ]);
      expect(results).to.deep.equal([
        { result: 'done', devices: 1, changed: 1 },
        { result: 'done', devices: 1, changed: 1 },
        { result: 'not-found' },
        { result: 'not-found' },
        { result: 'done', devices: 1, changed: 1 },
        { result: 'done', devices: 1, changed: 0 },
      ]);
      expect(await tagsOf(first)).to.deep.equal(['y']);
      expect(await tagsOf(second)).to.deep.equal(['a', 'b']);
    });

    it('means all devices of an account, and touches nothing else of them', async () => {
      const consent = { push: 'granted', source: 'form' };
      const account = 'tagged';
      const ids = [await register({ account, consent }), await register({ account, tags: ['o'] })];
      const other = await register({ account: 'other', tags: ['o'] });
      const { updatedAt: _, ...before } = await device(ids[0]!);
      const results = await resultsOf('tags', [{ account, add: ['vip'], remove: ['o'] }]);
      expect(results).to.deep.equal([{ result: 'done', devices: 2, changed: 2 }]);
      for (const id of ids) expect(await tagsOf(id)).to.deep.equal(['vip']);
      expect(await tagsOf(other)).to.deep.equal(['o']);
      const { updatedAt, ...after } = await device(ids[0]!);
      expect(after).to.deep.equal({ ...before, tags: ['vip'] });
      expect(updatedAt).to.be.a('string');
    });

    it('refuses the item that would give a device more than 100 tags, and does the others', async () => {
      const tags = Array.from({ length: 99 }, (_, index) => `many-${index}`);
      const account = 'collector';
      const [full, empty] = [await register({ account, tags }), await register({ account })];
      const results = await resultsOf('tags', [
        { account, add: ['new-1', 'new-2'] },
        { device: empty, add: ['new-1', 'new-2'] },
        { device: full, add: ['new-1'] },
      ]);
      expect(results).to.deep.equal([
        { result: 'refused', reason: 'device-tags-full' },
        { result: 'done', devices: 1, changed: 1 },
        { result: 'done', devices: 1, changed: 1 },
      ]);
      expect(await tagsOf(full)).to.have.lengthOf(100);
      expect(await tagsOf(empty)).to.deep.equal(['new-1', 'new-2']);
    });

    it('loses nothing when the same device is changed by many', async () => {
      const id = await register();
      const tags = Array.from({ length: 10 }, (_, index) => `at-once-${index}`);
      await Promise.all(tags.map((tag) => resultsOf('tags', [{ device: id, add: [tag] }])));
      expect(await tagsOf(id)).to.have.members(tags);
    });

    it('takes a thousand items, in more than one transaction', async () => {
      const ids = await Promise.all(Array.from({ length: 150 }, () => register()));
      const items = ids.map((id) => ({ device: id, add: ['crowd'] }));
      const missing = Array.from({ length: 850 }, () => ({ device: UNKNOWN, add: ['crowd'] }));
      const results = await resultsOf('tags', [...items, ...missing]);
      expect(results.filter(({ result }: { result: string }) => result === 'done')).to.have.length(
        150,
      );
      expect(results).to.have.lengthOf(1_000);
      const tooMany = await post('tags', { items: [...items, ...missing, ...items] });
      expect(tooMany.status).to.equal(422);
      expect(tooMany.body.errors[0]).to.have.property('field', 'items');
    });

    const refusals: [string, unknown, string][] = [
      ['a device and an account', { device: UNKNOWN, account: 'a', add: ['x'] }, 'items[0]'],
      ['neither', { add: ['x'] }, 'items[0]'],
      ['no change', { device: UNKNOWN }, 'items[0]'],
      ['all anew and some more', { device: UNKNOWN, set: [], add: ['x'] }, 'items[0]'],
      ['an unknown field', { device: UNKNOWN, add: [], push: 1 }, 'items[0].push'],
      ['a tag that is no text', { device: UNKNOWN, add: [7] }, 'items[0].add[0]'],
    ];
    for (const [what, item, field] of refusals) {
      it(`refuses ${what}, and names the field`, async () => {
        const { status, body } = await post('tags', { items: [item] });
        expect(status).to.equal(422);
        expect(body.errors[0]).to.have.property('field', field);
      });
    }

    it('knows no device of another app', async () => {
      const id = await register({ account: 'ours' });
      const { key } = await api().createApp('neighbour');
      const items = [
        { device: id, set: ['theirs'] },
        { account: 'ours', set: ['theirs'] },
      ];
      const answer = await post('tags', { items }, key);
      expect(answer.body.items).to.deep.equal([{ result: 'not-found' }, { result: 'not-found' }]);
      expect(await tagsOf(id)).to.deep.equal([]);
    });

    it('is not for client keys', async () => {
      const id = await register();
      const body = { items: [{ device: id, add: ['vip'] }] };
      for (const path of ['tags', 'accounts']) {
        const answer = await post(path, body, api().app.keys['devices:register']);
        expect(answer.status).to.equal(403);
      }
    });
  });

  describe('POST /v1/devices/accounts', () => {
    const granted = { push: 'granted', source: 'form' };

    it('binds, frees, and resets the consent of what has changed hands', async () => {
      const [first, moved, freed] = [
        await register({ consent: granted }),
        await register({ account: 'before', consent: granted }),
        await register({ account: 'leaving', consent: granted }),
      ];
      const results = await resultsOf('accounts', [
        { device: first, account: 'after' },
        { device: moved, account: 'after' },
        { device: freed, account: null },
        { device: UNKNOWN, account: 'after' },
      ]);
      expect(results).to.deep.equal([
        { result: 'done', devices: 1, changed: 1 },
        { result: 'done', devices: 1, changed: 1 },
        { result: 'done', devices: 1, changed: 1 },
        { result: 'not-found' },
      ]);
      expect(await device(first)).to.have.nested.property('consent.push', 'granted');
      expect(await device(moved)).to.include({ account: 'after' });
      expect((await device(moved)).consent).not.to.have.property('push');
      expect(await device(freed)).not.to.have.property('account');
      expect((await device(freed)).consent).not.to.have.property('push');
      const history = await api().request('GET', `/v1/devices/${moved}/consent`);
      expect(history.body.items[0]).to.have.property('cause', 'account-changed');
    });

    it('keeps no grant of the last holder beside what the next one said', async () => {
      const id = await register({
        account: 'seller',
        consent: { ...granted, purposes: { marketing: 'granted' } },
      });
      await resultsOf('accounts', [{ device: id, account: 'buyer', consent: granted }]);
      const { consent } = await device(id);
      expect(consent).to.include({ push: 'granted' });
      expect(consent.purposes).to.deep.equal({});
    });

    it('moves all devices of an account, along with what items before did', async () => {
      const account = 'household';
      const ids = [await register({ account }), await register({ account }), await register()];
      const items = [
        { device: ids[2], account: 'new-household' },
        { from: account, account: 'new-household' },
        { from: account, account: null },
      ];
      expect(await resultsOf('accounts', items)).to.deep.equal([
        { result: 'done', devices: 1, changed: 1 },
        { result: 'done', devices: 2, changed: 2 },
        { result: 'not-found' },
      ]);
      for (let round = 0; round < 2; round += 1) {
        for (const id of ids) expect(await device(id)).to.include({ account: 'new-household' });
        await resultsOf('accounts', items);
      }
    });

    const chains: [string, unknown[], string][] = [
      [
        'an account that is filled after it was left',
        [
          { from: 'chain-a', account: 'chain-b' },
          { from: 'chain-c', account: 'chain-a' },
        ],
        'items[1].account',
      ],
      [
        'an account that is left after it was filled',
        [
          { device: UNKNOWN, account: 'chain-a' },
          { from: 'chain-a', account: null },
        ],
        'items[0].account',
      ],
      [
        'a device with two accounts',
        [
          { device: UNKNOWN, account: 'chain-a' },
          { device: UNKNOWN, account: null },
        ],
        'items[1].device',
      ],
    ];
    for (const [what, items, field] of chains) {
      it(`refuses ${what}, which would be something else when it is repeated`, async () => {
        const id = await register({ account: 'chain-a' });
        const answer = await post('accounts', { items });
        expect(answer.status).to.equal(422);
        expect(answer.body.errors[0]).to.have.property('field', field);
        expect(await device(id)).to.include({ account: 'chain-a' });
      });
    }

    it('binds nobody who was erased, whatever consent comes with it', async () => {
      const id = await register();
      await api().request('DELETE', '/v1/accounts/erased');
      const results = await resultsOf('accounts', [
        { device: id, account: 'erased', consent: granted },
      ]);
      expect(results).to.deep.equal([{ result: 'refused', reason: 'suppressed' }]);
      expect(await device(id)).not.to.have.property('account');
      expect((await device(id)).consent).not.to.have.property('push');
    });

    it('refuses the item that fills an account beyond its limit, as a whole', async () => {
      const { key } = await api().createApp('small', { devicesPerAccount: 2 });
      const put = async (token: string, account: string) => {
        const body = { vendor: 'sandbox', token: `sandbox-small-${token}`, account };
        return (await api().request('PUT', '/v1/devices', { key, body })).body.id as string;
      };
      const alone = await put('1', 'one');
      await put('2', 'two');
      await put('3', 'two');
      const items = [
        { from: 'two', account: 'one' },
        { device: alone, account: 'three' },
        { from: 'two', account: 'three' },
        { from: 'two', account: 'four' },
      ];
      const answer = await post('accounts', { items }, key);
      expect(answer.body.items).to.deep.equal([
        { result: 'refused', reason: 'account-full' },
        { result: 'done', devices: 1, changed: 1 },
        { result: 'refused', reason: 'account-full' },
        { result: 'done', devices: 2, changed: 2 },
      ]);
    });
  });

  describe('POST /v1/devices/query', () => {
    it('tells account and tags of devices and accounts, in pages', async () => {
      const account = 'asked';
      const ids = [
        await register({ account, tags: ['a'] }),
        await register({ account }),
        await register({ account: 'asked-too', tags: ['b'] }),
        await register(),
      ];
      const all = [
        { device: ids[0], account, tags: ['a'] },
        { device: ids[1], account, tags: [] },
        { device: ids[2], account: 'asked-too', tags: ['b'] },
      ];
      const accounts = [account, 'asked-too', 'nobody'];
      const first = await post('query', { accounts, limit: 2 });
      expect(first.body.items).to.deep.equal(all.slice(0, 2));
      const second = await post('query', { accounts, limit: 2, cursor: first.body.nextCursor });
      expect(second.body).to.deep.equal({ items: all.slice(2) });

      const byId = await post('query', { devices: [ids[3], UNKNOWN, ids[0]], limit: 1 });
      expect(byId.body.items).to.deep.equal([all[0]]);
      const rest = await post('query', {
        devices: [ids[3], UNKNOWN, ids[0]],
        cursor: byId.body.nextCursor,
      });
      expect(rest.body).to.deep.equal({ items: [{ device: ids[3], tags: [] }] });
    });

    it('takes devices or accounts, and nothing of another app', async () => {
      const id = await register({ account: 'private' });
      const { key } = await api().createApp('curious');
      for (const names of [{ devices: [id] }, { accounts: ['private'] }]) {
        expect((await post('query', names, key)).body).to.deep.equal({ items: [] });
      }
      expect((await post('query', {})).status).to.equal(422);
      expect((await post('query', { devices: [id], accounts: ['private'] })).status).to.equal(422);
      expect((await post('query', { devices: [id], cursor: 'x' })).body.errors[0].field).to.equal(
        'cursor',
      );
    });
  });
});
