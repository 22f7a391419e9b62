/** The APNs simulator over real TLS and HTTP/2, against Apple's published behaviour. */
import { once } from 'node:events';
import { connect as connectTls } from 'node:tls';
import { expect } from 'chai';
import { type Answered, providerToken, TestClient, type TestRequest } from '../support/client.js';
import { type ApnsAnswer, apnsToken } from '../tokens.js';
import { APNS_ANSWERS, type ApnsReason } from './answers.js';
import { type ApnsSimulator, type ApnsSimulatorOptions, startApnsSimulator } from './index.js';

const seconds = (): number => Math.floor(Date.now() / 1000);

describe('the APNs simulator', () => {
  let now = Date.now();
  let apns: ApnsSimulator;
  let sandbox: ApnsSimulator;
  let client: TestClient;
  let jwt: string;
  const clients: TestClient[] = [];

  const token = apnsToken('a phone');
  const alert = { aps: { alert: { title: 'Hello', body: 'World' } } };

  const dial = (
    simulator = apns,
    certificate: { cert?: string; key?: string } = {},
  ): TestClient => {
    const opened = new TestClient(simulator.url, { ca: simulator.ca, ...certificate });
    clients.push(opened);
    return opened;
  };

  const pushOf = (
    headers: Record<string, string | undefined> = {},
    more: Partial<TestRequest> = {},
  ): TestRequest => {
    const all = {
      authorization: `bearer ${jwt}`,
      'apns-topic': apns.credentials.bundleId,
      'apns-push-type': 'alert',
      ...headers,
    };
    const given = Object.entries(all).filter(
      (entry): entry is [string, string] => entry[1] != null,
    );
    return { path: `/3/device/${token}`, headers: Object.fromEntries(given), body: alert, ...more };
  };

  const push = (
    headers?: Record<string, string | undefined>,
    more?: Partial<TestRequest>,
    through = client,
  ): Promise<Answered> => through.send(pushOf(headers, more));

  const expectReason = (answered: Answered, status: number, reason: ApnsReason): void => {
    expect(answered.json).to.deep.equal({ reason });
    expect(answered.status).to.equal(status);
    expect(answered.headers['content-type']).to.equal('application/json');
    expect(answered.headers).to.have.property('apns-id');
  };

  before(async () => {
    apns = await startApnsSimulator({ now: () => now, slowMs: 20 });
    sandbox = await startApnsSimulator({ environment: 'sandbox', now: () => now });
  });

  beforeEach(() => {
    now = Date.now();
    apns.reset();
    jwt = providerToken(apns.credentials);
    client = dial();
  });

  afterEach(async () => {
    await Promise.all(clients.splice(0).map((one) => one.close()));
  });

  after(async () => {
    await apns.close();
    await sandbox.close();
  });

  it('accepts a good push with an empty body and an id, and records it', async () => {
    const answered = await push({ 'apns-id': '123e4567-e89b-12d3-a456-426614174000' });
    expect(answered).to.include({ status: 200, text: '' });
    expect(answered.headers['apns-id']).to.equal('123e4567-e89b-12d3-a456-426614174000');
    const [record] = apns.received(token);
    expect(record).to.include({ answer: 'accepted', delivered: true, shown: true });
    expect(record?.id).to.equal('123e4567-e89b-12d3-a456-426614174000');
    expect(record?.request?.body).to.deep.equal(alert);
  });

  it('makes an id when there is none', async () => {
    expect((await push()).headers['apns-id']).to.match(/^[0-9a-f-]{36}$/);
  });

  it('speaks HTTP/2 only', async () => {
    const url = new URL(apns.url);
    const socket = connectTls({
      port: Number(url.port),
      host: url.hostname,
      ca: apns.ca,
      ALPNProtocols: ['http/1.1'],
    });
    const [error] = (await once(socket, 'error').catch((fault: unknown) => [fault])) as [Error];
    expect(error.message).to.contain('no application protocol');
    expect(apns.counts().requests).to.equal(0);
  });

  it('allows one stream until the first good token, then 1000', async () => {
    await once(client.session, 'remoteSettings');
    expect(client.session.remoteSettings.maxConcurrentStreams).to.equal(1);
    await push({ authorization: undefined });
    expect(client.session.remoteSettings.maxConcurrentStreams).to.equal(1);
    const opened = once(client.session, 'remoteSettings');
    await push();
    await opened;
    expect(client.session.remoteSettings.maxConcurrentStreams).to.equal(1000);
  });

  describe('what it refuses', () => {
    type Row = [
      name: string,
      status: number,
      reason: ApnsReason,
      headers?: Record<string, string | undefined>,
      more?: Partial<TestRequest>,
    ];
    const bundle = 'com.example.pigeon';
    const background = { 'apns-push-type': 'background', 'apns-priority': '5' };
    const rows: Row[] = [
      ['an id that is no UUID', 400, 'BadMessageId', { 'apns-id': 'x' }],
      [
        'an id in capitals',
        400,
        'BadMessageId',
        { 'apns-id': '123E4567-E89B-12D3-A456-426614174000' },
      ],
      ['another method', 405, 'MethodNotAllowed', {}, { method: 'PUT' }],
      ['no topic', 400, 'MissingTopic', { 'apns-topic': undefined }],
      ['a collapse id of 65 bytes', 400, 'BadCollapseId', { 'apns-collapse-id': 'x'.repeat(65) }],
      ['an expiration in words', 400, 'BadExpirationDate', { 'apns-expiration': 'soon' }],
      [
        'an expiration in milliseconds',
        400,
        'BadExpirationDate',
        { 'apns-expiration': String(Date.now()) },
      ],
      ['priority 7', 400, 'BadPriority', { 'apns-priority': '7' }],
      ['an unknown push type', 400, 'InvalidPushType', { 'apns-push-type': 'silent' }],
      ['no push type', 400, 'InvalidPushType', { 'apns-push-type': undefined }],
      [
        'background with priority 10',
        400,
        'BadPriority',
        { 'apns-push-type': 'background', 'apns-priority': '10' },
      ],
      [
        'background without a priority, which is 10',
        400,
        'BadPriority',
        { 'apns-push-type': 'background' },
      ],
      [
        'talk that may be stored',
        400,
        'BadExpirationDate',
        { 'apns-push-type': 'pushtotalk', 'apns-topic': `${bundle}.voip-ptt` },
      ],
      ['a path without a token', 400, 'MissingDeviceToken', {}, { path: '/3/device/' }],
      ['another path', 404, 'BadPath', {}, { path: '/2/device/abc' }],
      ['a token that is too short', 400, 'BadDeviceToken', {}, { path: '/3/device/abcd' }],
      ['a token of an odd length', 400, 'BadDeviceToken', {}, { path: `/3/device/${token}a` }],
      [
        'a token that is not hexadecimal',
        400,
        'BadDeviceToken',
        {},
        { path: `/3/device/${'xy'.repeat(32)}` },
      ],
      [
        'a token that no device has',
        400,
        'BadDeviceToken',
        {},
        { path: `/3/device/${'0'.repeat(64)}` },
      ],
      ['no credential', 403, 'MissingProviderToken', { authorization: undefined }],
      ['a topic of nobody', 400, 'TopicDisallowed', { 'apns-topic': 'com.example.other' }],
      ['a topic that cannot be one', 400, 'BadTopic', { 'apns-topic': 'com example' }],
      [
        'a topic without the suffix of its push type',
        400,
        'TopicDisallowed',
        { 'apns-push-type': 'voip' },
      ],
      [
        'a topic with the suffix of another',
        400,
        'TopicDisallowed',
        { 'apns-topic': `${bundle}.voip` },
      ],
      ['no payload', 400, 'PayloadEmpty', {}, { body: '' }],
      ['a payload that is no JSON', 400, 'PayloadEmpty', {}, { body: '{"aps":' }],
      ['a payload without aps', 400, 'PayloadEmpty', {}, { body: { alert: 'x' } }],
      [
        'background that shows something',
        400,
        'InvalidPushType',
        background,
        { body: { aps: { 'content-available': 1, badge: 1 } } },
      ],
      [
        'background without content-available',
        400,
        'InvalidPushType',
        background,
        { body: { aps: {} } },
      ],
      [
        'an alert that shows nothing',
        400,
        'InvalidPushType',
        {},
        { body: { aps: { 'content-available': 1 } } },
      ],
    ];
    for (const [name, status, reason, headers, more] of rows) {
      it(`${name}: ${reason}`, async () => {
        expectReason(await push(headers, more), status, reason);
        expect(apns.counts()).to.include({ accepted: 0, delivered: 0 });
      });
    }

    it('a header that came twice: DuplicateHeaders', async () => {
      const stream = client.session.request({
        ':method': 'POST',
        ':path': `/3/device/${token}`,
        'apns-topic': [apns.credentials.bundleId, 'com.example.other'],
      });
      stream.end('{}');
      const [headers] = (await once(stream, 'response')) as [Record<string, unknown>];
      expect(headers[':status']).to.equal(400);
      stream.close();
    });

    it('a payload above 4096 bytes, or 5120 for voip: PayloadTooLarge', async () => {
      const bodyOf = (bytes: number) => {
        const frame = JSON.stringify({ aps: { alert: '' } });
        return JSON.stringify({ aps: { alert: 'x'.repeat(bytes - frame.length) } });
      };
      const voip = { 'apns-push-type': 'voip', 'apns-topic': `${apns.credentials.bundleId}.voip` };
      expect((await push({}, { body: bodyOf(4096) })).status).to.equal(200);
      expectReason(await push({}, { body: bodyOf(4097) }), 413, 'PayloadTooLarge');
      expect((await push(voip, { body: bodyOf(5120) })).status).to.equal(200);
      expectReason(await push(voip, { body: bodyOf(5121) }), 413, 'PayloadTooLarge');
    });
  });

  it('accepts each push type with its topic', async () => {
    const { bundleId } = apns.credentials;
    const types: [string, string, Record<string, string>?][] = [
      ['alert', bundleId, { 'apns-priority': '5', 'apns-expiration': '0' }],
      ['voip', `${bundleId}.voip`],
      ['complication', `${bundleId}.complication`],
      ['fileprovider', `${bundleId}.pushkit.fileprovider`],
      ['mdm', 'com.apple.mgmt.External.1'],
      ['location', `${bundleId}.location-query`],
      ['liveactivity', `${bundleId}.push-type.liveactivity`],
      ['pushtotalk', `${bundleId}.voip-ptt`, { 'apns-expiration': '0' }],
      ['widgets', `${bundleId}.push-type.widgets`],
      ['controls', `${bundleId}.push-type.controls`],
    ];
    for (const [type, topic, headers] of types) {
      const answered = await push({ 'apns-push-type': type, 'apns-topic': topic, ...headers });
      expect(answered.status, type).to.equal(200);
    }
    const silent = { 'apns-push-type': 'background', 'apns-priority': '5' };
    const answered = await push(silent, { body: { aps: { 'content-available': 1 } } });
    expect(answered.status).to.equal(200);
  });

  it('takes tokens of 160 digits, and those in capitals for the same device', async () => {
    expect((await push({}, { path: `/3/device/${'ab1'.repeat(53)}c` })).status).to.equal(200);
    await push({}, { path: `/3/device/${token.toUpperCase()}` });
    expect(apns.countsOf(token)).to.include({ delivered: 1 });
  });

  describe('the provider token', () => {
    const refused: [string, () => string][] = [
      ['without its scheme', () => providerToken(apns.credentials)],
      ['with a scheme in capitals', () => `Bearer ${providerToken(apns.credentials)}`],
      ['that is none', () => 'bearer abc'],
      [
        'of an unknown key',
        () => `bearer ${providerToken({ ...apns.credentials, keyId: 'UNKNOWNKEY' })}`,
      ],
      [
        'signed by another key',
        () => `bearer ${providerToken(apns.credentials, { key: apns.credentials.otherKey.p8 })}`,
      ],
      ['with a signature in DER', () => `bearer ${providerToken(apns.credentials, { der: true })}`],
      [
        'of another algorithm',
        () => `bearer ${providerToken(apns.credentials, { header: { alg: 'ES384' } })}`,
      ],
      [
        'of a team that the key is not of',
        () => `bearer ${providerToken({ ...apns.credentials, teamId: 'OTHERTEAM1' })}`,
      ],
      [
        'without a time',
        () => `bearer ${providerToken(apns.credentials, { claims: { iat: undefined } })}`,
      ],
      [
        'with a time in words',
        () => `bearer ${providerToken(apns.credentials, { claims: { iat: '1' } })}`,
      ],
      [
        'from the future',
        () => `bearer ${providerToken(apns.credentials, { claims: { iat: seconds() + 900 } })}`,
      ],
    ];
    for (const [name, authorization] of refused) {
      it(`is refused ${name}`, async () => {
        expectReason(await push({ authorization: authorization() }), 403, 'InvalidProviderToken');
      });
    }

    it('wedges the connection when it is expired; a new one works', async () => {
      const old = providerToken(apns.credentials, { claims: { iat: seconds() - 3700 } });
      expectReason(await push({ authorization: `bearer ${old}` }), 403, 'ExpiredProviderToken');
      expectReason(await push(), 403, 'ExpiredProviderToken');
      expect((await push({}, {}, dial())).status).to.equal(200);
    });

    it('ends during a connection, too', async () => {
      expect((await push()).status).to.equal(200);
      now += 3_700_000;
      expectReason(await push(), 403, 'ExpiredProviderToken');
    });

    it('may not be renewed within 20 minutes on one connection', async () => {
      const early = providerToken(apns.credentials, { claims: { iat: seconds() - 60 } });
      expect((await push({ authorization: `bearer ${early}` })).status).to.equal(200);
      expectReason(await push(), 429, 'TooManyProviderTokenUpdates');
      expect((await push({ authorization: `bearer ${early}` })).status).to.equal(200);
      now += 21 * 60_000;
      expect((await push()).status).to.equal(200);
    });

    it('binds the connection to one team and one key', async () => {
      const { otherKey, otherTeamKey } = apns.credentials;
      expect((await push()).status).to.equal(200);
      const unrelated = `bearer ${providerToken(otherKey)}`;
      const foreign = `bearer ${providerToken(otherTeamKey)}`;
      expectReason(await push({ authorization: unrelated }), 403, 'UnrelatedKeyIdInToken');
      expectReason(await push({ authorization: foreign }), 403, 'InvalidProviderToken');
      expect((await push({ authorization: unrelated }, {}, dial())).status).to.equal(200);
    });

    it('of a key for the other environment is refused', async () => {
      const authorization = `bearer ${providerToken(apns.credentials.otherEnvironmentKey)}`;
      expectReason(await push({ authorization }), 403, 'BadEnvironmentKeyIdInToken');
      expect((await push({ authorization }, {}, dial(sandbox))).status).to.equal(200);
    });
  });

  describe('a client certificate', () => {
    it('stands for credential and topic, on many streams at once', async () => {
      const secure = dial(apns, apns.credentials.certificate);
      const answered = await push(
        { authorization: undefined, 'apns-topic': undefined },
        {},
        secure,
      );
      expect(answered.status).to.equal(200);
      expect(secure.session.remoteSettings.maxConcurrentStreams).to.equal(1000);
    });

    it('makes the authorization header be ignored', async () => {
      const secure = dial(apns, apns.credentials.certificate);
      expect((await push({ authorization: 'bearer x' }, {}, secure)).status).to.equal(200);
    });

    it('of the other environment is refused', async () => {
      const secure = dial(apns, apns.credentials.otherEnvironmentCertificate);
      expectReason(await push({}, {}, secure), 403, 'BadCertificateEnvironment');
    });

    it('does not open what needs a token, nor other apps', async () => {
      const secure = dial(apns, apns.credentials.certificate);
      const topic = `${apns.credentials.bundleId}.push-type.liveactivity`;
      const live = await push(
        { 'apns-push-type': 'liveactivity', 'apns-topic': topic },
        {},
        secure,
      );
      expectReason(live, 400, 'InvalidPushType');
      const other = await push({ 'apns-topic': 'com.example.other' }, {}, secure);
      expectReason(other, 400, 'TopicDisallowed');
    });

    it('that Apple did not sign is refused', async () => {
      const { createAuthority, issueClientCertificate } = await import('../tls.js');
      const userId = apns.credentials.bundleId;
      const forged = await issueClientCertificate(await createAuthority(), {
        commonName: `Apple Push Services: ${userId}`,
        userId,
      });
      expectReason(await push({}, {}, dial(apns, forged)), 403, 'BadCertificate');
    });
  });

  it('knows tokens of one environment as bad in the other', async () => {
    const [ofSandbox, ofProduction] = [apnsToken('x', 'sandbox'), apnsToken('x', 'production')];
    const at = (simulator: ApnsSimulator, device: string) =>
      push({}, { path: `/3/device/${device}` }, dial(simulator));
    expectReason(await at(apns, ofSandbox), 400, 'BadDeviceToken');
    expectReason(await at(sandbox, ofProduction), 400, 'BadDeviceToken');
    expect((await at(apns, ofProduction)).status).to.equal(200);
    const answered = await at(sandbox, ofSandbox);
    expect(answered.status).to.equal(200);
    expect(answered.headers).to.have.property('apns-unique-id');
  });

  it('shows one notification for repeats with the same collapse id, and none in the background', async () => {
    await push({ 'apns-collapse-id': 'task' });
    await push({ 'apns-collapse-id': 'task' });
    const silent = { 'apns-push-type': 'background', 'apns-priority': '5' };
    await push(silent, { body: { aps: { 'content-available': 1 } } });
    expect(apns.countsOf(token)).to.include({ delivered: 3, shown: 1 });
    await push();
    expect(apns.countsOf(token)).to.include({ delivered: 4, shown: 2 });
  });

  it('hangs up after too many bad tokens when told so', async () => {
    const options: ApnsSimulatorOptions = { closeAfterBadTokens: 2 };
    const strict = await startApnsSimulator(options);
    const impatient = dial(strict);
    const bad = { path: `/3/device/${apnsToken('x', 'BadDeviceToken')}` };
    const goaway = once(impatient.session, 'goaway') as Promise<[number, number, Buffer]>;
    await push({}, bad, impatient);
    expectReason(await push({}, bad, impatient), 400, 'BadDeviceToken');
    const [code, , data] = await goaway;
    expect(code).to.equal(0);
    expect(data.toString()).to.equal('{"reason":"BadDeviceToken"}');
    await strict.close();
  });

  describe('the answers that a token carries', () => {
    const own = (Object.keys(APNS_ANSWERS) as ApnsAnswer[]).filter((name) =>
      /^[A-Z]\w+$/.test(name),
    ) as ApnsReason[];

    it('hold every reason of the documentation', () => {
      expect(own).to.have.length(33);
    });

    for (const reason of own) {
      it(reason, async () => {
        const answered = await push({}, { path: `/3/device/${apnsToken('it', reason)}` });
        expect(answered.json).to.have.property('reason', reason);
        expect(`${answered.status} ${reason}`).to.equal(APNS_ANSWERS[reason].meaning.split(',')[0]);
        expect(apns.counts()).to.include({ received: 1, accepted: 0, delivered: 0 });
      });
    }

    it('date a dead token in milliseconds, when asked to long ago', async () => {
      const dateOf = async (answer: ApnsAnswer) => {
        const { json } = await push({}, { path: `/3/device/${apnsToken('it', answer)}` });
        return (json as { timestamp: number }).timestamp;
      };
      expect(await dateOf('Unregistered')).to.equal(now);
      expect(await dateOf('ExpiredToken')).to.equal(now);
      expect(await dateOf('Unregistered-long-ago')).to.equal(now - 30 * 86_400_000);
    });

    it('for a dead token come before the credential is looked at', async () => {
      const dead = { path: `/3/device/${apnsToken('it', 'Unregistered')}` };
      expect((await push({ authorization: undefined }, dead)).status).to.equal(410);
    });

    it('may change after some times, and may come late or not be true', async () => {
      const statusOf = async (answer: ApnsAnswer) =>
        (await push({}, { path: `/3/device/${apnsToken('it', answer)}` })).status;
      expect([
        await statusOf('TooManyRequests-once'),
        await statusOf('TooManyRequests-once'),
      ]).to.deep.equal([429, 200]);
      expect([await statusOf('busy-once'), await statusOf('busy-once')]).to.deep.equal([503, 200]);
      expect(await statusOf('slow')).to.equal(200);
      expect(await statusOf('html-502')).to.equal(502);
      expect(await statusOf('unavailable-delivered')).to.equal(503);
      expect(apns.countsOf(apnsToken('it', 'unavailable-delivered'))).to.include({
        accepted: 0,
        delivered: 1,
      });
    });
  });
});
