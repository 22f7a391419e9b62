/** The Push Kit simulator over real TLS and HTTP/2, against Huawei's published behaviour. */
import { expect } from 'chai';
import { loadMaterial } from '../material.js';
import { type Answered, huaweiToken, type JwtChanges, TestClient } from '../support/client.js';
import { type HarmonyAnswer, harmonyToken } from '../tokens.js';
import { HARMONY_ANSWERS } from './answers.js';
import { type HarmonySimulator, startHarmonySimulator } from './index.js';

type Json = Record<string, unknown>;

const seconds = (): number => Math.floor(Date.now() / 1000);
const codeOf = ({ json }: Answered): unknown => (json as Json).code;

describe('the Harmony simulator', () => {
  let now = Date.now();
  let harmony: HarmonySimulator;
  let client: TestClient;
  let jwt: string;

  const token = harmonyToken('a phone');
  const notification = {
    category: 'IM',
    title: 'Hello',
    body: 'World',
    clickAction: { actionType: 0 },
  };
  const alert = { payload: { notification }, target: { token: [token] } };
  const noteWith = (changes: Json) => ({
    ...alert,
    payload: { notification: { ...notification, ...changes } },
  });

  const send = (
    body: unknown = alert,
    more: { headers?: Record<string, string>; path?: string; method?: string } = {},
  ): Promise<Answered> =>
    client.send({
      method: more.method ?? 'POST',
      path: more.path ?? `/v3/${harmony.credentials.projectId}/messages:send`,
      headers: {
        authorization: `Bearer ${jwt}`,
        'content-type': 'application/json',
        'push-type': '0',
        ...more.headers,
      },
      body: body as object,
    });

  before(async () => {
    harmony = await startHarmonySimulator({ now: () => now, slowMs: 20 });
    client = new TestClient(harmony.url, { ca: harmony.ca });
    jwt = huaweiToken(harmony.credentials.serviceAccount);
  });

  beforeEach(() => {
    now = Date.now();
    harmony.reset();
  });

  after(async () => {
    await client.close();
    await harmony.close();
  });

  it('accepts a good message to many tokens and records each', async () => {
    const tokens = [token, harmonyToken('another')];
    const answered = await send({ ...alert, target: { token: tokens } });
    expect(answered.status).to.equal(200);
    expect(answered.json).to.include({ code: '80000000', msg: 'Success' });
    expect((answered.json as Json).requestId).to.match(/^\d{10,}$/);
    for (const one of tokens) {
      expect(harmony.countsOf(one)).to.deep.equal({
        token: one,
        received: 1,
        accepted: 1,
        delivered: 1,
        shown: 1,
      });
    }
    expect(harmony.counts()).to.include({ requests: 1, received: 2, accepted: 2 });
    expect(harmony.received(token)[0]?.request?.headers).to.include({ 'push-type': '0' });
  });

  describe('the signed token', () => {
    type Row = [string, string, number, (JwtChanges & { pss?: boolean })?];
    const rows: Row[] = [
      ['of another algorithm', '80200001', 401, { header: { alg: 'RS256' }, pss: false }],
      ['of an unknown key', '80200001', 401, { header: { kid: 'x' } }],
      ['of another account', '80200001', 401, { claims: { iss: 'x' } }],
      [
        'for another audience',
        '80200001',
        401,
        { claims: { aud: 'https://push-api.cloud.huawei.com' } },
      ],
      ['without a lifetime', '80200001', 401, { claims: { exp: undefined } }],
      [
        'from the future',
        '80200001',
        401,
        { claims: { iat: seconds() + 7200, exp: seconds() + 10_800 } },
      ],
      [
        'that has expired',
        '80200005',
        401,
        { claims: { iat: seconds() - 7200, exp: seconds() - 3600 } },
      ],
      ['for more than a day', '80300036', 400, { claims: { exp: seconds() + 200_000 } }],
    ];
    for (const [name, code, status, changes] of rows) {
      it(`is refused ${name}: ${code}`, async () => {
        const authorization = `Bearer ${huaweiToken(harmony.credentials.serviceAccount, changes)}`;
        const answered = await send(alert, { headers: { authorization } });
        expect(codeOf(answered)).to.equal(code);
        expect(answered.status).to.equal(status);
        expect(harmony.countsOf(token)).to.include({ received: 1, delivered: 0 });
      });
    }

    it('is refused when another key signed it, when it is an OAuth token, and when there is none', async () => {
      const { fcm } = await loadMaterial();
      const forged = huaweiToken(harmony.credentials.serviceAccount, { key: fcm.privateKey });
      for (const authorization of [`Bearer ${forged}`, 'Bearer CgB6e3x9', jwt, '']) {
        expect(codeOf(await send(alert, { headers: { authorization } }))).to.equal('80200001');
      }
    });

    it('ends while it is in use', async () => {
      now += 3_700_000;
      expect(codeOf(await send())).to.equal('80200005');
    });
  });

  it('refuses other projects, versions, URLs and methods', async () => {
    const { projectId } = harmony.credentials;
    expect(codeOf(await send(alert, { path: '/v3/123/messages:send' }))).to.equal('80300002');
    expect(codeOf(await send(alert, { path: `/v2/${projectId}/messages:send` }))).to.equal(
      '80200001',
    );
    expect((await send(alert, { path: `/v3/${projectId}/messages` })).status).to.equal(404);
    expect((await send(alert, { method: 'PUT' })).status).to.equal(404);
  });

  describe('what it refuses', () => {
    const many = Array.from({ length: 1001 }, (_, index) => harmonyToken(`${index}`));
    const form = {
      formId: 1,
      version: 1,
      moduleName: 'm',
      formName: 'f',
      abilityName: 'a',
      formData: {},
    };
    type Row = [name: string, code: string, body: unknown, pushType?: string];
    const rows: Row[] = [
      ['a push-type that is unknown', '80100001', alert, '3'],
      ['a body that is no JSON', '80100003', '{"payload":'],
      ['a field that is unknown', '80100003', { ...alert, validateOnly: true }],
      ['no payload', '80100003', { target: alert.target }],
      ['no target', '80100001', { payload: alert.payload }],
      ['tokens that are no list', '80100001', { ...alert, target: { token } }],
      ['tokens that are no texts', '80100001', { ...alert, target: { token: [1] } }],
      ['no tokens', '80300010', { ...alert, target: { token: [] } }],
      ['1001 tokens', '80300010', { ...alert, target: { token: many } }],
      ['a form for two', '80300010', { payload: form, target: { token: many.slice(0, 2) } }, '1'],
      [
        'a test for eleven',
        '80300030',
        { ...alert, target: { token: many.slice(0, 11) }, pushOptions: { testMessage: true } },
      ],
      ['no category', '80100003', noteWith({ category: undefined })],
      ['an unknown category', '80100003', noteWith({ category: 'NEWS' })],
      ['the category of voice in an alert', '80100003', noteWith({ category: 'PLAY_VOICE' })],
      ['no title', '80100003', noteWith({ title: undefined })],
      ['no body', '80100003', noteWith({ body: undefined })],
      ['no click action', '80100003', noteWith({ clickAction: undefined })],
      ['a click action of a live view', '80100003', noteWith({ clickAction: { actionType: 3 } })],
      ['a page without a name', '80100003', noteWith({ clickAction: { actionType: 1 } })],
      [
        'click data that is no object',
        '80100003',
        noteWith({ clickAction: { actionType: 0, data: 'x' } }),
      ],
      ['an image without TLS', '80100003', noteWith({ image: 'http://a.example/i.png' })],
      ['the style that is gone', '80100003', noteWith({ style: 2 })],
      ['many lines without lines', '80100003', noteWith({ style: 3 })],
      ['four lines', '80100003', noteWith({ style: 3, inboxContent: ['a', 'b', 'c', 'd'] })],
      ['a notifyId that is too large', '80100003', noteWith({ notifyId: 2 ** 31 })],
      ['an appMessageId with other signs', '80100003', noteWith({ appMessageId: 'a.b' })],
      ['an appMessageId of 65', '80100003', noteWith({ appMessageId: 'a'.repeat(65) })],
      ['a badge above 99', '80100003', noteWith({ badge: { setNum: 100 } })],
      ['a badge that adds nothing', '80100003', noteWith({ badge: { addNum: 0 } })],
      ['an empty badge', '80100003', noteWith({ badge: {} })],
      ['a profile id of 65', '80100003', noteWith({ profileId: 'a'.repeat(65) })],
      ['sound in marketing', '80100003', noteWith({ category: 'MARKETING', sound: 'a.mp3' })],
      ['61 seconds of sound', '80100003', noteWith({ soundDuration: 61 })],
      ['a misspelt field', '80100003', noteWith({ appMessageID: 'a' })],
      ['a ttl of 16 days', '80100004', { ...alert, pushOptions: { ttl: 1_382_400 } }],
      ['a ttl that is a text', '80100004', { ...alert, pushOptions: { ttl: '60' } }],
      ['a biTag of 65 bytes', '80100001', { ...alert, pushOptions: { biTag: 'a'.repeat(65) } }],
      ['a collapseKey that is a text', '80100001', { ...alert, pushOptions: { collapseKey: 'a' } }],
      [
        'a collapseKey in the background',
        '80100001',
        { payload: { extraData: 'x' }, target: alert.target, pushOptions: { collapseKey: 1 } },
        '6',
      ],
      [
        'a background mode in an alert',
        '80100001',
        { ...alert, pushOptions: { backgroundMode: 1 } },
      ],
      ['options that are unknown', '80100001', { ...alert, pushOptions: { priority: 1 } }],
      ['background without data', '80100003', { payload: {}, target: alert.target }, '6'],
      [
        'voice without data',
        '80100003',
        {
          payload: { notification: { ...notification, category: 'PLAY_VOICE' } },
          target: alert.target,
        },
        '2',
      ],
      [
        'a live view without its event',
        '80100003',
        { payload: { activityId: 1, operation: 0, status: 's' }, target: alert.target },
        '7',
      ],
      [
        'a form without data',
        '80100003',
        { payload: { ...form, formData: undefined }, target: alert.target },
        '1',
      ],
    ];
    for (const [name, code, body, pushType] of rows) {
      it(`${name}: ${code}`, async () => {
        const answered = await send(
          body,
          pushType == null ? {} : { headers: { 'push-type': pushType } },
        );
        expect(codeOf(answered), answered.text).to.equal(code);
        expect(answered.status).to.equal(400);
        expect(harmony.counts()).to.include({ accepted: 0, delivered: 0 });
      });
    }

    it('more than 4096 bytes beside the tokens, however many tokens there are', async () => {
      const tokens = Array.from({ length: 1000 }, (_, index) => harmonyToken(`${index}`));
      const empty =
        JSON.stringify({ ...noteWith({ body: 'x' }), target: { token: [] } }).length - 1;
      const sized = (bytes: number) => ({
        ...noteWith({ body: 'x'.repeat(bytes - empty) }),
        target: { token: tokens },
      });
      expect(codeOf(await send(sized(4096)))).to.equal('80000000');
      expect(codeOf(await send(sized(4097)))).to.equal('80300008');
      expect(harmony.counts()).to.include({ received: 2000, accepted: 1000 });
    });

    it('the 1001st test message of a day', async () => {
      const test = { ...alert, pushOptions: { testMessage: true } };
      const answers = await Promise.all(Array.from({ length: 1001 }, () => send(test)));
      const codes = answers.map(codeOf);
      expect(codes.filter((code) => code === '80000000')).to.have.length(1000);
      expect(codes.filter((code) => code === '80300029')).to.have.length(1);
    });
  });

  it('accepts every push-type in its own form', async () => {
    const target = alert.target;
    const voice = { ...notification, category: 'PLAY_VOICE' };
    const good: [string, Json][] = [
      ['0', { payload: { notification: { badge: { setNum: 99 } } }, target }],
      [
        '0',
        noteWith({
          style: 3,
          inboxContent: ['a'],
          appMessageId: 'a b+/=_-9',
          notifyId: -1,
          badge: { addNum: 1 },
          image: 'https://a.example/i.png',
          clickAction: { actionType: 1, uri: 'app://x', data: { a: 1 } },
        }),
      ],
      [
        '1',
        {
          payload: {
            formId: 1,
            version: 1,
            moduleName: 'm',
            formName: 'f',
            abilityName: 'a',
            formData: {},
          },
          target,
        },
      ],
      ['2', { payload: { notification: voice, extraData: 'x' }, target }],
      [
        '6',
        {
          payload: { extraData: 'x', proxyData: 'ENABLE' },
          target,
          pushOptions: { backgroundMode: 1 },
        },
      ],
      [
        '7',
        {
          payload: { activityId: 1, operation: 0, event: 'TAXI', status: 'S', activityData: {} },
          target,
        },
      ],
      ['10', { payload: { extraData: 'x' }, target, pushOptions: { ttl: 30 } }],
    ];
    for (const [pushType, body] of good) {
      const answered = await send(body, { headers: { 'push-type': pushType } });
      expect(codeOf(answered), `${pushType} ${answered.text}`).to.equal('80000000');
    }
  });

  it('shows the first of two with the same appMessageId, and overwrites by notifyId', async () => {
    await send(noteWith({ appMessageId: 'task' }));
    await send(noteWith({ appMessageId: 'task' }));
    expect(harmony.countsOf(token)).to.include({ delivered: 2, shown: 1 });
    await send(noteWith({ notifyId: 7 }));
    await send(noteWith({ notifyId: 7 }));
    expect(harmony.countsOf(token)).to.include({ delivered: 4, shown: 2 });
    await send(noteWith({}));
    await send(
      { payload: { extraData: 'x' }, target: alert.target },
      { headers: { 'push-type': '6' } },
    );
    expect(harmony.countsOf(token)).to.include({ delivered: 6, shown: 3 });
  });

  describe('revoking', () => {
    const revoke = (
      body: unknown,
      more: { path?: string; headers?: Record<string, string> } = {},
    ): Promise<Answered> =>
      send(body, { path: `/v1/${harmony.credentials.clientId}/messages:revoke`, ...more });

    it('takes the notification of that number off the screen, and no other', async () => {
      await send(noteWith({ notifyId: 7, appMessageId: 'a' }));
      await send(noteWith({ notifyId: 8 }));
      expect(harmony.countsOf(token)).to.include({ shown: 2 });
      expect(harmony.screenOf(token)).to.have.lengthOf(2);
      expect(codeOf(await revoke({ notifyId: 7, token: [token] }))).to.equal('80000000');
      expect(harmony.countsOf(token)).to.include({ delivered: 3, shown: 2 });
      expect(harmony.screenOf(token).map(({ shows }) => shows)).to.deep.equal([
        { replaces: 'notify 8' },
      ]);
      expect(codeOf(await revoke({ notifyId: 7, token: [token] }))).to.equal('80000000');
    });

    it('answers every token as it answers a push to it', async () => {
      const refused = harmonyToken('gone', 'noRight');
      const answered = await revoke({ notifyId: 7, token: [token, refused, 'abc'] });
      expect(codeOf(answered)).to.equal('80100000');
      expect(harmony.countsOf(refused)).to.include({ accepted: 0, delivered: 0 });
      const busy = harmonyToken('b', 'busy');
      expect((await revoke({ notifyId: 7, token: [busy] })).status).to.equal(503);
    });

    it('refuses what is not exactly a revocation', async () => {
      const codeFor = async (body: unknown, more = {}): Promise<unknown> =>
        codeOf(await revoke(body, more));
      const good = { notifyId: 7, token: [token] };
      expect(await codeFor({ token: [token] })).to.equal('80100001');
      expect(await codeFor({ ...good, notifyId: -1 })).to.equal('80100001');
      expect(await codeFor({ ...good, notifyId: '7' })).to.equal('80100001');
      expect(await codeFor({ ...good, more: 1 })).to.equal('80100001');
      expect(await codeFor({ ...good, token })).to.equal('80100001');
      expect(await codeFor({ ...good, token: [] })).to.equal('80300010');
      expect(await codeFor({ ...good, token: Array(1001).fill(token) })).to.equal('80300010');
      expect(await codeFor(good, { headers: { 'push-type': '6' } })).to.equal('80100001');
      expect(await codeFor(good, { path: '/v1/another/messages:revoke' })).to.equal('80300002');
      expect(await codeFor(good, { headers: { authorization: 'Bearer x' } })).to.equal('80200001');
      expect(harmony.countsOf(token)).to.include({ delivered: 0 });
    });
  });

  describe('the answers that a token carries', () => {
    const names = Object.keys(HARMONY_ANSWERS) as HarmonyAnswer[];
    const msgOf = (answered: Answered): Json =>
      JSON.parse(String((answered.json as Json).msg)) as Json;

    for (const name of names.filter((one) => HARMONY_ANSWERS[one].reasonKey != null)) {
      it(`${name} is for that token alone`, async () => {
        const refused = harmonyToken('it', name);
        const answered = await send({ ...alert, target: { token: [token, refused] } });
        expect(answered.status).to.equal(200);
        expect(codeOf(answered)).to.equal('80100000');
        const key = HARMONY_ANSWERS[name].reasonKey ?? '';
        expect(msgOf(answered)).to.deep.equal({
          illegalTokens: { [key]: [refused] },
          success: 1,
          failure: 1,
        });
        expect(harmony.countsOf(token)).to.include({ delivered: 1 });
        expect(harmony.countsOf(refused)).to.include({ received: 1, accepted: 0, delivered: 0 });
      });
    }

    it('are grouped by reason, and called 80300007 when nobody is left', async () => {
      const [first, second] = [harmonyToken('1', 'noRight'), harmonyToken('2', 'noRight')];
      const answered = await send({ ...alert, target: { token: [first, 'abc', second] } });
      expect(answered.status).to.equal(400);
      expect(codeOf(answered)).to.equal('80300007');
      expect(msgOf(answered)).to.deep.equal({
        illegalTokens: { noRight: [first, second], tokenFormatError: ['abc'] },
        success: 0,
        failure: 3,
      });
    });

    for (const name of names.filter((one) => /^8\d+$/.test(one))) {
      it(`${name} is for the whole request`, async () => {
        const answered = await send({
          ...alert,
          target: { token: [token, harmonyToken('it', name)] },
        });
        expect(codeOf(answered)).to.equal(name);
        expect(answered.status).to.equal(
          name.startsWith('802') ? 401 : name.startsWith('81') ? 500 : 400,
        );
        expect(harmony.countsOf(token)).to.include({ received: 1, accepted: 0, delivered: 0 });
      });
    }

    it('may change after some times, and may come late or not be true', async () => {
      const statusOf = async (answer: HarmonyAnswer) =>
        (await send({ ...alert, target: { token: [token, harmonyToken('it', answer)] } })).status;
      expect([await statusOf('busy-once'), await statusOf('busy-once')]).to.deep.equal([503, 200]);
      expect(await statusOf('slow')).to.equal(200);
      expect(await statusOf('html-502')).to.equal(502);
      harmony.reset();
      expect(await statusOf('unavailable-delivered')).to.equal(503);
      expect(harmony.countsOf(token)).to.include({ received: 1, accepted: 0, delivered: 1 });
    });

    it('may be busy for one token only', async () => {
      const late = {
        ...alert,
        target: { token: [token, harmonyToken('it', 'appinfoError-once')] },
      };
      expect(codeOf(await send(late))).to.equal('80100000');
      expect(codeOf(await send(late))).to.equal('80000000');
    });
  });
});
