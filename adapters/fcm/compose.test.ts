// What is sent for a message stands in message-samples.ts; here stands what holds for every message.
import { expect } from 'chai';
import fc from 'fast-check';
import type { Message } from '../adapter.js';
import { messageOf, SAMPLED_AT_MS } from '../vendor-samples.js';
import { check, payloadBytes } from './check.js';
import { type ComposeSettings, compose } from './compose.js';
import { overrides } from './overrides.js';

const settings = {
  serviceAccount: { project_id: 'parcels-1234' },
  channels: {},
} as unknown as ComposeSettings;

interface Composed {
  readonly message: Record<string, unknown> & {
    readonly token: string;
    readonly data?: Record<string, string>;
    readonly android: { readonly collapse_key?: string; readonly ttl: string };
  };
}

const composed = (message: Message, token = 'a'): Composed =>
  JSON.parse(String(compose(message, settings, SAMPLED_AT_MS)([{ token }]).body)) as Composed;

describe('fcm compose', () => {
  it('puts any token in its place and changes nothing else', () => {
    const requestFor = compose(messageOf({ data: { token: 'x' } }), settings, SAMPLED_AT_MS);
    const { message: other } = composed(messageOf({ data: { token: 'x' } }));
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (token) => {
        const { message } = JSON.parse(String(requestFor([{ token }]).body)) as Composed;
        expect(message).to.deep.equal({ ...other, token });
      }),
    );
  });

  it('never makes up a collapse key', () => {
    expect(composed(messageOf()).message.android).not.to.have.property('collapse_key');
  });

  it('shows nothing of a message without title and body, and carries its task', () => {
    const { title: _title, body: _body, ...quiet } = messageOf({ data: { a: '1' } });
    const { message } = composed(quiet);
    expect(message).not.to.have.property('notification');
    expect(message.android).not.to.have.property('notification');
    expect(message.data).to.deep.equal({ pigeonpost_task: quiet.taskId, a: '1' });
  });

  it('lets the caller have the keys that are ours', () => {
    const data = { pigeonpost_url: 'theirs', pigeonpost_task: 'theirs too' };
    const { message } = composed(messageOf({ silent: true, url: 'https://a.test', data }));
    expect(message.data).to.deep.equal(data);
  });

  it('links the web to https only', () => {
    const { message } = composed(messageOf({ url: 'shop://orders/7' }));
    expect(message.webpush).not.to.have.property('fcm_options');
    expect(message.data).to.deep.equal({ pigeonpost_url: 'shop://orders/7' });
  });

  it('writes a ttl that FCM takes, whatever is left of it', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, min: -10, max: 1e9 }), (storeSeconds) => {
        const { ttl } = composed(messageOf({ storeSeconds })).message.android;
        expect(overrides.validate({ android: { ttl } }).error).to.be.undefined;
      }),
    );
  });

  it('only ever lays on top of a message what FCM knows', () => {
    const {
      token: _token,
      data: _data,
      notification: _shown,
      ...rest
    } = composed(
      messageOf({ collapseKey: 'k', sound: 's', badge: 1, url: 'https://a.test' }),
    ).message;
    expect(overrides.validate(rest).error).to.be.undefined;
  });
});

describe('fcm check', () => {
  it('counts the bytes of keys and values, in UTF-8', () => {
    const message = messageOf({ title: 'é', body: '信', data: { k: 'v' } });
    expect(payloadBytes(message)).to.equal('title'.length + 2 + 'body'.length + 3 + 2);
  });

  it('lets through exactly 4,096 bytes, and not one more', () => {
    const ofBytes = (bytes: number) => messageOf({ title: '', body: 'x'.repeat(bytes - 9) });
    expect(check(ofBytes(4096))).to.deep.equal([]);
    expect(check(ofBytes(4097))).to.deep.equal([
      {
        code: 'PAYLOAD_TOO_LARGE',
        field: 'message.body',
        detail: 'Payload is 4097 bytes, fcm allows 4096',
      },
    ]);
  });

  it('counts what is put in the place of data for Android', () => {
    const data = { k: 'x'.repeat(4096) };
    const [problem] = check(messageOf({ overrides: { android: { data } } }));
    expect(problem).to.include({ code: 'PAYLOAD_TOO_LARGE', field: 'message.overrides' });
  });

  it('counts the deep link, which travels in data', () => {
    const url = `https://shop.test/${'x'.repeat(4096)}`;
    expect(check(messageOf({ url })).map(({ code }) => code)).to.deep.equal(['PAYLOAD_TOO_LARGE']);
  });
});

describe('fcm overrides', () => {
  const refused: Record<string, [string, object]> = {
    'a token of the caller': ['token', { token: 'theirs' }],
    'a topic': ['topic', { topic: 'news' }],
    'a ttl above 28 days': ['android.ttl', { android: { ttl: '2419201s' } }],
    'a ttl that is a number': ['android.ttl', { android: { ttl: 60 } }],
    'a colour by name': [
      'android.notification.color',
      { android: { notification: { color: 'red' } } },
    ],
    'a priority FCM does not have': ['android.priority', { android: { priority: 'URGENT' } }],
    'a key that FCM keeps': ['android.data', { android: { data: { 'google.x': '1' } } }],
    'a value that is no text': ['android.data.n', { android: { data: { n: 1 } } }],
    'a flag in quotes': ['android.direct_boot_ok', { android: { direct_boot_ok: 'true' } }],
    'a header that is not Apple’s': ['apns.headers', { apns: { headers: { host: 'a' } } }],
    'a line break in a header for Apple': [
      'apns.headers',
      { apns: { headers: { 'apns-topic': 'a\r\nhost: b' } } },
    ],
    'a line break in a header for a browser': [
      'webpush.headers',
      { webpush: { headers: { topic: 'a\nurgency: high' } } },
    ],
    'a line break in the name of a header': [
      'webpush.headers',
      { webpush: { headers: { 'topic: a\r\nurgency': 'high' } } },
    ],
    'a link that is not https': [
      'webpush.fcm_options.link',
      { webpush: { fcm_options: { link: 'http://a.test' } } },
    ],
    'a label with a space': [
      'fcm_options.analytics_label',
      { fcm_options: { analytics_label: 'a b' } },
    ],
    'camel case': ['android.collapseKey', { android: { collapseKey: 'k' } }],
  };
  for (const [name, [field, given]] of Object.entries(refused)) {
    it(`refuse ${name}, and name ${field}`, () => {
      expect(overrides.validate(given).error?.message).to.include(field);
    });
  }
});
