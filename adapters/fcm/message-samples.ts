/** Messages with what FCM is sent for them, or why it is not. */
import { type MessageSample, messageOf, SAMPLED_AT_MS } from '../vendor-samples.js';
import { token } from './example.js';

const path = '/v1/projects/parcels-1234/messages:send';
const { taskId, dedupeId } = messageOf();

export const messages: readonly MessageSample[] = [
  {
    name: 'everything a message can say',
    message: {
      data: { order: '7' },
      image: 'https://img.test/box.png',
      url: 'https://shop.test/orders/7',
      badge: 3,
      sound: 'ping',
      collapseKey: 'order-7',
      purpose: 'chat',
      storeSeconds: 0,
    },
    settings: {
      channels: { chat: 'im' },
      defaultChannel: 'other',
      restrictedPackageName: 'test.shop.app',
    },
    request: {
      path,
      headers: { 'content-type': 'application/json', authorization: 'Bearer ya29.made-up' },
      body: {
        message: {
          token,
          notification: {
            title: 'Your parcel is here',
            body: 'Pick it up until Friday',
            image: 'https://img.test/box.png',
          },
          data: { pigeonpost_url: 'https://shop.test/orders/7', order: '7' },
          android: {
            priority: 'HIGH',
            ttl: '0s',
            collapse_key: 'order-7',
            restricted_package_name: 'test.shop.app',
            notification: {
              tag: 'order-7',
              channel_id: 'im',
              sound: 'ping',
              notification_count: 3,
            },
          },
          apns: {
            headers: {
              'apns-priority': '10',
              'apns-push-type': 'alert',
              'apns-expiration': '0',
              'apns-collapse-id': 'order-7',
            },
            payload: { aps: { badge: 3, sound: 'ping', 'mutable-content': 1 } },
            fcm_options: { image: 'https://img.test/box.png' },
          },
          webpush: {
            headers: { TTL: '0', Urgency: 'high' },
            fcm_options: { link: 'https://shop.test/orders/7' },
          },
        },
      },
    },
  },
  {
    name: 'a plain message of normal priority, kept for as long as FCM can',
    message: { priority: 'normal', storeSeconds: 9_999_999, badge: 0 },
    settings: { channels: { chat: 'im' }, defaultChannel: 'other' },
    request: {
      path,
      body: {
        message: {
          token,
          notification: { title: 'Your parcel is here', body: 'Pick it up until Friday' },
          android: {
            priority: 'NORMAL',
            ttl: '2419200s',
            notification: { tag: dedupeId, channel_id: 'other' },
          },
          apns: {
            headers: {
              'apns-priority': '5',
              'apns-push-type': 'alert',
              'apns-expiration': String(SAMPLED_AT_MS / 1000 + 2_419_200),
              'apns-collapse-id': dedupeId,
            },
            payload: { aps: { badge: 0 } },
          },
          webpush: { headers: { TTL: '2419200', Urgency: 'normal' } },
        },
      },
    },
  },
  {
    name: 'what the caller says to FCM itself wins',
    message: {
      collapseKey: 'ours',
      overrides: {
        android: {
          ttl: '60s',
          notification: { tag: 'theirs', click_action: 'OPEN', visibility: 'SECRET' },
        },
        apns: { headers: { 'apns-collapse-id': 'theirs' }, payload: { aps: { category: 'C' } } },
        webpush: { headers: { TTL: '1' } },
        fcm_options: { analytics_label: 'spring' },
      },
    },
    request: {
      path,
      body: {
        message: {
          token,
          notification: { title: 'Your parcel is here', body: 'Pick it up until Friday' },
          android: {
            priority: 'HIGH',
            ttl: '60s',
            collapse_key: 'ours',
            notification: { tag: 'theirs', click_action: 'OPEN', visibility: 'SECRET' },
          },
          apns: {
            headers: {
              'apns-priority': '10',
              'apns-push-type': 'alert',
              'apns-expiration': String(SAMPLED_AT_MS / 1000 + 3600),
              'apns-collapse-id': 'theirs',
            },
            payload: { aps: { category: 'C' } },
          },
          webpush: { headers: { TTL: '1', Urgency: 'high' } },
          fcm_options: { analytics_label: 'spring' },
        },
      },
    },
  },
  {
    name: 'a background message shows nothing, and can be told from its repeat',
    message: { silent: true, data: { sync: 'orders' }, sound: 'ping', image: 'https://a.test/b' },
    request: {
      path,
      headers: { 'content-type': 'application/json', authorization: 'Bearer ya29.made-up' },
      body: {
        message: {
          token,
          data: { pigeonpost_task: taskId, sync: 'orders' },
          android: { priority: 'HIGH', ttl: '3600s' },
          apns: {
            headers: {
              'apns-priority': '5',
              'apns-push-type': 'background',
              'apns-expiration': String(SAMPLED_AT_MS / 1000 + 3600),
              'apns-collapse-id': dedupeId,
            },
            payload: { aps: { 'content-available': 1 } },
          },
          webpush: { headers: { TTL: '3600', Urgency: 'high' } },
        },
      },
    },
  },
  {
    name: 'keys of data that FCM keeps for itself',
    message: {
      data: { from: 'a', message_type: 'b', 'google.c': 'c', 'gcm.d': 'd', fromage: 'e' },
    },
    problems: ['from', 'message_type', 'google.c', 'gcm.d'].map((key) => ({
      code: 'MESSAGE_INVALID',
      field: `message.data.${key}`,
    })),
  },
  {
    name: 'an image that is not on https',
    message: { image: 'http://a.test/b.png' },
    problems: [{ code: 'MESSAGE_INVALID', field: 'message.image' }],
  },
  {
    name: 'a collapse key that Apple would not take',
    message: { collapseKey: 'é'.repeat(33) },
    problems: [{ code: 'MESSAGE_INVALID', field: 'message.collapseKey' }],
  },
  {
    name: '1,366 Chinese characters are more than 4,096 bytes',
    message: { title: undefined, body: '信'.repeat(1366) },
    problems: [{ code: 'PAYLOAD_TOO_LARGE', field: 'message.body' }],
  },
];
