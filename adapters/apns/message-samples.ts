/** Messages with the requests they become, or what is wrong with them. */
import type { MessageSample } from '../vendor-samples.js';
import { TOKEN } from './example.js';

const path = `/3/device/${TOKEN}`;

export const messages: readonly MessageSample[] = [
  {
    name: 'an ordinary alert',
    message: { badge: 3, sound: 'default', data: { order: '42' } },
    request: {
      path,
      headers: {
        'apns-topic': 'com.example.shop',
        'apns-push-type': 'alert',
        'apns-priority': '10',
        'apns-collapse-id': 'fzpl8cLT5LWml4h3',
      },
      body: {
        aps: {
          alert: { title: 'Your parcel is here', body: 'Pick it up until Friday' },
          badge: 3,
          sound: 'default',
        },
        order: '42',
      },
    },
  },
  {
    name: 'an image and a deep link, now or never',
    message: {
      image: 'https://cdn.example.com/parcel.png',
      url: 'shop://orders/42',
      storeSeconds: 0,
      collapseKey: 'parcel-42',
      priority: 'normal',
    },
    request: {
      path,
      headers: {
        'apns-expiration': '0',
        'apns-priority': '5',
        'apns-collapse-id': 'parcel-42',
      },
      body: {
        aps: {
          alert: { title: 'Your parcel is here', body: 'Pick it up until Friday' },
          'mutable-content': 1,
        },
        pigeonpost_image: 'https://cdn.example.com/parcel.png',
        pigeonpost_url: 'shop://orders/42',
      },
    },
  },
  {
    name: 'a silent message is a background push of low priority',
    message: { silent: true, data: { sync: 'orders' }, badge: 3, sound: 'default' },
    request: {
      path,
      headers: { 'apns-push-type': 'background', 'apns-priority': '5' },
      body: { aps: { 'content-available': 1 }, sync: 'orders' },
    },
  },
  {
    name: 'an update of a live activity',
    message: {
      overrides: {
        pushType: 'liveactivity',
        liveActivity: {
          event: 'update',
          timestamp: 1_700_000_000,
          contentState: { minutes: 5 },
          staleDate: 1_700_000_600,
        },
      },
    },
    request: {
      path,
      headers: {
        'apns-topic': 'com.example.shop.push-type.liveactivity',
        'apns-push-type': 'liveactivity',
      },
      body: {
        aps: {
          alert: { title: 'Your parcel is here', body: 'Pick it up until Friday' },
          timestamp: 1_700_000_000,
          event: 'update',
          'content-state': { minutes: 5 },
          'stale-date': 1_700_000_600,
        },
      },
    },
  },
  {
    name: 'a walkie-talkie push is never stored',
    message: {
      silent: true,
      data: { speaker: 'Ada' },
      storeSeconds: 3600,
      overrides: { pushType: 'pushtotalk' },
    },
    request: {
      path,
      headers: {
        'apns-topic': 'com.example.shop.voip-ptt',
        'apns-priority': '10',
        'apns-expiration': '0',
      },
      body: { aps: {}, speaker: 'Ada' },
    },
  },
  {
    name: 'a wake-up of a managed device',
    message: { silent: true, overrides: { pushType: 'mdm', mdm: 'a-push-magic' } },
    settings: { topics: { mdm: 'com.apple.mgmt.External.12345' } },
    request: {
      path,
      headers: { 'apns-topic': 'com.apple.mgmt.External.12345', 'apns-push-type': 'mdm' },
      body: { mdm: 'a-push-magic' },
    },
  },
  {
    name: 'a managed device whose topic is not set',
    message: { silent: true, overrides: { pushType: 'mdm', mdm: 'a-push-magic' } },
    problems: [{ code: 'MESSAGE_INVALID', field: 'message.overrides.apns.pushType' }],
  },
  {
    name: 'data named aps',
    message: { data: { aps: 'mine' } },
    problems: [{ code: 'MESSAGE_INVALID', field: 'message.data.aps' }],
  },
  {
    name: 'a collapse key of 65 bytes',
    message: { collapseKey: 'x'.repeat(65) },
    problems: [{ code: 'MESSAGE_INVALID', field: 'message.collapseKey' }],
  },
  {
    name: 'a collapse key that cannot stand in a header',
    message: { collapseKey: '包裹' },
    problems: [{ code: 'MESSAGE_INVALID', field: 'message.collapseKey' }],
  },
  {
    name: 'a background push of high priority',
    message: { silent: true, overrides: { priority: 10 } },
    problems: [{ code: 'MESSAGE_INVALID', field: 'message.overrides.apns.priority' }],
  },
  {
    name: 'a background push that shows a badge',
    message: { silent: true, overrides: { badge: 1 } },
    problems: [{ code: 'MESSAGE_INVALID', field: 'message.overrides.apns.badge' }],
  },
  {
    name: 'an alert that is silent',
    message: { silent: true, overrides: { pushType: 'alert' }, data: { a: '1' } },
    problems: [{ code: 'MESSAGE_INVALID', field: 'message.overrides.apns.pushType' }],
  },
  {
    name: 'a background push that is not silent',
    message: { overrides: { pushType: 'background' } },
    problems: [{ code: 'MESSAGE_INVALID', field: 'message.overrides.apns.pushType' }],
  },
  {
    name: 'a live activity without its fields',
    message: { overrides: { pushType: 'liveactivity' } },
    problems: [{ code: 'MESSAGE_INVALID', field: 'message.overrides.apns.liveActivity' }],
  },
  {
    name: '1,400 Chinese characters of data are more than 4,096 bytes',
    message: { data: { text: '信'.repeat(1400) } },
    problems: [{ code: 'PAYLOAD_TOO_LARGE', field: 'message.data' }],
  },
];
