/** Faults on demand, seen from a client's side of the wire. */
import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import { expect } from 'chai';
import type { Fault } from './faults.js';
import { type ApnsSimulator, apnsToken, startApnsSimulator } from './index.js';
import { type Answered, providerToken, TestClient, type TestRequest } from './support/client.js';

describe('faults on demand', () => {
  let apns: ApnsSimulator;
  let jwt: string;
  const clients: TestClient[] = [];

  const dial = (): TestClient => {
    const client = new TestClient(apns.url, { ca: apns.ca });
    clients.push(client);
    return client;
  };

  const pushTo = (token: string): TestRequest => ({
    path: `/3/device/${token}`,
    headers: {
      authorization: `bearer ${jwt}`,
      'apns-topic': apns.credentials.bundleId,
      'apns-push-type': 'alert',
    },
    body: { aps: { alert: 'Hello' } },
  });

  /** A connection that may already have many streams. */
  const dialTrusted = async (): Promise<TestClient> => {
    const client = dial();
    await client.send(pushTo(apnsToken('first')));
    while (client.session.remoteSettings.maxConcurrentStreams !== 1000) {
      await once(client.session, 'remoteSettings');
    }
    apns.reset();
    return client;
  };

  const breaks = async (sending: Promise<Answered>): Promise<number> => {
    const [result] = await Promise.allSettled([sending]);
    expect(result.status, 'the stream').to.equal('rejected');
    return ((result as PromiseRejectedResult).reason as { rstCode: number }).rstCode;
  };

  const phone = apnsToken('a phone');

  before(async () => {
    apns = await startApnsSimulator();
    jwt = providerToken(apns.credentials);
  });

  beforeEach(() => apns.reset());

  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.close()));
  });

  after(() => apns.close());

  it('strike as often as asked, after as many as asked, then no more', async () => {
    const client = dial();
    apns.fault({ kind: 'unavailable', after: 1, count: 2 });
    const statuses: number[] = [];
    for (let turn = 0; turn < 4; turn += 1) {
      statuses.push((await client.send(pushTo(phone))).status);
    }
    expect(statuses).to.deep.equal([200, 503, 503, 200]);
    expect(apns.countsOf(phone)).to.include({ received: 4, accepted: 2, delivered: 2 });
  });

  it('strike until the reset without a count', async () => {
    const client = dial();
    apns.fault({ kind: 'too-many-requests' });
    expect((await client.send(pushTo(phone))).json).to.deep.equal({ reason: 'TooManyRequests' });
    expect((await client.send(pushTo(phone))).status).to.equal(429);
    apns.reset();
    expect((await client.send(pushTo(phone))).status).to.equal(200);
  });

  it('strike only the tokens they are for', async () => {
    const client = dial();
    const other = apnsToken('another');
    apns.fault({ kind: 'unavailable', token: phone, count: 1 });
    apns.fault({ kind: 'html-502', tokenPrefix: other.slice(0, 10), count: 1 });
    expect((await client.send(pushTo(apnsToken('a third')))).status).to.equal(200);
    expect((await client.send(pushTo(other))).headers['content-type']).to.contain('text/html');
    expect((await client.send(pushTo(phone))).status).to.equal(503);
  });

  it('may say when to come back, or not', async () => {
    const client = dial();
    apns.fault({ kind: 'too-many-requests', retryAfterSeconds: 7, count: 1 });
    apns.fault({ kind: 'unavailable', retryAfterSeconds: 9, count: 1 });
    apns.fault({ kind: 'too-many-requests', count: 1 });
    const waits: unknown[] = [];
    for (let turn = 0; turn < 3; turn += 1) {
      waits.push((await client.send(pushTo(phone))).headers['retry-after']);
    }
    expect(waits).to.deep.equal(['7', '9', undefined]);
  });

  it('may answer 503 although the push arrived', async () => {
    apns.fault({ kind: 'unavailable', delivered: true, count: 1 });
    expect((await dial().send(pushTo(phone))).status).to.equal(503);
    expect(apns.countsOf(phone)).to.deep.equal({
      token: phone,
      received: 1,
      accepted: 0,
      delivered: 1,
      shown: 1,
    });
  });

  it('deliver nothing that the vendor would have refused', async () => {
    apns.fault({ kind: 'unavailable', delivered: true, count: 1 });
    await dial().send({ ...pushTo(phone), body: '' });
    expect(apns.countsOf(phone)).to.include({ received: 1, delivered: 0 });
  });

  it('may give any answer of the table to any token', async () => {
    apns.fault({ kind: 'answer', answer: 'Unregistered', count: 1 });
    apns.fault({ kind: 'answer', answer: 'accepted', tokenPrefix: 'face51a0', count: 1 });
    const client = dial();
    expect((await client.send(pushTo(phone))).status).to.equal(410);
    expect((await client.send(pushTo(apnsToken('x', 'Unregistered')))).status).to.equal(200);
  });

  it('may reset a stream, with the push arrived or not', async () => {
    const client = dial();
    apns.fault({ kind: 'stream-reset', code: 11, count: 1 });
    apns.fault({ kind: 'stream-reset', delivered: true, count: 1 });
    expect(await breaks(client.send(pushTo(phone)))).to.equal(11);
    expect(apns.countsOf(phone)).to.include({ received: 1, delivered: 0 });
    expect(await breaks(client.send(pushTo(phone)))).to.equal(2);
    expect(apns.countsOf(phone)).to.include({ received: 2, delivered: 1 });
    expect((await client.send(pushTo(phone))).status).to.equal(200);
  });

  it('may refuse a stream, and then know nothing of it', async () => {
    apns.fault({ kind: 'refused-stream', count: 1 });
    expect(await breaks(dial().send(pushTo(phone)))).to.equal(7);
    expect(apns.countsOf(phone)).to.include({ received: 0 });
  });

  it('may cut the connection under everybody', async () => {
    const client = await dialTrusted();
    apns.fault({ kind: 'cut', delivered: true, token: phone, count: 1 });
    apns.fault({ kind: 'silent', count: 1 });
    const waiting = client.send(pushTo(apnsToken('waiting')));
    const cut = client.send(pushTo(phone));
    await Promise.all([breaks(waiting), breaks(cut)]);
    expect(client.session.destroyed).to.equal(true);
    expect(apns.countsOf(phone)).to.include({ accepted: 0, delivered: 1 });
    expect(apns.countsOf(apnsToken('waiting'))).to.include({ delivered: 0 });
  });

  it('may answer late', async () => {
    apns.fault({ kind: 'slow', delayMs: 60, count: 1 });
    const before = performance.now();
    expect((await dial().send(pushTo(phone))).status).to.equal(200);
    expect(performance.now() - before).to.be.at.least(55);
  });

  it('may never answer, and others are not held up', async () => {
    const client = await dialTrusted();
    apns.fault({ kind: 'silent', delivered: true, count: 1 });
    const silent = client.open(pushTo(phone));
    let hasAnswer = false;
    silent.on('response', () => {
      hasAnswer = true;
    });
    expect((await client.send(pushTo(apnsToken('another')))).status).to.equal(200);
    expect(apns.countsOf(phone)).to.include({ received: 1, accepted: 0, delivered: 1 });
    expect(hasAnswer).to.equal(false);
  });

  it('may drop new connections while old ones work', async () => {
    const client = await dialTrusted();
    apns.fault({ kind: 'stop-accepting', count: 1 });
    const { hostname, port } = new URL(apns.url);
    const socket = connectTcp(Number(port), hostname);
    socket.on('error', () => undefined).resume();
    await once(socket, 'close');
    expect((await client.send(pushTo(phone))).status).to.equal(200);
    expect((await dial().send(pushTo(phone))).status).to.equal(200);
  });

  describe('GOAWAY in mid batch', () => {
    it('handles exactly the streams it promises, and none above', async () => {
      const client = await dialTrusted();
      apns.fault({ kind: 'goaway', after: 9, count: 1 });
      const goaway = once(client.session, 'goaway') as Promise<[number, number, Buffer]>;
      const streams = Array.from({ length: 50 }, (_, index) => ({
        token: apnsToken(`${index}`),
        stream: client.open(pushTo(apnsToken(`${index}`))),
      }));
      const ended = await Promise.all(
        streams.map(async ({ token, stream }) => {
          let status: unknown;
          stream.on('response', (headers) => {
            status = headers[':status'];
          });
          stream.on('error', () => undefined).resume();
          await new Promise((resolve) => stream.once('close', resolve));
          return { token, id: stream.id ?? 0, status };
        }),
      );
      const [code, lastStreamId, data] = await goaway;
      expect(code).to.equal(0);
      expect(data.toString()).to.equal('{"reason":"Shutdown"}');
      const promised = ended.filter(({ id }) => id !== 0 && id <= lastStreamId);
      const others = ended.filter((one) => !promised.includes(one));
      expect(promised).to.have.length(10);
      for (const { token, status } of promised) {
        expect(status).to.equal(200);
        expect(apns.countsOf(token)).to.include({ received: 1, delivered: 1 });
      }
      for (const { token, status } of others) {
        expect(status).to.equal(undefined);
        expect(apns.countsOf(token)).to.include({ received: 0, delivered: 0 });
      }
      expect((await dial().send(pushTo(phone))).status).to.equal(200);
    });

    it('lets an answer that is under way arrive', async () => {
      const client = await dialTrusted();
      apns.fault({ kind: 'slow', delayMs: 50, count: 1 });
      apns.fault({ kind: 'goaway', count: 1 });
      const slow = client.send(pushTo(phone));
      const last = client.send(pushTo(apnsToken('last')));
      expect((await last).status).to.equal(200);
      expect((await slow).status).to.equal(200);
    });
  });

  describe('that cannot be meant', () => {
    const rows: [string, unknown, string][] = [
      ['nothing', null, 'A fault is an object'],
      ['an unknown kind', { kind: 'flood' }, '"kind" must be one of'],
      ['a misspelt field', { kind: 'cut', times: 1 }, '"times" is not a field'],
      ['a count that is a text', { kind: 'cut', count: '1' }, '"count" must be a natural'],
      [
        'an answer of another vendor',
        { kind: 'answer', answer: 'UNREGISTERED' },
        '"answer" must be',
      ],
      ['slow without its time', { kind: 'slow' }, '"delayMs" is needed'],
      ['another endpoint', { kind: 'cut', endpoint: 'all' }, '"endpoint" must be'],
    ];
    for (const [name, fault, message] of rows) {
      it(`are refused: ${name}`, async () => {
        expect(() => apns.fault(fault as Fault)).to.throw(message);
        expect((await dial().send(pushTo(phone))).status).to.equal(200);
      });
    }
  });
});

describe('closing a simulator', () => {
  it('lets answers leave that are under way, says goodbye and frees its port', async () => {
    const apns = await startApnsSimulator({ slowMs: 100 });
    const client = new TestClient(apns.url, { ca: apns.ca });
    const slow = client.send({
      path: `/3/device/${apnsToken('a phone', 'slow')}`,
      headers: {
        authorization: `bearer ${providerToken(apns.credentials)}`,
        'apns-topic': apns.credentials.bundleId,
        'apns-push-type': 'alert',
      },
      body: { aps: { alert: 'Hello' } },
    });
    const goaway = once(client.session, 'goaway') as Promise<[number, number, Buffer]>;
    await once(client.session, 'remoteSettings');
    while (apns.counts().received === 0) await new Promise(setImmediate);
    const closing = apns.close();
    expect((await slow).status).to.equal(200);
    expect((await goaway)[2].toString()).to.equal('{"reason":"Shutdown"}');
    await closing;
    const again = await startApnsSimulator({ port: Number(new URL(apns.url).port) });
    expect(again.url).to.equal(apns.url);
    await again.close();
  });

  it('does not wait for those who never get an answer', async () => {
    const apns = await startApnsSimulator();
    const client = new TestClient(apns.url, { ca: apns.ca });
    apns.fault({ kind: 'silent' });
    const silent = client.open({ path: `/3/device/${apnsToken('a phone')}` });
    silent.on('error', () => undefined);
    while (apns.counts().received === 0) await new Promise(setImmediate);
    await apns.close();
    await client.close();
  });
});
