/** The FCM simulator over real TLS and HTTP/2, against Google's published behaviour. */
import { request as httpsRequest } from 'node:https';
import { expect } from 'chai';
import { loadMaterial } from '../material.js';
import { type Answered, googleAssertion, TestClient } from '../support/client.js';
import { ANSWER_ROWS, type FcmAnswer, fcmToken } from '../tokens.js';
import { FCM_ANSWERS } from './answers.js';
import { type FcmSimulator, startFcmSimulator } from './index.js';

type Json = Record<string, unknown>;

const GRANT = 'urn:ietf:params:oauth:grant-type:jwt-bearer';

const detailOf = (answered: Answered, type: string): Json | undefined => {
  const { error } = answered.json as { error: { details?: Json[] } };
  return error.details?.find((detail) => String(detail['@type']).endsWith(type));
};

const violationOf = (answered: Answered): string | undefined =>
  (detailOf(answered, 'BadRequest')?.fieldViolations as { field: string }[] | undefined)?.[0]
    ?.field;

describe('the FCM simulator', () => {
  let now = Date.now();
  let fcm: FcmSimulator;
  let client: TestClient;
  let bearer: string;

  const exchange = (assertion: string, form: Record<string, string> = {}): Promise<Answered> =>
    client.send({
      path: '/token',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ grant_type: GRANT, assertion, ...form }).toString(),
    });

  const send = (
    message: unknown,
    more: { headers?: Record<string, string>; path?: string; body?: string | object } = {},
  ): Promise<Answered> =>
    client.send({
      path: more.path ?? `/v1/projects/${fcm.credentials.projectId}/messages:send`,
      headers: {
        authorization: `Bearer ${bearer}`,
        'content-type': 'application/json',
        ...more.headers,
      },
      body: more.body ?? { message },
    });

  before(async () => {
    fcm = await startFcmSimulator({ now: () => now, slowMs: 20 });
    client = new TestClient(fcm.url, { ca: fcm.ca });
  });

  beforeEach(async () => {
    now = Date.now();
    fcm.reset();
    const { json } = await exchange(googleAssertion(fcm.credentials));
    bearer = (json as { access_token: string }).access_token;
  });

  after(async () => {
    await client.close();
    await fcm.close();
  });

  const token = fcmToken('a phone');
  const note = { token, notification: { title: 'Hello', body: 'World' } };

  it('accepts a good message and records that the device got it', async () => {
    const answered = await send({ ...note, data: { k: 'v' } });
    expect(answered.status).to.equal(200);
    expect(answered.json)
      .to.have.property('name')
      .that.matches(/^projects\/pigeon-simulator\/messages\/0:/);
    const [record] = fcm.received(token);
    expect(record).to.include({
      token,
      answer: 'accepted',
      accepted: true,
      delivered: true,
      shown: true,
    });
    expect(record?.request?.body).to.deep.equal({ message: { ...note, data: { k: 'v' } } });
    expect(record?.request?.headers).not.to.have.property('authorization');
    expect(fcm.counts()).to.deep.include({ received: 1, accepted: 1, byAnswer: { accepted: 1 } });
  });

  it('takes the project number, HTTP/1.1 and names in lowerCamelCase too', async () => {
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const request = httpsRequest(
        `${fcm.url}/v1/projects/100000000001/messages:send`,
        {
          method: 'POST',
          ca: fcm.ca,
          agent: false,
          headers: { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' },
        },
        (response) => {
          response.resume();
          resolve(response.statusCode);
        },
      );
      request.on('error', reject);
      request.end(
        JSON.stringify({
          message: { ...note, android: { collapseKey: 'c', notification: { channelId: 'im' } } },
        }),
      );
    });
    expect(status).to.equal(200);
  });

  it('allows 100 streams a connection', () => {
    expect(client.session.remoteSettings.maxConcurrentStreams).to.equal(100);
  });

  describe('the token endpoint', () => {
    it('gives a bearer that lives for as long as it says', async () => {
      const { json, status } = await exchange(googleAssertion(fcm.credentials));
      expect(status).to.equal(200);
      expect(json).to.include({ expires_in: 3599, token_type: 'Bearer' });
      expect((json as Json).access_token).to.match(/^ya29\./);
    });

    const bad = [
      { name: 'another key', error: 'invalid_grant', text: 'Invalid JWT Signature.', key: true },
      { name: 'another algorithm', error: 'invalid_grant', header: { alg: 'HS256' } },
      { name: 'another key id', error: 'invalid_grant', header: { kid: 'x' } },
      { name: 'another account', error: 'invalid_grant', claims: { iss: 'a@b.c' } },
      {
        name: 'another audience',
        error: 'invalid_grant',
        claims: { aud: 'https://fcm.googleapis.com/' },
      },
      {
        name: 'more than an hour',
        error: 'invalid_grant',
        times: { iat: 0, exp: 3700 },
      },
      {
        name: 'a clock that is fast',
        error: 'invalid_grant',
        times: { iat: 900, exp: 1800 },
      },
      {
        name: 'a clock that is slow',
        error: 'invalid_grant',
        times: { iat: -9000, exp: -5400 },
      },
      { name: 'no times', error: 'invalid_grant', claims: { iat: undefined } },
      {
        name: 'another scope',
        error: 'invalid_scope',
        claims: { scope: 'https://www.googleapis.com/auth/drive' },
      },
    ];
    for (const { name, error, text, key, times, ...changes } of bad) {
      it(`refuses ${name}`, async () => {
        // Not when the file is read: other tests may take their time before this one.
        const seconds = Math.floor(Date.now() / 1000);
        const assertion = googleAssertion(fcm.credentials, {
          ...(times ? { claims: { iat: seconds + times.iat, exp: seconds + times.exp } } : changes),
          ...(key ? { key: (await loadMaterial()).harmony.privateKey } : {}),
        });
        const answered = await exchange(assertion);
        expect(answered.status).to.equal(400);
        expect(answered.json).to.have.property('error', error);
        if (text) expect(answered.json).to.have.property('error_description', text);
      });
    }

    it('refuses another grant type and what is no JWT', async () => {
      expect((await exchange('x', { grant_type: 'password' })).json).to.have.property(
        'error',
        'unsupported_grant_type',
      );
      expect((await exchange('x')).json).to.have.property('error', 'invalid_grant');
    });

    it('answers what a fault asks for, and sends are not touched', async () => {
      fcm.fault({ kind: 'answer', answer: 'unauthorized_client', endpoint: 'token', count: 1 });
      expect((await send(note)).status).to.equal(200);
      const refused = await exchange(googleAssertion(fcm.credentials));
      expect(refused.status).to.equal(401);
      expect(refused.json).to.have.property('error', 'unauthorized_client');
      expect((await exchange(googleAssertion(fcm.credentials))).status).to.equal(200);
    });
  });

  describe('the credential of a send', () => {
    it('refuses a bearer that was never given out', async () => {
      for (const authorization of ['Bearer ya29.made-up', `bearer ${bearer}`, bearer, '']) {
        const answered = await send(note, { headers: { authorization } });
        expect(answered.status).to.equal(401);
        expect(answered.json).to.have.nested.property('error.status', 'UNAUTHENTICATED');
      }
      expect(fcm.countsOf(token)).to.include({ received: 4, delivered: 0 });
    });

    it('refuses an expired one with ACCESS_TOKEN_EXPIRED', async () => {
      now += 3_600_000;
      const answered = await send(note);
      expect(answered.status).to.equal(401);
      expect(detailOf(answered, 'ErrorInfo')).to.have.property('reason', 'ACCESS_TOKEN_EXPIRED');
    });

    it('refuses another project and another URL without an FcmError', async () => {
      const project = await send(note, { path: '/v1/projects/other/messages:send' });
      expect(project.status).to.equal(404);
      expect(detailOf(project, 'FcmError')).to.equal(undefined);
      const url = await send(note, { path: '/fcm/send' });
      expect(url.status).to.equal(404);
      expect(url.headers['content-type']).to.contain('text/html');
    });
  });

  describe('what the schema refuses, without an FcmError', () => {
    const rows: { name: string; message: Json; field: string }[] = [
      { name: 'an unknown name', message: { ...note, sound: 'x' }, field: 'message' },
      {
        name: 'an unknown name inside',
        message: { ...note, android: { notification: { channel: 'x' } } },
        field: 'message.android.notification',
      },
      {
        name: 'a name in the wrong case',
        message: { ...note, android: { Collapse_key: 'x' } },
        field: 'message.android',
      },
      {
        name: 'a field in both spellings',
        message: { ...note, android: { collapse_key: 'a', collapseKey: 'b' } },
        field: 'message.android.collapse_key',
      },
      {
        name: 'a number for a text',
        message: { token, notification: { title: 5 } },
        field: 'message.notification.title',
      },
      {
        name: 'a value of data that is no text',
        message: { token, data: { n: 1 } },
        field: 'message.data[0].value',
      },
      {
        name: 'an enum value',
        message: { ...note, android: { priority: 'URGENT' } },
        field: 'message.android.priority',
      },
      {
        name: 'a ttl in bare seconds',
        message: { ...note, android: { ttl: 3600 } },
        field: 'message.android.ttl',
      },
      {
        name: 'a ttl without its unit',
        message: { ...note, android: { ttl: '3600' } },
        field: 'message.android.ttl',
      },
      {
        name: 'a badge that is a text',
        message: { ...note, android: { notification: { notification_count: 'x' } } },
        field: 'message.android.notification.notification_count',
      },
      {
        name: 'a text for a switch',
        message: { ...note, android: { direct_boot_ok: 'yes' } },
        field: 'message.android.direct_boot_ok',
      },
      {
        name: 'a time',
        message: { ...note, android: { notification: { event_time: 'now' } } },
        field: 'message.android.notification.event_time',
      },
      {
        name: 'a list that is none',
        message: { ...note, android: { notification: { body_loc_args: 'x' } } },
        field: 'message.android.notification.body_loc_args',
      },
      {
        name: 'a second target, even an empty one',
        message: { ...note, topic: '' },
        field: 'message',
      },
      {
        name: 'android and android_v2',
        message: { ...note, android: {}, android_v2: {} },
        field: 'message',
      },
      {
        name: 'apns headers that are no texts',
        message: { ...note, apns: { headers: { 'apns-priority': 5 } } },
        field: 'message.apns.headers[0].value',
      },
    ];
    for (const { name, message, field } of rows) {
      it(name, async () => {
        const answered = await send(message);
        expect(answered.status).to.equal(400);
        expect(answered.json).to.have.nested.property('error.status', 'INVALID_ARGUMENT');
        expect(violationOf(answered)).to.equal(field);
        expect(detailOf(answered, 'FcmError')).to.equal(undefined);
        expect(fcm.counts()).to.include({ accepted: 0, delivered: 0 });
      });
    }

    it('a body that is no JSON, or is not called so', async () => {
      expect((await send(note, { body: '{"message":' })).status).to.equal(400);
      expect((await send(note, { headers: { 'content-type': 'text/plain' } })).status).to.equal(
        400,
      );
      expect((await send(note, { body: { message: note, dry_run: true } })).status).to.equal(400);
    });
  });

  describe('what FCM refuses, with an FcmError', () => {
    const rows: { name: string; message: Json | undefined; field: string }[] = [
      { name: 'no message', message: undefined, field: 'message' },
      { name: 'no target', message: { notification: { title: 'x' } }, field: 'message' },
      { name: 'an empty token', message: { ...note, token: '' }, field: 'message.token' },
      { name: 'a token that is none', message: { ...note, token: 'abc' }, field: 'message.token' },
      { name: 'a fid that is none', message: { fid: 'x' }, field: 'message.fid' },
      { name: 'a topic with a slash', message: { topic: '/topics/x' }, field: 'message.topic' },
      {
        name: 'a condition of six topics',
        message: {
          condition:
            "'a' in topics || 'b' in topics || 'c' in topics || 'd' in topics || 'e' in topics || 'f' in topics",
        },
        field: 'message.condition',
      },
      ...['from', 'message_type', 'google.x', 'gcm.notification.x'].map((key) => ({
        name: `the reserved key ${key}`,
        message: { token, data: { [key]: 'x' } },
        field: 'message.data',
      })),
      {
        name: 'a ttl of 29 days',
        message: { ...note, android: { ttl: '2505600s' } },
        field: 'message.android.ttl',
      },
      {
        name: 'a negative ttl',
        message: { ...note, android: { ttl: '-1s' } },
        field: 'message.android.ttl',
      },
      {
        name: 'a label',
        message: { ...note, fcm_options: { analytics_label: 'ä' } },
        field: 'message.fcm_options.analytics_label',
      },
      {
        name: 'a color',
        message: { ...note, android: { notification: { color: 'red' } } },
        field: 'message.android.notification.color',
      },
      {
        name: 'an image without TLS',
        message: { token, notification: { image: 'http://a.example/i.png' } },
        field: 'message.notification.image',
      },
      {
        name: 'a link without TLS',
        message: { ...note, webpush: { fcm_options: { link: 'http://a.example' } } },
        field: 'message.webpush.fcm_options.link',
      },
      {
        name: 'another package',
        message: { ...note, android: { restricted_package_name: 'com.other' } },
        field: 'message.android.restricted_package_name',
      },
      {
        name: 'a negative badge',
        message: { ...note, android: { notification: { notification_count: -1 } } },
        field: 'message.android.notification.notification_count',
      },
      {
        name: 'a light that is too bright',
        message: { ...note, android: { notification: { light_settings: { color: { red: 2 } } } } },
        field: 'message.android.notification.light_settings.color',
      },
      {
        name: 'aps that is no object',
        message: { ...note, apns: { payload: { aps: 'x' } } },
        field: 'message.apns.payload.aps',
      },
      {
        name: 'background with priority 10',
        message: {
          ...note,
          apns: { headers: { 'apns-push-type': 'background', 'apns-priority': '10' } },
        },
        field: 'message.apns.headers',
      },
    ];
    for (const { name, message, field } of rows) {
      it(name, async () => {
        const answered = await send(message, message == null ? { body: {} } : {});
        expect(answered.status).to.equal(400);
        expect(detailOf(answered, 'FcmError')).to.have.property('errorCode', 'INVALID_ARGUMENT');
        expect(violationOf(answered)).to.equal(field);
        expect(fcm.counts()).to.include({ accepted: 0, delivered: 0 });
      });
    }

    it('counts the payload in UTF-8 bytes, 4096 to a device and 2048 to a topic', async () => {
      const fill = (bytes: number) => ({ data: { k: 'x'.repeat(bytes - 1) } });
      expect((await send({ token, ...fill(4096) })).status).to.equal(200);
      expect((await send({ topic: 'news', ...fill(2048) })).status).to.equal(200);
      const tooBig = [
        { token, ...fill(4097) },
        { topic: 'news', ...fill(2049) },
        { token, notification: { body: '推'.repeat(1366) } },
      ];
      for (const message of tooBig) {
        const answered = await send(message);
        expect(answered.status).to.equal(400);
        expect(answered.json).to.deep.equal({
          error: { code: 400, message: 'Android message is too big', status: 'INVALID_ARGUMENT' },
        });
      }
      expect(fcm.countsOf(token)).to.include({ received: 3, accepted: 1 });
      expect(fcm.countsOf('/topics/news')).to.include({ received: 2, accepted: 1 });
    });
  });

  it('accepts the longest ttl, fractions, a fid and a condition', async () => {
    const good = [
      { ...note, android: { ttl: '2419200s', priority: 'high' } },
      { ...note, android: { ttl: '1.5s' } },
      { fid: `c${'a'.repeat(21)}`, data: { a: 'b' } },
      { condition: "'a' in topics && ('b' in topics || !'c' in topics)" },
    ];
    for (const message of good) expect((await send(message)).status).to.equal(200);
  });

  it('validates only when asked to, and delivers nothing then', async () => {
    const answered = await send(note, { body: { validate_only: true, message: note } });
    expect(answered.json).to.deep.equal({
      name: 'projects/pigeon-simulator/messages/fake_message_id',
    });
    expect(fcm.countsOf(token)).to.include({ received: 1, accepted: 0, delivered: 0, shown: 0 });
  });

  it('shows one notification for repeats with the same tag, and none for data', async () => {
    const tagged = { ...note, android: { notification: { tag: 'task' } } };
    await send(tagged);
    await send(tagged);
    await send({ token, data: { a: 'b' } });
    expect(fcm.countsOf(token)).to.deep.equal({
      token,
      received: 3,
      accepted: 3,
      delivered: 3,
      shown: 1,
    });
    await send(note);
    expect(fcm.countsOf(token)).to.include({ shown: 2 });
  });

  describe('the answers that a token carries', () => {
    const STATUS: Partial<Record<FcmAnswer, [number, string?]>> = {
      'invalid-token': [400, 'INVALID_ARGUMENT'],
      'invalid-argument': [400, 'INVALID_ARGUMENT'],
      'invalid-argument-bare': [400],
      UNAUTHENTICATED: [401],
      ACCESS_TOKEN_EXPIRED: [401],
      THIRD_PARTY_AUTH_ERROR: [401, 'THIRD_PARTY_AUTH_ERROR'],
      APNS_AUTH_ERROR: [401, 'APNS_AUTH_ERROR'],
      SENDER_ID_MISMATCH: [403, 'SENDER_ID_MISMATCH'],
      PERMISSION_DENIED: [403],
      UNREGISTERED: [404, 'UNREGISTERED'],
      NOT_FOUND: [404],
      QUOTA_EXCEEDED: [429, 'QUOTA_EXCEEDED'],
      'QUOTA_EXCEEDED-retry-after': [429, 'QUOTA_EXCEEDED'],
      RATE_LIMIT_EXCEEDED: [429],
      INTERNAL: [500, 'INTERNAL'],
      UNSPECIFIED_ERROR: [500, 'UNSPECIFIED_ERROR'],
      'html-502': [502],
      'html-504': [504],
      'busy-date': [503, 'UNAVAILABLE'],
      'quota-once': [429, 'QUOTA_EXCEEDED'],
      busy: [503, 'UNAVAILABLE'],
      'busy-once': [503, 'UNAVAILABLE'],
      'busy-twice': [503, 'UNAVAILABLE'],
      unavailable: [503, 'UNAVAILABLE'],
      'unavailable-delivered': [503, 'UNAVAILABLE'],
      slow: [200],
    };
    const WITHOUT_ANSWER: FcmAnswer[] = ['silent', 'reset', 'cut'];

    it('are all listed here', () => {
      expect([...Object.keys(STATUS), ...WITHOUT_ANSWER]).to.have.members(Object.keys(FCM_ANSWERS));
      expect(ANSWER_ROWS.fcm).to.have.length(Object.keys(FCM_ANSWERS).length);
    });

    for (const [answer, [status, errorCode]] of Object.entries(STATUS) as [
      FcmAnswer,
      [number, string?],
    ][]) {
      it(`${answer} is ${status} ${errorCode ?? 'without an FcmError'}`, async () => {
        const answered = await send({ ...note, token: fcmToken('it', answer) });
        expect(answered.status).to.equal(status);
        if (answered.json == null || status === 200) return;
        expect(detailOf(answered, 'FcmError')?.errorCode).to.equal(errorCode);
      });
    }

    it('say how long to wait in seconds, as a date, or not at all', async () => {
      const wait = async (answer: FcmAnswer) =>
        (await send({ ...note, token: fcmToken('it', answer) })).headers['retry-after'];
      expect(await wait('busy')).to.equal('1');
      expect(await wait('busy-date')).to.match(/GMT$/);
      expect(await wait('QUOTA_EXCEEDED-retry-after')).to.equal('1');
      expect(await wait('QUOTA_EXCEEDED')).to.equal(undefined);
      expect(await wait('unavailable')).to.equal(undefined);
    });

    it('mark a bad token by its field', async () => {
      const bad = await send({ ...note, token: fcmToken('it', 'invalid-token') });
      const other = await send({ ...note, token: fcmToken('it', 'invalid-argument') });
      expect(violationOf(bad)).to.equal('message.token');
      expect(violationOf(other)).not.to.equal('message.token');
    });

    it('may change after some times, for each token by itself, until the reset', async () => {
      const statuses = async (seed: string) => {
        const busy = fcmToken(seed, 'busy-twice');
        const found: number[] = [];
        for (let turn = 0; turn < 3; turn += 1)
          found.push((await send({ ...note, token: busy })).status);
        return found;
      };
      expect(await statuses('one')).to.deep.equal([503, 503, 200]);
      expect(await statuses('two')).to.deep.equal([503, 503, 200]);
      fcm.reset();
      expect(await statuses('one')).to.deep.equal([503, 503, 200]);
    });

    it('can be 503 although the device got it', async () => {
      const unlucky = fcmToken('it', 'unavailable-delivered');
      await send({ ...note, token: unlucky });
      expect(fcm.countsOf(unlucky)).to.include({
        received: 1,
        accepted: 0,
        delivered: 1,
        shown: 1,
      });
    });
  });
});
