/** What each kind of sandbox token gets. */
import {
  type MessageSample,
  messageOf,
  type RecallSample,
  type Sample,
  type VendorExample,
} from '../vendor-samples.js';

export const example: VendorExample = {
  settings: () => ({ apiKey: 'not-a-real-key', slowMs: 60_000 }),
  token: 'sandbox-accept-1',
  withoutHttp: {
    why: 'Nothing leaves the process: there is no reply to read, and no network that could fail',
    slowToken: 'sandbox-slow-1',
  },
};

const messageId = `sandbox-${messageOf().taskId}`;

export const samples: readonly Sample[] = [
  {
    name: 'phones of every kind, in one push',
    targets: [
      { token: 'sandbox-accept-1' },
      { token: 'sandbox-gone-1' },
      { token: 'sandbox-suspect-1' },
      { token: 'sandbox-refused-1' },
      { token: 'sandbox-account-1' },
      { token: 'sandbox-busy-1' },
      { token: 'sandbox-unsure-1' },
    ],
    outcomes: [
      { kind: 'accepted', messageId },
      { kind: 'token-gone', reason: 'gone' },
      { kind: 'token-gone', reason: 'suspect', ambiguous: true },
      {
        kind: 'message-refused',
        reason: 'refused',
        detail: 'The token asks for a refused message',
      },
      {
        kind: 'account-refused',
        reason: 'account',
        detail: 'The token asks for a refused account',
      },
      { kind: 'try-later', reason: 'busy', afterMs: 1000, cause: 'device' },
      {
        kind: 'try-later',
        reason: 'unsure',
        afterMs: 1000,
        mayHaveArrived: true,
        cause: 'device',
      },
    ],
  },
  {
    name: 'a phone that is busy once, asked three times by one task',
    targets: [
      { token: 'sandbox-busy1-1' },
      { token: 'sandbox-busy1-1' },
      { token: 'sandbox-busy1-1' },
    ],
    outcomes: [
      { kind: 'try-later', reason: 'busy', afterMs: 1000, cause: 'device' },
      { kind: 'accepted', messageId },
      { kind: 'accepted', messageId },
    ],
  },
  {
    name: 'a word that means nothing is accepted',
    targets: [{ token: 'sandbox-demo-42' }],
    outcomes: [{ kind: 'accepted', messageId }],
  },
];

export const messages: readonly MessageSample[] = [
  {
    name: 'a title of 1,366 Chinese characters is more than 4,096 bytes',
    message: { title: '信'.repeat(1366), body: '' },
    problems: [{ code: 'PAYLOAD_TOO_LARGE', field: 'message.title' }],
  },
];

export const recalled: readonly RecallSample[] = [
  { name: 'whatever was shown', message: {}, manner: 'removed' },
  {
    name: 'a silent message',
    message: { silent: true, title: undefined, body: undefined },
    reason: 'nothing-shown',
  },
];
