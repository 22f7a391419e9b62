/** Apple’s answers with their outcomes. */
import type { Outcome } from '../adapter.js';
import { empty, html, json, type Sample } from '../vendor-samples.js';
import { TOKEN } from './example.js';

export { example } from './example.js';
export { messages } from './message-samples.js';
export { recalled } from './recall-samples.js';

const APNS_ID = 'eabeae54-14a8-11e5-b60b-1697f925ec7b';
const targets = [{ token: TOKEN }];

const answer = (status: number, reason: string, more: Readonly<Record<string, unknown>> = {}) =>
  json(status, { reason, ...more }, { 'apns-id': APNS_ID });

/** A sample whose outcome has Apple's own reason. */
const refusal = (
  name: string,
  status: number,
  reason: string,
  outcome: Readonly<Record<string, unknown>>,
): Sample => ({
  name,
  reply: answer(status, reason),
  targets,
  outcomes: [{ ...outcome, reason } as Outcome],
});

const MINUTE_MS = 60_000;
const serverFault = {
  kind: 'try-later',
  afterMs: 15 * MINUTE_MS,
  mayHaveArrived: true,
  cause: 'vendor',
};
const message = (detail: string) => ({ kind: 'message-refused', detail });
const account = (detail: string) => ({ kind: 'account-refused', detail });

const accepted: readonly Sample[] = [
  {
    name: 'Apple took it',
    reply: empty(200, { 'apns-id': APNS_ID }),
    targets,
    outcomes: [{ kind: 'accepted', messageId: APNS_ID }],
  },
  {
    name: 'the sandbox took it, and names it for the Push Console too',
    reply: empty(200, {
      'apns-id': APNS_ID,
      'apns-unique-id': '2ba1d8a6-7c1e-8f5d-1a57-0a4a2f3e8a10',
    }),
    targets,
    outcomes: [{ kind: 'accepted', messageId: APNS_ID }],
  },
];

const tokens: readonly Sample[] = [
  refusal('a token of the other environment, or malformed', 400, 'BadDeviceToken', {
    kind: 'token-gone',
    ambiguous: true,
  }),
  refusal('a token of another app', 400, 'DeviceTokenNotForTopic', {
    kind: 'token-gone',
    ambiguous: true,
  }),
  {
    name: 'the app was removed at a known instant',
    reply: answer(410, 'Unregistered', { timestamp: 1_454_948_015_990 }),
    targets,
    outcomes: [
      {
        kind: 'token-gone',
        reason: 'Unregistered',
        since: new Date('2016-02-08T16:13:35.990Z'),
      },
    ],
  },
  refusal('the app was removed, and Apple does not say when', 410, 'Unregistered', {
    kind: 'token-gone',
  }),
  {
    name: 'an instant that is none is left out',
    reply: answer(410, 'Unregistered', { timestamp: 9e15 }),
    targets,
    outcomes: [{ kind: 'token-gone', reason: 'Unregistered' }],
  },
  {
    name: 'the token has expired',
    reply: answer(410, 'ExpiredToken', { timestamp: 1_700_000_000_000 }),
    targets,
    outcomes: [{ kind: 'token-gone', reason: 'ExpiredToken', since: new Date(1_700_000_000_000) }],
  },
];

const GATEWAY = 'a fault of the gateway';

const messagesRefused: readonly Sample[] = [
  refusal(
    'no token in the path',
    400,
    'MissingDeviceToken',
    message(`The request names no device token: ${GATEWAY}`),
  ),
  refusal(
    'a message id that is no UUID',
    400,
    'BadMessageId',
    message(`The message id is not a UUID: ${GATEWAY}`),
  ),
  refusal(
    'a collapse id that is too long',
    400,
    'BadCollapseId',
    message('The collapse id is longer than 64 bytes'),
  ),
  refusal(
    'an expiration that is no instant',
    400,
    'BadExpirationDate',
    message(`The expiration is not an instant: ${GATEWAY}`),
  ),
  refusal(
    'priority 10 with a background push',
    400,
    'BadPriority',
    message('The priority does not suit the push type'),
  ),
  refusal(
    'a header twice',
    400,
    'DuplicateHeaders',
    message(`A header is there twice: ${GATEWAY}`),
  ),
  refusal(
    'a push type that Apple does not know',
    400,
    'InvalidPushType',
    message('The push type is unknown to Apple'),
  ),
  refusal('an empty payload', 400, 'PayloadEmpty', message('The payload is empty')),
  refusal('a wrong path', 404, 'BadPath', message(`The path is wrong: ${GATEWAY}`)),
  refusal('a wrong method', 405, 'MethodNotAllowed', message(`The method is wrong: ${GATEWAY}`)),
  refusal(
    'a payload above 4,096 bytes',
    413,
    'PayloadTooLarge',
    message('The payload is larger than Apple allows'),
  ),
  refusal(
    'a reason that Apple added since',
    400,
    'BadMoonPhase',
    message('Apple gives a reason unknown to us'),
  ),
];

const TOPIC = 'check bundleId and topics';
const ENVIRONMENT = 'check environment';

const accountRefused: readonly Sample[] = [
  refusal('an unknown topic', 400, 'BadTopic', account(`Apple does not know the topic: ${TOPIC}`)),
  refusal('no topic', 400, 'MissingTopic', account(`The topic is missing: ${TOPIC}`)),
  refusal(
    'a topic of somebody else',
    400,
    'TopicDisallowed',
    account(`This credential may not push to the topic: ${TOPIC}`),
  ),
  refusal(
    'a signature that does not verify',
    403,
    'InvalidProviderToken',
    account('Apple cannot verify the key: check teamId, keyId and privateKey'),
  ),
  refusal(
    'no token at all',
    403,
    'MissingProviderToken',
    account('Apple got neither a provider token nor a certificate'),
  ),
  refusal(
    'a key of the other environment',
    403,
    'BadEnvironmentKeyIdInToken',
    account(`The key is for the other environment: ${ENVIRONMENT}`),
  ),
  refusal(
    'a key of the other environment, as it was also seen written',
    403,
    'BadEnvironmentKeyInToken',
    account(`The key is for the other environment: ${ENVIRONMENT}`),
  ),
  refusal('a bad certificate', 403, 'BadCertificate', account('Apple refuses the certificate')),
  refusal(
    'a certificate of the other environment',
    403,
    'BadCertificateEnvironment',
    account(`The certificate is for the other environment: ${ENVIRONMENT}`),
  ),
  refusal('forbidden', 403, 'Forbidden', account('Apple forbids this credential to push')),
  {
    ...refusal(
      'a provider token that is more than an hour old',
      403,
      'ExpiredProviderToken',
      account('Apple calls a fresh provider token expired: check the clock of this machine'),
    ),
    stale: 'credential-and-connection',
  },
  {
    ...refusal(
      'a connection that another key was used on',
      403,
      'UnrelatedKeyIdInToken',
      account('The key belongs to another team than the connection: check teamId and keyId'),
    ),
    stale: 'credential-and-connection',
  },
];

const later: readonly Sample[] = [
  refusal('an idle connection', 400, 'IdleTimeout', {
    kind: 'try-later',
    afterMs: 0,
    cause: 'vendor',
  }),
  refusal('too many pushes to one phone', 429, 'TooManyRequests', {
    kind: 'try-later',
    afterMs: 10_000,
    cause: 'device',
  }),
  refusal('a second new provider token in 20 minutes', 429, 'TooManyProviderTokenUpdates', {
    kind: 'try-later',
    afterMs: 20 * MINUTE_MS,
    cause: 'vendor',
  }),
  refusal('a fault at Apple', 500, 'InternalServerError', serverFault),
  refusal('an outage at Apple', 503, 'ServiceUnavailable', serverFault),
  refusal('a server that goes down', 503, 'Shutdown', serverFault),
  refusal('a fault that Apple added since', 500, 'MoonPhaseUnavailable', serverFault),
  refusal('a fault whose reason would condemn a token', 500, 'Unregistered', serverFault),
  {
    name: 'a front end’s page',
    reply: html(502),
    targets,
    outcomes: [{ ...serverFault, reason: 'http-502' } as Outcome],
  },
  {
    name: 'a proxy’s page that says no',
    reply: html(403),
    targets,
    outcomes: [{ kind: 'try-later', reason: 'http-403', afterMs: MINUTE_MS, cause: 'vendor' }],
  },
  {
    name: 'a page that says 200, but is not Apple’s',
    reply: html(200),
    targets,
    outcomes: [{ kind: 'try-later', reason: 'http-200', mayHaveArrived: true, cause: 'vendor' }],
  },
  {
    name: 'a reason that is no word',
    reply: json(500, { reason: 'upstream said: <no>' }),
    targets,
    outcomes: [{ ...serverFault, reason: 'http-500' } as Outcome],
  },
];

export const samples: readonly Sample[] = [
  ...accepted,
  ...tokens,
  ...messagesRefused,
  ...accountRefused,
  ...later,
];
