// The whole adapter over the real transport, against the Push Kit simulator as a witness.
import { expect } from 'chai';
import Joi from 'joi';
import { type HarmonySimulator, startHarmonySimulator } from '../../simulators/harmony/index.js';
import { type HarmonyAnswer, harmonyToken } from '../../simulators/tokens.js';
import { renewingCache } from '../../test/support/renewing-cache.js';
import { http2Transport } from '../../transport/http2/http2-transport.js';
import type { Transport } from '../../transport/transport.js';
import type { Message, Outcome } from '../adapter.js';
import { messageOf } from '../vendor-samples.js';
import { example } from './example.js';
import harmony from './index.js';

const never = new AbortController().signal;
const HOUR_MS = 3_600_000;

describe('harmony against the simulator', () => {
  let simulator: HarmonySimulator;
  let transport: Transport;
  let nowMs: number;

  before(async () => {
    simulator = await startHarmonySimulator({ now: () => nowMs });
  });
  after(() => simulator.close());
  beforeEach(() => {
    simulator.reset();
    nowMs = Date.now();
    transport = http2Transport({ allowPrivateEndpoints: true, closeTimeoutMs: 20 });
  });
  afterEach(() => transport.close());

  const opened = (over: Record<string, unknown> = {}) => {
    const settings = Joi.attempt(
      {
        serviceAccount: simulator.credentials.serviceAccount,
        endpoint: simulator.url,
        ca: simulator.ca,
        categories: { service: 'EXPRESS', offers: 'MARKETING' },
        ...over,
      },
      harmony.settings,
    );
    return harmony.open(settings, {
      transport,
      credentials: renewingCache(() => nowMs),
      now: () => nowMs,
    });
  };
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

  it('reaches many devices with few requests, each exactly once', async () => {
    const tokens = Array.from({ length: 2100 }, (_, index) => harmonyToken(`device ${index}`));
    const outcomes = await send(tokens);
    for (const outcome of outcomes) expect(outcome).to.have.property('messageId').that.is.not.empty;
    for (const token of tokens) expect(simulator.countsOf(token).delivered).to.equal(1);
    expect(simulator.counts().requests).to.equal(3);
  });

  it('shows one notification for a task that is sent twice', async () => {
    const token = harmonyToken('twice');
    const adapter = opened();
    await send([token], {}, adapter);
    await send([token], {}, adapter);
    expect(simulator.countsOf(token)).to.include({ delivered: 2, shown: 1 });
  });

  const messages: Record<string, Partial<Message>> = {
    'everything a message can say': {
      data: { order: '7' },
      image: 'https://img.test/box.png',
      url: 'https://shop.test/7',
      badge: 3,
      sound: 'ping.mp3',
      collapseKey: 'order-7',
      storeSeconds: 9_999_999,
    },
    'a marketing message with a sound': { purpose: 'offers', sound: 'ping.mp3' },
    'a message for now or never': { storeSeconds: 0 },
    'a background message': { silent: true, data: { sync: 'orders' } },
    'a background message without data': { silent: true },
    'a badge alone': { title: undefined, body: undefined, badge: 0 },
    'overrides of every kind': {
      overrides: {
        clickAction: { actionType: 1, action: 'orders', data: { a: { b: 1 } } },
        badge: { addNum: 1 },
        inboxContent: ['one', 'two'],
        sound: 'ping.mp3',
        soundDuration: 5,
        notifyId: 7,
        appMessageId: 'own id',
        profileId: 'p',
        foregroundShow: false,
        collapseKey: 5,
        testMessage: true,
        receiptId: 'R',
      },
    },
    'a card': {
      silent: true,
      overrides: {
        pushType: 'form',
        form: {
          formId: 1,
          version: 2,
          moduleName: 'entry',
          formName: 'widget',
          abilityName: 'Entry',
          formData: { parcels: '2' },
          images: [{ keyName: 'a', url: 'https://img.test/a.png' }],
        },
      },
    },
    'a voice broadcast': { data: { amount: '12' }, overrides: { pushType: 'voiceBroadcast' } },
    'a live view': {
      overrides: {
        pushType: 'liveView',
        liveView: { activityId: 1, operation: 0, event: 'TAXI', status: 'ON', activityData: {} },
      },
    },
    'a call': { data: { from: 'Ada' }, overrides: { pushType: 'call' } },
    'a background message of an IM': {
      silent: true,
      overrides: { backgroundMode: 1, proxyData: 'ENABLE', extraData: 'own' },
    },
  };
  for (const [name, message] of Object.entries(messages)) {
    it(`has ${name} accepted by its strict reading`, async () => {
      expect(Joi.attempt(message.overrides ?? {}, harmony.overrides)).to.be.an('object');
      const [outcome] = await send([harmonyToken('a')], message);
      expect(outcome).to.have.property('kind', 'accepted');
    });
  }

  it('has what it calls small enough accepted, to the last byte', async () => {
    const adapter = opened();
    const [tooLarge] = await send([harmonyToken('a')], { body: 'x'.repeat(5000) }, adapter);
    const bytes = Number(/is (\d+) bytes/.exec((tooLarge as { detail: string }).detail)?.[1]);
    const body = 'x'.repeat(5000 - (bytes - 4096));
    const [outcome] = await send([harmonyToken('a')], { body }, adapter);
    expect(outcome).to.have.property('kind', 'accepted');
    expect(simulator.counts().requests).to.equal(1);
  });

  const byToken: Partial<Record<HarmonyAnswer, Partial<Outcome>>> = {
    tokenFormatError: { kind: 'token-gone', reason: 'tokenFormatError' },
    noRight: { kind: 'token-gone', reason: 'noRight', ambiguous: true },
    'blanks-in-key': { kind: 'token-gone', reason: 'noRight', ambiguous: true },
    tokenPlatformNotSupport: { kind: 'token-gone', reason: 'tokenPlatformNotSupport' },
    noPushTypeRight: { kind: 'message-refused', reason: 'noPushTypeRight' },
    countryNotSupport: { kind: 'message-refused', reason: 'countryNotSupport' },
    disableSendHuaweiMsgBecauseOfPenalty: { kind: 'account-refused' },
    appinfoError: { kind: 'account-refused', reason: 'appinfoError' },
    'unknown-reason': { kind: 'message-refused', reason: 'reasonOfTomorrow' },
  };
  for (const [answer, outcome] of Object.entries(byToken)) {
    it(`reads ${answer} as ${outcome.kind} of that token alone`, async () => {
      const token = harmonyToken('a', answer as HarmonyAnswer);
      const [told, other] = await send([token, harmonyToken('b')]);
      expect(told).to.include(outcome);
      expect(other).to.have.property('kind', 'accepted');
      expect(await send([token])).to.have.deep.nested.property('[0]', told);
    });
  }

  const wholeRequest: Partial<Record<HarmonyAnswer, Partial<Outcome>>> = {
    '80100001': { kind: 'message-refused', reason: '80100001' },
    '80200006': { kind: 'account-refused', reason: '80200006' },
    '80300007': { kind: 'token-gone', reason: '80300007', ambiguous: true },
    '80300029': { kind: 'try-later', reason: '80300029', cause: 'vendor' },
    '80300037': { kind: 'account-refused', reason: '80300037' },
    '81000001': { kind: 'try-later', reason: '81000001', mayHaveArrived: true },
    unavailable: { kind: 'try-later', cause: 'rate', afterMs: 10_000 },
    'html-502': { kind: 'try-later', reason: 'http-502', mayHaveArrived: true },
    reset: { kind: 'try-later', reason: 'reset', mayHaveArrived: true },
  };
  for (const [answer, outcome] of Object.entries(wholeRequest)) {
    it(`reads ${answer} as ${outcome.kind} of the whole request`, async () => {
      const tokens = [harmonyToken('a', answer as HarmonyAnswer), harmonyToken('b')];
      for (const told of await send(tokens)) expect(told).to.include(outcome);
    });
  }

  it('signs a fresh token once when the old one is refused', async () => {
    simulator.fault({ kind: 'answer', answer: '80200005', count: 1 });
    const token = harmonyToken('a');
    expect(await send([token])).to.have.nested.property('[0].kind', 'accepted');
    expect(simulator.countsOf(token).delivered).to.equal(1);
  });

  it('goes on past the hour that a signed token lives', async () => {
    const adapter = opened();
    for (const hours of [0, 0.9, 1.1, 5]) {
      nowMs += hours * HOUR_MS;
      const [outcome] = await send([harmonyToken('a')], {}, adapter);
      expect(outcome).to.have.property('kind', 'accepted');
    }
    expect(simulator.counts().requests, 'none was refused first').to.equal(4);
  });

  it('says what is wrong with its service account', async () => {
    const { serviceAccount } = simulator.credentials;
    const { private_key } = example.settings()['serviceAccount'] as { private_key: string };
    const faults: [object, string][] = [
      [{ private_key }, '80200001'],
      [{ sub_account: '1' }, '80200001'],
      [{ project_id: '2' }, '80300002'],
    ];
    for (const [over, reason] of faults) {
      const adapter = opened({ serviceAccount: { ...serviceAccount, ...over } });
      const [outcome] = await send([harmony.probeToken], { silent: true }, adapter);
      expect(outcome).to.include({ kind: 'account-refused', reason });
    }
    expect(simulator.counts().delivered).to.equal(0);
  });
});
