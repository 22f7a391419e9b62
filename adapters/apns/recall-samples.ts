/** Pushes with the requests that take them back, or why they cannot be. */
import type { RecallSample } from '../vendor-samples.js';
import { TOKEN } from './example.js';

const path = `/3/device/${TOKEN}`;
const settings = { recallByApp: true };

export const recalled: readonly RecallSample[] = [
  {
    name: 'an ordinary alert, which the app removes when a silent push tells it to',
    message: { badge: 3, sound: 'default', image: 'https://img.test/a.png', data: { order: '42' } },
    settings,
    manner: 'removed',
    request: {
      path,
      headers: {
        'apns-topic': 'com.example.shop',
        'apns-push-type': 'background',
        'apns-priority': '5',
        'apns-collapse-id': 'fzpl8cLT5LWml4h3',
      },
      body: { aps: { 'content-available': 1 }, pigeonpost_recall: 'fzpl8cLT5LWml4h3' },
    },
  },
  {
    name: 'an alert with an id of its own, replaced without a sound',
    message: {
      title: 'Withdrawn',
      body: 'Sorry',
      sound: 'default',
      badge: 3,
      overrides: { collapseId: 'mine', subtitle: 'Now', sound: 'ping' },
    },
    replaces: true,
    manner: 'replaced',
    request: {
      path,
      headers: {
        'apns-push-type': 'alert',
        'apns-priority': '5',
        'apns-collapse-id': 'mine',
      },
      body: {
        aps: {
          alert: { title: 'Withdrawn', body: 'Sorry' },
          'interruption-level': 'passive',
        },
      },
    },
  },
  {
    name: 'an app that is not known to remove anything',
    message: {},
    reason: 'app-cannot-recall',
  },
  {
    name: 'a silent push',
    message: { silent: true, title: undefined, body: undefined },
    settings,
    reason: 'nothing-shown',
  },
];
