/** What APNs can say to a token: every reason of its table, and the shared behaviours. */
import { type Answer, type Behaviour, behaviours } from '../answers.js';
import { jsonReply, type Reply, retryAfter } from '../exchange.js';

// https://developer.apple.com/documentation/usernotifications/handling-notification-responses-from-apns
// Reason, status and the code that a token carries.
const REASONS = {
  BadDeviceToken: [400, '01'],
  DeviceTokenNotForTopic: [400, '02'],
  MissingDeviceToken: [400, '03'],
  BadMessageId: [400, '04'],
  BadCollapseId: [400, '05'],
  BadExpirationDate: [400, '06'],
  BadPriority: [400, '07'],
  DuplicateHeaders: [400, '08'],
  InvalidPushType: [400, '09'],
  PayloadEmpty: [400, '10'],
  BadTopic: [400, '11'],
  MissingTopic: [400, '12'],
  TopicDisallowed: [400, '13'],
  IdleTimeout: [400, '14'],
  ExpiredProviderToken: [403, '15'],
  InvalidProviderToken: [403, '16'],
  MissingProviderToken: [403, '17'],
  BadEnvironmentKeyIdInToken: [403, '18'],
  BadEnvironmentKeyInToken: [403, '19'],
  UnrelatedKeyIdInToken: [403, '20'],
  BadCertificate: [403, '21'],
  BadCertificateEnvironment: [403, '22'],
  Forbidden: [403, '23'],
  BadPath: [404, '24'],
  MethodNotAllowed: [405, '25'],
  Unregistered: [410, '26'],
  ExpiredToken: [410, '27'],
  PayloadTooLarge: [413, '28'],
  TooManyProviderTokenUpdates: [429, '29'],
  TooManyRequests: [429, '30'],
  InternalServerError: [500, '31'],
  ServiceUnavailable: [503, '32'],
  Shutdown: [503, '33'],
} as const;

export type ApnsReason = keyof typeof REASONS;

export const apnsRefusal = (
  reason: ApnsReason,
  more: { readonly timestamp?: number; readonly retryAfterSeconds?: number } = {},
): Reply => {
  const { timestamp } = more;
  const body = { reason, ...(timestamp == null ? {} : { timestamp }) };
  return jsonReply(REASONS[reason][0], body, {
    'content-type': 'application/json',
    ...retryAfter(more.retryAfterSeconds),
  });
};

const GONE_STATUS = 410;
const LONG_AGO_MS = 30 * 86_400_000;

const ownRow = (reason: ApnsReason): Answer => {
  const [status, code] = REASONS[reason];
  const isDated = status === GONE_STATUS;
  return {
    code,
    meaning: `${status} ${reason}${isDated ? ', timestamp of the answer' : ''}`,
    reply: ({ now }) => apnsRefusal(reason, isDated ? { timestamp: now } : {}),
  };
};

const byReason = Object.fromEntries(
  (Object.keys(REASONS) as ApnsReason[]).map((reason) => [reason, ownRow(reason)]),
) as Record<ApnsReason, Answer>;

const EXTRA = {
  'Unregistered-long-ago': {
    code: '40',
    meaning: '410 Unregistered, timestamp 30 days back',
    reply: ({ now }) => apnsRefusal('Unregistered', { timestamp: now - LONG_AGO_MS }),
  },
  'TooManyRequests-once': {
    code: '41',
    meaning: '429 TooManyRequests the first time, then accepted',
    reply: () => apnsRefusal('TooManyRequests'),
    times: 1,
  },
  sandbox: {
    code: '42',
    meaning: 'A token of the sandbox: accepted there, 400 BadDeviceToken in production',
  },
  production: {
    code: '43',
    meaning: 'A token of production: accepted there, 400 BadDeviceToken in the sandbox',
  },
} satisfies Record<string, Answer>;

export const apnsUnavailable = (retryAfterSeconds?: number): Reply =>
  apnsRefusal('ServiceUnavailable', retryAfterSeconds == null ? {} : { retryAfterSeconds });

export type ApnsAnswer = ApnsReason | keyof typeof EXTRA | Behaviour;

export const APNS_ANSWERS: Readonly<Record<ApnsAnswer, Answer>> = {
  ...byReason,
  ...EXTRA,
  ...behaviours(apnsUnavailable),
};
