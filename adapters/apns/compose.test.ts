// @parse/node-apn, told the same through its own setters, stands as a witness.
import { Notification } from '@parse/node-apn';
import { expect } from 'chai';
import fc from 'fast-check';
import type { Message } from '../adapter.js';
import { messageOf } from '../vendor-samples.js';
import { check } from './check.js';
import { compose, requestTo } from './compose.js';
import { PUSH_TYPE_NAMES, PUSH_TYPES } from './push-types.js';
import type { ApnsSettings } from './settings.js';

const NOW_MS = Date.parse('2026-03-01T12:00:00.999Z');
const NOW_SECONDS = Date.parse('2026-03-01T12:00:00Z') / 1000;

const settings: ApnsSettings = {
  bundleId: 'com.example.shop',
  environment: 'production',
  endpoint: 'https://api.push.apple.com',
  recallByApp: false,
};
const composed = (message: Partial<Message>, over: Partial<ApnsSettings> = {}) =>
  compose(messageOf(message), { ...settings, ...over }, NOW_MS);
const payloadOf = (message: Partial<Message>): { aps: Record<string, unknown> } =>
  JSON.parse(composed(message).body.toString()) as { aps: Record<string, unknown> };

/** What node-apn would send. */
const witness = (tell: Record<string, unknown>) => {
  const notification = new Notification({
    topic: 'com.example.shop',
    pushType: 'alert',
    expiry: NOW_SECONDS + 3600,
    collapseId: messageOf().dedupeId,
    ...tell,
  }) as unknown as { headers(): Record<string, unknown>; compile(): string };
  const headers = Object.entries(notification.headers());
  return {
    headers: Object.fromEntries(headers.map(([name, value]) => [name, String(value)])),
    body: JSON.parse(notification.compile()) as unknown,
  };
};

describe('composing for APNs', () => {
  const twins: Record<string, [Partial<Message>, Record<string, unknown>]> = {
    'an ordinary alert': [
      { badge: 3, sound: 'ping.caf', data: { order: '42' } },
      {
        title: 'Your parcel is here',
        body: 'Pick it up until Friday',
        badge: 3,
        sound: 'ping.caf',
        payload: { order: '42' },
      },
    ],
    'every field of an alert': [
      {
        badge: 0,
        overrides: {
          subtitle: 'Box 7',
          launchImage: 'launch.png',
          locKey: 'BODY',
          locArgs: ['a', ''],
          titleLocKey: 'TITLE',
          titleLocArgs: ['b'],
          subtitleLocKey: 'SUB',
          subtitleLocArgs: [],
          sound: { critical: true, name: 'alarm.caf', volume: 0.5 },
          threadId: 'parcels',
          category: 'PARCEL',
          contentAvailable: true,
          mutableContent: true,
          targetContentId: 'window-1',
          interruptionLevel: 'time-sensitive',
          relevanceScore: 0,
          filterCriteria: 'focus',
          priority: 1,
          collapseId: 'own',
        },
      },
      {
        title: 'Your parcel is here',
        subtitle: 'Box 7',
        body: 'Pick it up until Friday',
        launchImage: 'launch.png',
        locKey: 'BODY',
        locArgs: ['a', ''],
        titleLocKey: 'TITLE',
        titleLocArgs: ['b'],
        subtitleLocKey: 'SUB',
        subtitleLocArgs: [],
        badge: 0,
        sound: { critical: 1, name: 'alarm.caf', volume: 0.5 },
        threadId: 'parcels',
        category: 'PARCEL',
        contentAvailable: true,
        mutableContent: true,
        targetContentIdentifier: 'window-1',
        interruptionLevel: 'time-sensitive',
        relevanceScore: 0,
        filterCriteria: 'focus',
        priority: 1,
        collapseId: 'own',
      },
    ],
    'a background push': [
      { silent: true, storeSeconds: 0, data: { sync: 'orders' } },
      {
        pushType: 'background',
        priority: 5,
        expiry: 0,
        contentAvailable: true,
        payload: { sync: 'orders' },
      },
    ],
    'the start of a live activity': [
      {
        overrides: {
          pushType: 'liveactivity',
          liveActivity: {
            event: 'start',
            contentState: { minutes: 9 },
            staleDate: NOW_SECONDS + 60,
            dismissalDate: NOW_SECONDS + 90,
            attributesType: 'Parcel',
            attributes: { id: '42' },
            inputPushToken: true,
          },
        },
      },
      {
        topic: 'com.example.shop.push-type.liveactivity',
        pushType: 'liveactivity',
        title: 'Your parcel is here',
        body: 'Pick it up until Friday',
        timestamp: NOW_SECONDS,
        event: 'start',
        contentState: { minutes: 9 },
        staleDate: NOW_SECONDS + 60,
        dismissalDate: NOW_SECONDS + 90,
        attributesType: 'Parcel',
        attributes: { id: '42' },
        inputPushToken: 1,
      },
    ],
    'a managed device': [
      { silent: true, overrides: { pushType: 'mdm', mdm: 'magic' } },
      { topic: 'com.apple.mgmt.External.1', pushType: 'mdm', mdm: 'magic' },
    ],
  };
  for (const [name, [message, tell]] of Object.entries(twins)) {
    it(`says of ${name} what node-apn says`, () => {
      const { headers, body } = composed(message, { topics: { mdm: 'com.apple.mgmt.External.1' } });
      const expected = witness(tell);
      expect(headers).to.deep.equal(expected.headers);
      expect(JSON.parse(body.toString())).to.deep.equal(expected.body);
    });
  }

  it('gives each push type its topic and a priority that it allows', () => {
    for (const pushType of PUSH_TYPE_NAMES.filter((name) => name !== 'mdm')) {
      const { headers } = composed({ silent: true, priority: 'normal', overrides: { pushType } });
      const rule = PUSH_TYPES[pushType];
      expect(headers, pushType).to.include({
        'apns-push-type': pushType,
        'apns-topic': `com.example.shop${'topicSuffix' in rule ? rule.topicSuffix : ''}`,
      });
      const priorities = rule.priorities.map(String);
      expect(priorities, pushType).to.include(headers['apns-priority']);
    }
  });

  it('takes a topic from the settings where they have one', () => {
    const { headers } = composed(
      { overrides: { pushType: 'voip' } },
      { topics: { voip: 'com.example.calls.voip' } },
    );
    expect(headers['apns-topic']).to.equal('com.example.calls.voip');
  });

  it('lets a push expire at an instant, in whole seconds, and 0 means now or never', () => {
    expect(composed({ storeSeconds: 60 }).headers['apns-expiration']).to.equal(
      String(NOW_SECONDS + 60),
    );
    expect(composed({ storeSeconds: 0 }).headers['apns-expiration']).to.equal('0');
  });

  it('shows nothing of a silent message, whatever it says', () => {
    const { aps } = payloadOf({ silent: true, badge: 1, sound: 'ping', image: 'https://a.test/i' });
    expect(aps).to.deep.equal({ 'content-available': 1 });
  });

  it('collapses by the task’s id, unless the caller has a key of their own', () => {
    expect(composed({}).headers['apns-collapse-id']).to.equal('fzpl8cLT5LWml4h3');
    expect(composed({ collapseKey: 'k' }).headers['apns-collapse-id']).to.equal('k');
  });

  it('changes only the path from device to device', () => {
    const once = composed({});
    const [one, other] = ['aa', 'bb'].map((token) => requestTo(once, { token }));
    expect(one).to.include({ path: '/3/device/aa', body: other!.body, headers: other!.headers });
    expect(other).to.have.property('path', '/3/device/bb');
  });

  it('counts the bytes of the body it sends, to the last one', () => {
    const overhead = composed({ body: '' }).body.length;
    const fits = messageOf({ body: 'x'.repeat(4096 - overhead) });
    expect(check(fits, settings)).to.deep.equal([]);
    expect(check({ ...fits, body: `${fits.body}x` }, settings)).to.deep.equal([
      {
        code: 'PAYLOAD_TOO_LARGE',
        field: 'message.body',
        detail: 'Payload is 4097 bytes, APNs allows 4096',
      },
    ]);
    expect(check({ ...fits, body: `${fits.body}x`, overrides: { pushType: 'voip' } }, settings)).to
      .be.empty;
  });

  it('makes one JSON object with `aps` of any text', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }),
        fc.dictionary(fc.string(), fc.string()),
        (text, data) => {
          const { body } = composed({ title: text, body: text, data });
          const parsed = JSON.parse(body.toString()) as { aps: { alert: unknown } };
          expect(parsed.aps.alert).to.deep.equal({ title: text, body: text });
        },
      ),
    );
  });
});
