import { expect } from 'chai';
import fc from 'fast-check';
import { credentialCache, fakeNetwork } from '../../test/support/fake-network.js';
import type { Message } from '../adapter.js';
import { json, messageOf } from '../vendor-samples.js';
import { check } from './check.js';
import { bytesWithoutTokens, compose, requestTo } from './compose.js';
import { example } from './example.js';
import harmony from './index.js';
import { type HarmonySettings, settings } from './settings.js';

const given = settings.validate(example.settings()).value as HarmonySettings;

interface Body {
  payload: { notification: Record<string, unknown> };
  pushOptions: Record<string, unknown>;
  target: { token: string[] };
}
const bodyOf = (message: Partial<Message>, over: Partial<HarmonySettings> = {}): Body => {
  const composed = compose(messageOf(message), { ...given, ...over });
  return JSON.parse(requestTo(composed, [{ token: 'a' }]).body.toString()) as Body;
};
const notificationOf = (message: Partial<Message>, over: Partial<HarmonySettings> = {}) =>
  bodyOf(message, over).payload.notification;

describe('composing for Harmony', () => {
  it('puts any tokens into one JSON body', () => {
    const composed = compose(messageOf(), given);
    fc.assert(
      fc.property(fc.array(fc.string()), (tokens) => {
        const request = requestTo(
          composed,
          tokens.map((token) => ({ token })),
        );
        const body = JSON.parse(request.body.toString()) as Body;
        expect(body.target).to.deep.equal({ token: tokens });
        expect(body.payload.notification).to.include({ title: messageOf().title });
      }),
    );
  });

  it('counts the bytes without tokens, to the last one', () => {
    const overhead = bytesWithoutTokens(compose(messageOf({ body: '' }), given));
    const fits = messageOf({ body: 'x'.repeat(4096 - overhead) });
    const composed = compose(fits, given);
    expect(requestTo(composed, []).body).to.have.length(4096);
    expect(check(fits, given)).to.deep.equal([]);
    expect(check({ ...fits, body: `${fits.body}x` }, given)).to.deep.equal([
      {
        code: 'PAYLOAD_TOO_LARGE',
        field: 'message.body',
        detail: 'Payload is 4097 bytes without tokens, Harmony allows 4096',
      },
    ]);
  });

  it('names a repeat like the first, and another task differently', () => {
    const ids = (taskId: string, dedupeId: string) => {
      const { notifyId, appMessageId } = notificationOf({ taskId, dedupeId });
      return { notifyId, appMessageId };
    };
    const first = ids('7f3a65f1c2d3e4b5a6978877', 'one');
    expect(ids('7f3a65f1c2d3e4b5a6978877', 'one')).to.deep.equal(first);
    const other = ids('7f3a65f1c2d3e4b5a6978878', 'two');
    expect(other.notifyId).not.to.equal(first.notifyId);
    expect(other.appMessageId).not.to.equal(first.appMessageId);
  });

  it('keeps the id of a notification in the range that can be recalled', () => {
    fc.assert(
      fc.property(fc.string(), (collapseKey) => {
        expect(notificationOf({ collapseKey })['notifyId']).to.be.within(0, 2_147_483_647);
      }),
    );
  });

  it('lets messages with one collapse key overwrite each other, whatever their tasks', () => {
    const one = notificationOf({ taskId: 'a'.repeat(24), dedupeId: 'a', collapseKey: 'parcel-42' });
    const two = notificationOf({ taskId: 'b'.repeat(24), dedupeId: 'b', collapseKey: 'parcel-42' });
    const other = notificationOf({ collapseKey: 'parcel-43' });
    expect(two['notifyId']).to.equal(one['notifyId']);
    // A phone would show only the first of two messages with one id.
    expect(two['appMessageId']).not.to.equal(one['appMessageId']);
    expect(other['notifyId']).not.to.equal(one['notifyId']);
    expect(bodyOf({ collapseKey: 'parcel-42' }).pushOptions).not.to.have.property('collapseKey');
  });

  it('takes the caller’s own ids and options before ours, but for the tag of receipts', () => {
    const overrides = { notifyId: 0, appMessageId: 'mine', collapseKey: -1, receiptId: 'R2' };
    expect(notificationOf({ overrides })).to.include({ notifyId: 0, appMessageId: 'mine' });
    expect(bodyOf({ overrides }, { receiptId: 'R1' }).pushOptions).to.deep.equal({
      ttl: 3600,
      biTag: 'fzpl8cLT5LWml4h3',
      receiptId: 'R2',
      collapseKey: -1,
    });
  });

  it('decides what a tap does by the override, the link, the settings, in this order', () => {
    const defaultClickAction = { actionType: 1, action: 'orders' } as const;
    const url = 'shop://7';
    const overrides = { clickAction: { actionType: 1, uri: 'own://', data: { a: 'own' } } };
    const data = { a: '1', b: '2' };
    const actionOf = (message: Partial<Message>) =>
      notificationOf(message, { defaultClickAction })['clickAction'];
    expect(notificationOf({})['clickAction']).to.deep.equal({ actionType: 0 });
    expect(actionOf({})).to.deep.equal(defaultClickAction);
    expect(actionOf({ url })).to.deep.equal({ actionType: 1, uri: url });
    expect(actionOf({ url, data, overrides })).to.deep.equal({
      actionType: 1,
      uri: 'own://',
      data: { a: 'own', b: '2' },
    });
  });

  it('plays the system’s sound for the word that Apple has for it', () => {
    expect(notificationOf({ sound: 'default' })).not.to.have.property('sound');
    expect(notificationOf({ sound: 'ping.mp3' })).to.include({ sound: 'ping.mp3' });
  });

  it('stores a message no longer than Huawei allows, and at least a second', () => {
    const ttlOf = (storeSeconds: number) => bodyOf({ storeSeconds }).pushOptions['ttl'];
    expect([0, 60, 9_999_999].map(ttlOf)).to.deep.equal([1, 60, 1_296_000]);
  });
});

describe('sending to Harmony', () => {
  const tokens = (count: number) =>
    Array.from({ length: count }, (_, index) => ({ token: `${'t'.repeat(20)}${index}` }));
  const sizesFor = async (message: Partial<Message>, over: Record<string, unknown> = {}) => {
    const { transport, pushes } = fakeNetwork(async () =>
      json(200, { code: '80000000', msg: 'Success', requestId: '1' }),
    );
    const opened = harmony.open(
      { ...given, ...over },
      {
        transport,
        credentials: credentialCache(),
        now: () => Date.now(),
      },
    );
    const targets = tokens(2500);
    const outcomes = await opened.send(messageOf(message), targets, new AbortController().signal);
    const sent = pushes.map(({ body }) => (JSON.parse(body.toString()) as Body).target.token);
    expect(outcomes).to.have.length(2500);
    expect(sent.flat()).to.have.members(targets.map(({ token }) => token));
    return [...new Set(sent.map((list) => list.length))].sort((a, b) => b - a);
  };
  const form = {
    formId: 1,
    version: 1,
    moduleName: 'entry',
    formName: 'widget',
    abilityName: 'Entry',
    formData: {},
  };

  it('takes a thousand tokens a request, ten in a test, one when a card is refreshed', async () => {
    expect(await sizesFor({})).to.deep.equal([1000, 500]);
    expect(await sizesFor({}, { testMessage: true })).to.deep.equal([10]);
    expect(await sizesFor({ overrides: { testMessage: true } })).to.deep.equal([10]);
    expect(await sizesFor({ silent: true, overrides: { pushType: 'form', form } })).to.deep.equal([
      1,
    ]);
  });

  it('refuses a purpose without a category at the last moment too, and names the setting', async () => {
    const { transport, pushes } = fakeNetwork(() => Promise.reject(new Error('Unused')));
    const opened = harmony.open(given as never, {
      transport,
      credentials: credentialCache(),
      now: () => Date.now(),
    });
    const outcomes = await opened.send(
      messageOf({ purpose: 'news' }),
      tokens(2),
      new AbortController().signal,
    );
    const [problem] = harmony.check(messageOf({ purpose: 'news' }), given as never);
    expect(problem).to.include({ code: 'PURPOSE_NOT_MAPPED', field: 'categories.news' });
    for (const outcome of outcomes) {
      expect(outcome).to.deep.equal({
        kind: 'message-refused',
        reason: 'PURPOSE_NOT_MAPPED',
        detail: `categories.news: ${problem?.detail}`,
      });
    }
    expect(pushes).to.deep.equal([]);
  });
});
