// The whole adapter over the real transport, against the APNs simulator as a witness.
import { expect } from 'chai';
import Joi from 'joi';
import { type ApnsSimulator, startApnsSimulator } from '../../simulators/apns/index.js';
import { type ApnsAnswer, apnsToken } from '../../simulators/tokens.js';
import { renewingCache } from '../../test/support/renewing-cache.js';
import { http2Transport } from '../../transport/http2/http2-transport.js';
import type { Transport } from '../../transport/transport.js';
import type { Message, Outcome } from '../adapter.js';
import { messageOf } from '../vendor-samples.js';
import apns from './index.js';
import { PUSH_TYPE_NAMES } from './push-types.js';

const never = new AbortController().signal;
const MINUTE_MS = 60_000;

describe('apns against the simulator', () => {
  let simulator: ApnsSimulator;
  let transport: Transport;
  let nowMs: number;

  before(async () => {
    simulator = await startApnsSimulator({ now: () => nowMs });
  });
  after(() => simulator.close());
  beforeEach(() => {
    simulator.reset();
    nowMs = Date.now();
    transport = http2Transport({ allowPrivateEndpoints: true, closeTimeoutMs: 20 });
  });
  afterEach(() => transport.close());

  const opened = (over: Record<string, unknown> = {}) => {
    const { bundleId, teamId, keyId, p8 } = simulator.credentials;
    const given = { bundleId, teamId, keyId, privateKey: p8, ...over };
    const settings = Joi.attempt(
      { ...given, endpoint: simulator.url, ca: simulator.ca },
      apns.settings,
    );
    return apns.open(settings, {
      transport,
      credentials: renewingCache(() => nowMs),
      now: () => nowMs,
    });
  };
  const withCertificate = (certificate: object) =>
    opened({ teamId: undefined, keyId: undefined, privateKey: undefined, certificate });

  const send = (
    tokens: string[],
    message: Partial<Message> = {},
    adapter = opened(),
  ): Promise<Outcome[]> =>
    adapter.send(
      messageOf(message),
      tokens.map((token) => ({ token })),
      never,
    );

  it('reaches many devices with one provider token, each exactly once, and brings back Apple’s ids', async () => {
    const tokens = Array.from({ length: 300 }, (_, index) => apnsToken(`device ${index}`));
    const outcomes = await send(tokens);
    const ids = outcomes.map((outcome) => (outcome.kind === 'accepted' ? outcome.messageId : ''));
    expect(new Set(ids).size).to.equal(300);
    expect(ids).not.to.include('').and.not.to.include(undefined);
    for (const token of tokens) expect(simulator.countsOf(token).delivered).to.equal(1);
  });

  it('shows one notification for a task that is sent twice', async () => {
    const token = apnsToken('twice');
    await send([token, token]);
    expect(simulator.countsOf(token)).to.include({ delivered: 2, shown: 1 });
  });

  const extraFields: Record<string, object> = {
    liveactivity: { liveActivity: { event: 'update', contentState: { minutes: 5 } } },
    mdm: { mdm: 'magic' },
  };
  for (const pushType of PUSH_TYPE_NAMES) {
    it(`has a push of type ${pushType} accepted by its strict reading`, async () => {
      const overrides = { pushType, ...extraFields[pushType] };
      expect(Joi.attempt(overrides, apns.overrides)).to.be.an('object');
      const adapter = opened({ topics: { mdm: 'com.apple.mgmt.External.1' } });
      const silent = pushType !== 'alert';
      const [outcome] = await send([apnsToken('a')], { silent, overrides }, adapter);
      expect(outcome).to.have.property('kind', 'accepted');
    });
  }

  it('has what it calls small enough accepted, to the last byte', async () => {
    const overhead = Buffer.byteLength(JSON.stringify({ aps: { alert: { title: '', body: '' } } }));
    const fits = { title: '', body: 'x'.repeat(4096 - overhead) };
    expect(await send([apnsToken('a')], fits)).to.have.nested.property('[0].kind', 'accepted');
  });

  const answers: Partial<Record<ApnsAnswer, Partial<Outcome>>> = {
    BadDeviceToken: { kind: 'token-gone', reason: 'BadDeviceToken', ambiguous: true },
    sandbox: { kind: 'token-gone', reason: 'BadDeviceToken', ambiguous: true },
    DeviceTokenNotForTopic: { kind: 'token-gone', ambiguous: true },
    Unregistered: { kind: 'token-gone', reason: 'Unregistered' },
    ExpiredToken: { kind: 'token-gone', reason: 'ExpiredToken' },
    TopicDisallowed: { kind: 'account-refused', reason: 'TopicDisallowed' },
    TooManyRequests: { kind: 'try-later', reason: 'TooManyRequests', cause: 'device' },
    PayloadTooLarge: { kind: 'message-refused', reason: 'PayloadTooLarge' },
    IdleTimeout: { kind: 'try-later', reason: 'IdleTimeout', afterMs: 0 },
    InternalServerError: { kind: 'try-later', afterMs: 15 * MINUTE_MS, mayHaveArrived: true },
    unavailable: { kind: 'try-later', reason: 'ServiceUnavailable', cause: 'vendor' },
    'unavailable-delivered': { kind: 'try-later', mayHaveArrived: true },
    'html-502': { kind: 'try-later', reason: 'http-502', mayHaveArrived: true },
    reset: { kind: 'try-later', reason: 'reset', mayHaveArrived: true },
  };
  for (const [answer, outcome] of Object.entries(answers)) {
    it(`reads ${answer} as ${outcome.kind}`, async () => {
      const [told, other] = await send([apnsToken('a', answer as ApnsAnswer), apnsToken('b')]);
      expect(told).to.include(outcome);
      expect(other).to.have.property('kind', 'accepted');
    });
  }

  it('knows since when a token is gone', async () => {
    const [outcome] = await send([apnsToken('a', 'Unregistered-long-ago')]);
    const since = new Date(nowMs - 30 * 24 * 60 * MINUTE_MS);
    expect(outcome).to.deep.equal({ kind: 'token-gone', reason: 'Unregistered', since });
  });

  it('leaves a connection that is stuck on an old provider token, and reaches everybody once', async () => {
    const adapter = opened();
    await send([apnsToken('first')], {}, adapter);
    simulator.fault({ kind: 'answer', answer: 'ExpiredProviderToken', count: 3 });
    nowMs += 30 * MINUTE_MS;
    const tokens = ['a', 'b', 'c'].map((seed) => apnsToken(seed));
    const outcomes = await send(tokens, {}, adapter);
    expect(outcomes.map(({ kind }) => kind)).to.deep.equal(['accepted', 'accepted', 'accepted']);
    for (const token of tokens) expect(simulator.countsOf(token).delivered).to.equal(1);
  });

  it('renews its provider token before Apple calls it old, and not so soon that Apple minds', async () => {
    const adapter = opened();
    const startMs = nowMs;
    for (const minutes of [0, 40, 55, 70, 105, 125]) {
      nowMs = startMs + minutes * MINUTE_MS;
      const [outcome] = await send([apnsToken(`at ${minutes}`)], {}, adapter);
      expect(outcome, `after ${minutes} minutes`).to.have.property('kind', 'accepted');
    }
    expect(simulator.counts().requests, 'none was refused first').to.equal(6);
  });

  it('pushes with a certificate', async () => {
    const adapter = withCertificate(simulator.credentials.certificate);
    const [outcome] = await send([apnsToken('a')], {}, adapter);
    expect(outcome).to.have.property('kind', 'accepted');
  });

  it('says what is wrong with its credential', async () => {
    const { otherTeamKey, otherEnvironmentKey, otherEnvironmentCertificate } =
      simulator.credentials;
    const faults: [ReturnType<typeof opened>, string][] = [
      [opened({ privateKey: otherTeamKey.p8 }), 'InvalidProviderToken'],
      [
        opened({ privateKey: otherEnvironmentKey.p8, keyId: otherEnvironmentKey.keyId }),
        'BadEnvironmentKeyIdInToken',
      ],
      [opened({ bundleId: 'com.example.stranger' }), 'TopicDisallowed'],
      [withCertificate(otherEnvironmentCertificate), 'BadCertificateEnvironment'],
    ];
    for (const [adapter, reason] of faults) {
      const [outcome] = await send([apns.probeToken], {}, adapter);
      expect(outcome).to.include({ kind: 'account-refused', reason });
    }
    expect(simulator.counts().delivered).to.equal(0);
  });
});
