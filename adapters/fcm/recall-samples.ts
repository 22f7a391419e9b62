/** Pushes with the requests that take them back, or why they cannot be. */
import { messageOf, type RecallSample, SAMPLED_AT_MS } from '../vendor-samples.js';
import { token } from './example.js';

const path = '/v1/projects/parcels-1234/messages:send';
const settings = { recallByApp: true };
const { taskId, dedupeId } = messageOf();
const expiration = String(SAMPLED_AT_MS / 1000 + 3600);
const webpush = { headers: { TTL: '3600', Urgency: 'normal' } };
const headersOf = (pushType: string, collapseId: string) => ({
  'apns-priority': '5',
  'apns-push-type': pushType,
  'apns-expiration': expiration,
  'apns-collapse-id': collapseId,
});
/** The app is told, without a sound. */
const removalOf = (id: string) => ({
  path,
  body: {
    message: {
      token,
      data: { pigeonpost_task: taskId, pigeonpost_recall: id },
      android: { priority: 'NORMAL', ttl: '3600s' },
      apns: {
        headers: headersOf('background', id),
        payload: { aps: { 'content-available': 1 } },
      },
      webpush,
    },
  },
});

export const recalled: readonly RecallSample[] = [
  {
    name: 'an ordinary notification, which the app removes when it is told to',
    message: { image: 'https://img.test/a.png', sound: 'ping', data: { order: '7' } },
    settings,
    manner: 'removed',
    request: removalOf(dedupeId),
  },
  {
    name: 'one with names of its own, replaced without a sound',
    message: {
      title: 'Withdrawn',
      body: undefined,
      sound: 'ping',
      overrides: {
        android: { notification: { tag: 'mine', title: 'Own' } },
        apns: { headers: { 'apns-collapse-id': 'apple' } },
      },
    },
    replaces: true,
    manner: 'replaced',
    request: {
      path,
      body: {
        message: {
          token,
          notification: { title: 'Withdrawn' },
          android: { priority: 'NORMAL', ttl: '3600s', notification: { tag: 'mine' } },
          apns: {
            headers: headersOf('alert', 'apple'),
            payload: { aps: { 'interruption-level': 'passive' } },
          },
          webpush,
        },
      },
    },
  },
  {
    name: 'data that an app made a notification of by itself',
    message: { title: undefined, body: undefined, data: { order: '7' }, collapseKey: 'order-7' },
    settings,
    manner: 'removed',
    request: removalOf('order-7'),
  },
  {
    name: 'an app that is not known to remove anything',
    message: {},
    reason: 'app-cannot-recall',
  },
  {
    name: 'a silent message',
    message: { silent: true, title: undefined, body: undefined },
    settings,
    reason: 'nothing-shown',
  },
];
