// The whole adapter over the real transport, against the FCM simulator as a witness.
import { expect } from 'chai';
import Joi from 'joi';
import { type FcmSimulator, startFcmSimulator } from '../../simulators/fcm/index.js';
import { type FcmAnswer, fcmToken } from '../../simulators/tokens.js';
import { credentialCache } from '../../test/support/fake-network.js';
import { http2Transport } from '../../transport/http2/http2-transport.js';
import type { Transport } from '../../transport/transport.js';
import type { Adapter, Message, Outcome } from '../adapter.js';
import { messageOf } from '../vendor-samples.js';
import fcm from './index.js';

const never = new AbortController().signal;

describe('fcm against the simulator', () => {
  let simulator: FcmSimulator;
  let transport: Transport;
  let adapter: Adapter;

  before(async () => {
    simulator = await startFcmSimulator({ packageName: 'test.shop.app' });
  });
  after(() => simulator.close());
  beforeEach(() => {
    simulator.reset();
    transport = http2Transport({ allowPrivateEndpoints: true, closeTimeoutMs: 20 });
    adapter = open();
  });
  afterEach(() => transport.close());

  const open = (over: Record<string, unknown> = {}, through = transport): Adapter => {
    const { serviceAccount, tokenUrl } = simulator.credentials;
    const settings = Joi.attempt(
      {
        serviceAccount,
        tokenEndpoint: tokenUrl,
        endpoint: simulator.url,
        ca: simulator.ca,
        restrictedPackageName: 'test.shop.app',
        ...over,
      },
      fcm.settings,
    );
    return fcm.open(settings, {
      transport: through,
      credentials: credentialCache(),
      now: () => Date.now(),
    });
  };

  const send = (tokens: string[], message: Partial<Message> = {}): Promise<Outcome[]> =>
    adapter.send(
      messageOf(message),
      tokens.map((token) => ({ token })),
      never,
    );

  it('reaches many devices with one access token, each exactly once', async () => {
    const tokens = Array.from({ length: 300 }, (_, index) => fcmToken(`device ${index}`));
    const outcomes = await send(tokens);
    const ids = outcomes.map((outcome) => (outcome.kind === 'accepted' ? outcome.messageId : ''));
    expect(ids).not.to.include('').and.not.to.include(undefined);
    expect(new Set(ids).size).to.equal(300);
    for (const token of tokens) expect(simulator.countsOf(token).delivered).to.equal(1);
  });

  const messages: Record<string, Partial<Message>> = {
    'everything a message can say': {
      data: { order: '7' },
      image: 'https://img.test/box.png',
      url: 'https://shop.test/7',
      badge: 3,
      sound: 'ping',
      collapseKey: 'order-7',
      storeSeconds: 9_999_999,
    },
    'a background message': { silent: true, data: { sync: 'orders' }, storeSeconds: 0 },
    'overrides of every kind': {
      overrides: {
        android: {
          ttl: '3.5s',
          direct_boot_ok: true,
          data: { other: 'data' },
          notification: {
            color: '#00ff00',
            body_loc_key: 'K',
            body_loc_args: ['a', ''],
            event_time: '2026-01-01T00:00:00Z',
            notification_priority: 'PRIORITY_MAX',
            vibrate_timings: ['0.5s'],
            visibility: 'SECRET',
            proxy: 'IF_PRIORITY_LOWERED',
            light_settings: {
              color: { red: 1, green: 0.5, blue: 0, alpha: 1 },
              light_on_duration: '1s',
              light_off_duration: '1s',
            },
          },
          fcm_options: { analytics_label: 'spring' },
        },
        apns: { payload: { aps: { category: 'C' }, own: 1 }, headers: { 'apns-id': 'x' } },
        webpush: { notification: { renotify: true }, data: { w: '1' } },
        fcm_options: { analytics_label: 'spring' },
      },
    },
  };
  for (const [name, message] of Object.entries(messages)) {
    it(`has ${name} accepted by its strict reading`, async () => {
      expect(Joi.attempt(message.overrides ?? {}, fcm.overrides)).to.be.an('object');
      expect(await send([fcmToken('a')], message)).to.have.nested.property('[0].kind', 'accepted');
    });
  }

  it('has what it calls small enough accepted, to the last byte', async () => {
    const body = 'x'.repeat(4096 - 'title'.length - 'body'.length);
    expect((await send([fcmToken('a')], { title: '', body }))[0]?.kind).to.equal('accepted');
  });

  const answers: Partial<Record<FcmAnswer, Partial<Outcome>>> = {
    'invalid-token': { kind: 'token-gone', reason: 'INVALID_ARGUMENT' },
    'invalid-argument': { kind: 'message-refused', reason: 'INVALID_ARGUMENT' },
    'invalid-argument-bare': { kind: 'message-refused', reason: 'INVALID_ARGUMENT' },
    UNAUTHENTICATED: { kind: 'account-refused', reason: 'UNAUTHENTICATED' },
    THIRD_PARTY_AUTH_ERROR: { kind: 'message-refused', reason: 'THIRD_PARTY_AUTH_ERROR' },
    SENDER_ID_MISMATCH: { kind: 'token-gone', reason: 'SENDER_ID_MISMATCH', ambiguous: true },
    PERMISSION_DENIED: { kind: 'account-refused', reason: 'PERMISSION_DENIED' },
    UNREGISTERED: { kind: 'token-gone', reason: 'UNREGISTERED' },
    NOT_FOUND: { kind: 'account-refused', reason: 'NOT_FOUND' },
    QUOTA_EXCEEDED: { kind: 'try-later', reason: 'QUOTA_EXCEEDED', afterMs: 60_000 },
    'QUOTA_EXCEEDED-retry-after': { kind: 'try-later', afterMs: 1000 },
    RATE_LIMIT_EXCEEDED: { kind: 'try-later', reason: 'RESOURCE_EXHAUSTED', afterMs: 60_000 },
    INTERNAL: { kind: 'try-later', reason: 'INTERNAL', mayHaveArrived: true },
    UNSPECIFIED_ERROR: { kind: 'try-later', reason: 'UNSPECIFIED_ERROR', mayHaveArrived: true },
    'html-502': { kind: 'try-later', reason: 'unreadable', mayHaveArrived: true },
    'busy-date': { kind: 'try-later', reason: 'UNAVAILABLE', mayHaveArrived: true },
    unavailable: { kind: 'try-later', reason: 'UNAVAILABLE', afterMs: 10_000 },
    'unavailable-delivered': { kind: 'try-later', mayHaveArrived: true },
    reset: { kind: 'try-later', reason: 'reset', mayHaveArrived: true },
  };
  for (const [answer, outcome] of Object.entries(answers)) {
    it(`reads ${answer} as ${outcome.kind}`, async () => {
      const [told, other] = await send([fcmToken('a', answer as FcmAnswer), fcmToken('b')]);
      expect(told).to.include(outcome);
      expect(other?.kind).to.equal('accepted');
    });
  }

  it('gets a fresh access token once when the old one is refused', async () => {
    simulator.fault({ kind: 'answer', answer: 'ACCESS_TOKEN_EXPIRED', count: 3 });
    const tokens = ['a', 'b', 'c'].map((seed) => fcmToken(seed));
    const outcomes = await send(tokens);
    expect(outcomes.map(({ kind }) => kind)).to.deep.equal(['accepted', 'accepted', 'accepted']);
    for (const token of tokens) expect(simulator.countsOf(token).delivered).to.equal(1);
  });

  it('says what is wrong with a key that Google does not know', async () => {
    const { serviceAccount } = simulator.credentials;
    const { example } = await import('./example.js');
    const { private_key } = example.settings().serviceAccount as { private_key: string };
    adapter = open({ serviceAccount: { ...serviceAccount, private_key } });
    const [outcome] = await send([fcm.probeToken]);
    expect(outcome).to.include({ kind: 'account-refused', reason: 'invalid_grant' });
    expect(simulator.counts().received).to.equal(0);
  });

  it('finds credentials good with its probe, and reaches nobody', async () => {
    const [outcome] = await send([fcm.probeToken]);
    expect(outcome?.kind).to.equal('token-gone');
    expect(simulator.counts().delivered).to.equal(0);
  });

  it('goes nowhere near a private address unless that is allowed', async () => {
    const guarded = http2Transport({ closeTimeoutMs: 20 });
    adapter = open({}, guarded);
    const [outcome] = await send([fcmToken('a')]);
    await guarded.close();
    expect(outcome).to.include({ kind: 'account-refused', reason: 'endpoint-forbidden' });
    expect(simulator.counts().requests).to.equal(0);
  });
});
