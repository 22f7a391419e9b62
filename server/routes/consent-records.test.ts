import { expect } from 'chai';
import { type ConsentRecord, consentRecordModel } from '../../models/consent-record.js';
import { testApi } from '../../test/support/api.js';

describe('The history of consent', () => {
  let nowMs = Date.parse('2026-11-22T10:00:00Z');
  const api = testApi({ now: () => nowMs });
  let devices = 0;

  const ask = (method: string, path: string, options: { key?: string; body?: unknown } = {}) =>
    api().request(method, path, options);
  const newApp = async () => {
    const { id, key, keys } = await api().createApp(`history-${(devices += 1)}`);
    const path = `/v1/apps/${id}/consent-records`;
    const register = async (consent: object): Promise<string> => {
      const token = `sandbox-history-${(devices += 1)}`;
      const body = { vendor: 'sandbox', token, account: `person-${devices}`, consent };
      return (await ask('PUT', '/v1/devices', { key, body })).body.id as string;
    };
    const change = (device: string, body: object) =>
      ask('PUT', `/v1/devices/${device}/consent`, { key, body });
    const get = (query = '') => ask('GET', `${path}${query}`, { key });
    const exported = async (query: string) =>
      (await get(`?format=ndjson${query}`)).text
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as { id: string; device: string; cause: string });
    return { id, key, keys, path, register, change, get, exported };
  };

  it('of all devices is told oldest first, in pages and as a whole', async () => {
    const { register, change, get, exported } = await newApp();
    const [one, two] = [
      await register({ push: 'granted', policyVersion: '1' }),
      await register({ push: 'denied' }),
    ] as const;
    // Several at one instant, on both sides of a page's end.
    for (const push of ['denied', 'granted', 'denied']) await change(one, { push });
    nowMs += 1_000;
    await change(two, { purposes: { news: 'granted' }, source: 'web-form' });
    const whole = await exported('');
    expect(whole.map(({ device }) => device)).to.deep.equal([one, two, one, one, one, two]);
    expect(whole.at(-1)).to.deep.include({
      cause: 'consent',
      at: new Date(nowMs).toISOString(),
    });
    const paged: unknown[] = [];
    let cursor = '';
    do {
      const { body } = await get(`?limit=2${cursor}`);
      expect(body.items.length).to.be.at.most(2);
      paged.push(...body.items);
      cursor = body.nextCursor ? `&cursor=${body.nextCursor}` : '';
    } while (cursor !== '');
    expect(paged).to.deep.equal(whole);
    const now = new Date(nowMs).toISOString();
    expect(await exported(`&from=${now}`)).to.deep.equal(whole.slice(-1));
    expect(await exported(`&to=${now}`)).to.deep.equal(whole.slice(0, -1));
  });

  it('is a table in CSV, in which no text is a formula', async () => {
    const { key, register, get } = await newApp();
    const device = await register({
      push: 'granted',
      purposes: { news: 'granted' },
      policyVersion: '2',
      source: '=1+1',
    });
    const { headers, text } = await get('?format=csv');
    expect(headers.get('content-type')).to.match(/^text\/csv/);
    const [head, line = '', ...others] = text.trim().split('\n');
    expect(head).to.equal(
      'id,device,at,cause,by,push,purposes,policyVersion,policyVersions,source,decidedAt',
    );
    expect(line).to.include(`,${device},`).and.include('"{""news"":""granted""}",2,');
    expect(line).to.include("'=1+1");
    expect(others).to.deep.equal([]);
    const own = await ask('GET', `/v1/devices/${device}/consent?format=csv`, { key });
    expect(own.text).to.equal(text);
  });

  it('of one device comes newest first in every format', async () => {
    const { key, register, change } = await newApp();
    const device = await register({ push: 'granted' });
    nowMs += 1_000;
    await change(device, { push: 'denied' });
    const path = `/v1/devices/${device}/consent`;
    const { text } = await ask('GET', `${path}?format=ndjson`, { key });
    const lines = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const { body } = await ask('GET', path, { key });
    expect(lines.map(({ cause }) => cause)).to.deep.equal(['consent', 'registration']);
    expect(lines.map(({ id: _id, device: _device, ...record }) => record)).to.deep.equal(
      body.items,
    );
  });

  it('of one app is nobody else’s, and no key of a phone reads it', async () => {
    const { path, register, keys } = await newApp();
    await register({ push: 'granted' });
    const other = await newApp();
    expect(await other.exported('')).to.deep.equal([]);
    expect((await ask('GET', path, { key: other.key })).status).to.equal(404);
    expect((await ask('GET', path, { key: keys['devices:register'] })).status).to.equal(403);
  });

  it('is only added to, whatever becomes of the device', async () => {
    const { id, key, register, change } = await newApp();
    const stored = () =>
      consentRecordModel(api().connection)
        .find({ app: id })
        .sort({ _id: 1 })
        .lean<ConsentRecord[]>();
    const device = await register({ push: 'granted', purposes: { news: 'granted' } });
    const account = `person-${devices}`;
    const link = await ask('POST', '/v1/unsubscribe-links', { key, body: { account } });
    let before = await stored();
    for (const step of [
      () => change(device, { purposes: { news: 'denied' } }),
      () => api().request('POST', new URL(link.body.url as string).pathname, { key: null }),
      () => ask('PATCH', `/v1/devices/${device}`, { key, body: { account: 'somebody-else' } }),
      () => ask('DELETE', `/v1/devices/${device}`, { key }),
      () => ask('DELETE', `/v1/accounts/${account}`, { key }),
    ]) {
      const { status } = await step();
      expect(status).to.be.below(300);
      const after = await stored();
      expect(after.slice(0, before.length)).to.deep.equal(before);
      before = after;
    }
    expect(before.map(({ cause }) => cause)).to.deep.equal([
      'registration',
      'consent',
      'unsubscribe',
      'account-changed',
    ]);
    expect(JSON.stringify(before)).to.not.match(/person-|somebody|sandbox-history/);
  });
});
