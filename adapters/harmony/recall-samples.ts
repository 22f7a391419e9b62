/** Pushes with the requests that take them back, or why they cannot be. */
import type { RecallSample } from '../vendor-samples.js';
import { TOKEN } from './example.js';

const settings = { clientId: '100200300' };
const path = '/v1/100200300/messages:revoke';

export const recalled: readonly RecallSample[] = [
  {
    name: 'an ordinary notification, by the number made of its task',
    message: {},
    settings,
    manner: 'removed',
    request: {
      path,
      headers: { 'push-type': '0', 'content-type': 'application/json' },
      body: { notifyId: 1_280_171_406, token: [TOKEN] },
    },
  },
  {
    name: 'one with a number of its own, whose sender wants a text in its place: it goes without a trace all the same',
    message: { title: 'Withdrawn', overrides: { notifyId: 7 } },
    replaces: true,
    settings,
    manner: 'removed',
    request: { path, headers: { 'push-type': '0' }, body: { notifyId: 7, token: [TOKEN] } },
  },
  {
    name: 'a voice broadcast with a collapse key',
    message: { collapseKey: 'order-7', overrides: { pushType: 'voiceBroadcast' } },
    settings,
    manner: 'removed',
    request: {
      path,
      headers: { 'push-type': '2' },
      body: { notifyId: 1_334_954_990, token: [TOKEN] },
    },
  },
  { name: 'a profile without the client id', message: {}, reason: 'client-id-not-set' },
  {
    name: 'a silent message',
    message: { silent: true, title: undefined, body: undefined },
    settings,
    reason: 'nothing-shown',
  },
  {
    name: 'a badge alone',
    message: { title: undefined, body: undefined, badge: 3 },
    settings,
    reason: 'nothing-shown',
  },
];
