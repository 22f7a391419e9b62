/** The side door, as a test in another process uses it. */
import { expect } from 'chai';
import { type FcmSimulator, fcmToken, startFcmSimulator } from './index.js';
import { googleAssertion, TestClient } from './support/client.js';

describe('the admin API of a simulator', () => {
  let fcm: FcmSimulator;
  let client: TestClient;
  let bearer: string;
  const phone = fcmToken('a phone');

  const ask = async (path: string, init?: RequestInit) => {
    const response = await fetch(fcm.adminUrl + path, init);
    return { status: response.status, text: await response.text(), headers: response.headers };
  };
  const json = async (path: string, init?: RequestInit): Promise<unknown> =>
    JSON.parse((await ask(path, init)).text);
  const post = (path: string, body?: unknown) =>
    ask(path, { method: 'POST', ...(body === undefined ? {} : { body: JSON.stringify(body) }) });

  const send = async (token: string): Promise<number> => {
    const { status } = await client.send({
      path: `/v1/projects/${fcm.credentials.projectId}/messages:send`,
      headers: { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' },
      body: { message: { token, notification: { title: 'Hello' } } },
    });
    return status;
  };

  before(async () => {
    fcm = await startFcmSimulator();
    client = new TestClient(fcm.url, { ca: fcm.ca });
    const { json: granted } = await client.send({
      path: '/token',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({
        grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
        assertion: googleAssertion(fcm.credentials),
      }).toString(),
    });
    bearer = (granted as { access_token: string }).access_token;
  });

  beforeEach(() => fcm.reset());

  after(async () => {
    await client.close();
    await fcm.close();
  });

  it('tells how often a device really got it', async () => {
    await send(phone);
    await send(phone);
    expect(await json(`/counts?token=${encodeURIComponent(phone)}`)).to.deep.equal({
      token: phone,
      received: 2,
      accepted: 2,
      delivered: 2,
      shown: 2,
    });
    expect(await json('/counts')).to.deep.include({
      received: 2,
      tokens: 1,
      byAnswer: { accepted: 2 },
    });
  });

  it('shows what arrived, for one token and for all, one a line', async () => {
    const other = fcmToken('another');
    await send(phone);
    await send(other);
    const records = (await json(`/received?token=${encodeURIComponent(phone)}`)) as unknown[];
    expect(records).to.have.length(1);
    expect(records[0]).to.have.nested.property('request.body.message.notification.title', 'Hello');
    const { text, headers } = await ask('/received.ndjson');
    expect(headers.get('content-type')).to.equal('application/x-ndjson');
    const tokens = text
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { token: string }).token);
    expect(tokens).to.deep.equal([phone, other]);
    const counters = (await ask('/tokens.ndjson')).text.trim().split('\n');
    expect(counters.map((line) => JSON.parse(line) as unknown)).to.deep.equal([
      fcm.countsOf(phone),
      fcm.countsOf(other),
    ]);
  });

  it('sets, lists and takes back faults, and forgets on request', async () => {
    expect((await post('/faults', { kind: 'unavailable', count: 2 })).status).to.equal(200);
    expect(await send(phone)).to.equal(503);
    expect(await json('/faults')).to.deep.equal([{ kind: 'unavailable', count: 2, left: 1 }]);
    await ask('/faults', { method: 'DELETE' });
    expect(await send(phone)).to.equal(200);
    await post('/faults', { kind: 'cut' });
    await post('/reset');
    expect(await json('/counts')).to.include({ received: 0 });
    expect(await send(phone)).to.equal(200);
  });

  it('refuses what it does not understand, in words', async () => {
    const unknown = await post('/faults', { kind: 'flood' });
    expect(unknown.status).to.equal(400);
    expect(unknown.text).to.contain('kind');
    expect((await ask('/faults', { method: 'POST', body: '{' })).status).to.equal(400);
    expect((await ask('/token?answer=nope')).status).to.equal(400);
    expect((await ask('/nothing')).status).to.equal(404);
    expect(await json('/faults')).to.deep.equal([]);
  });

  it('makes tokens and lists the answers they may carry', async () => {
    expect(await json('/token?seed=x&answer=UNREGISTERED')).to.deep.equal({
      token: fcmToken('x', 'UNREGISTERED'),
    });
    expect(await json('/answers')).to.deep.include({
      answer: 'UNREGISTERED',
      prefix: 'fSIMULATE-10',
      meaning: '404 UNREGISTERED',
    });
    expect(await json('/'))
      .to.have.property('routes')
      .that.includes('GET /counts');
  });
});
