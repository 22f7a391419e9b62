/** What FCM can say to a token: every row of its table of errors, and the shared behaviours. */
import { type Answer, type Behaviour, behaviours } from '../answers.js';
import { htmlReply } from '../exchange.js';
import {
  fcmError,
  INVALID_TOKEN_TEXT,
  invalidArgument,
  quotaExceeded,
  unauthenticated,
  unavailable,
} from './errors.js';

// https://firebase.google.com/docs/reference/fcm/rest/v1/ErrorCode
const OWN = {
  'invalid-token': {
    code: '01',
    meaning: '400 INVALID_ARGUMENT, field violation on `message.token`',
    reply: () => invalidArgument('message.token', INVALID_TOKEN_TEXT),
  },
  'invalid-argument': {
    code: '02',
    meaning: '400 INVALID_ARGUMENT, field violation on another field',
    reply: () => invalidArgument('message.android.ttl', 'Invalid TTL'),
  },
  'invalid-argument-bare': {
    code: '03',
    meaning: '400 INVALID_ARGUMENT without details',
    reply: () =>
      fcmError({ status: 400, code: 'INVALID_ARGUMENT', message: 'Android message is too big' }),
  },
  UNAUTHENTICATED: {
    code: '04',
    meaning: '401 UNAUTHENTICATED',
    reply: () => unauthenticated(),
  },
  ACCESS_TOKEN_EXPIRED: {
    code: '05',
    meaning: '401 UNAUTHENTICATED, ErrorInfo ACCESS_TOKEN_EXPIRED',
    reply: () => unauthenticated('ACCESS_TOKEN_EXPIRED'),
  },
  THIRD_PARTY_AUTH_ERROR: {
    code: '06',
    meaning: '401 THIRD_PARTY_AUTH_ERROR with an ApnsError',
    reply: () => thirdParty('THIRD_PARTY_AUTH_ERROR'),
  },
  APNS_AUTH_ERROR: {
    code: '07',
    meaning: '401 APNS_AUTH_ERROR, the older name',
    reply: () => thirdParty('APNS_AUTH_ERROR'),
  },
  SENDER_ID_MISMATCH: {
    code: '08',
    meaning: '403 SENDER_ID_MISMATCH',
    reply: () =>
      fcmError({
        status: 403,
        code: 'PERMISSION_DENIED',
        message: 'SenderId mismatch',
        errorCode: 'SENDER_ID_MISMATCH',
      }),
  },
  PERMISSION_DENIED: {
    code: '09',
    meaning: '403 PERMISSION_DENIED without an FcmError',
    reply: () =>
      fcmError({
        status: 403,
        code: 'PERMISSION_DENIED',
        message: "Permission 'cloudmessaging.messages.create' denied on the project",
      }),
  },
  UNREGISTERED: {
    code: '10',
    meaning: '404 UNREGISTERED',
    reply: () =>
      fcmError({
        status: 404,
        code: 'NOT_FOUND',
        message: 'Requested entity was not found.',
        errorCode: 'UNREGISTERED',
      }),
  },
  NOT_FOUND: {
    code: '11',
    meaning: '404 NOT_FOUND without an FcmError',
    reply: () =>
      fcmError({ status: 404, code: 'NOT_FOUND', message: 'Requested entity was not found.' }),
  },
  QUOTA_EXCEEDED: {
    code: '12',
    meaning: '429 QUOTA_EXCEEDED without Retry-After',
    reply: () => quotaExceeded(),
  },
  'QUOTA_EXCEEDED-retry-after': {
    code: '13',
    meaning: '429 QUOTA_EXCEEDED with Retry-After',
    reply: ({ retryAfterSeconds }) => quotaExceeded(retryAfterSeconds),
  },
  RATE_LIMIT_EXCEEDED: {
    code: '14',
    meaning: '429 of the project quota: no FcmError, ErrorInfo RATE_LIMIT_EXCEEDED',
    reply: () =>
      fcmError({
        status: 429,
        code: 'RESOURCE_EXHAUSTED',
        message: "Quota exceeded for quota metric 'Send requests' per minute",
        reason: 'RATE_LIMIT_EXCEEDED',
      }),
  },
  INTERNAL: {
    code: '15',
    meaning: '500 INTERNAL',
    reply: () =>
      fcmError({
        status: 500,
        code: 'INTERNAL',
        message: 'Internal error encountered.',
        errorCode: 'INTERNAL',
      }),
  },
  UNSPECIFIED_ERROR: {
    code: '16',
    meaning: '500 UNSPECIFIED_ERROR',
    reply: () =>
      fcmError({
        status: 500,
        code: 'UNKNOWN',
        message: 'Unknown error.',
        errorCode: 'UNSPECIFIED_ERROR',
      }),
  },
  'html-504': {
    code: '17',
    meaning: '504 with a page of HTML',
    reply: () => htmlReply(504, 'Gateway Timeout'),
  },
  'busy-date': {
    code: '18',
    meaning: '503 UNAVAILABLE, Retry-After as an HTTP date',
    reply: ({ now, retryAfterSeconds }) => {
      const until = new Date(now + retryAfterSeconds * 1000).toUTCString();
      const reply = unavailable();
      return { ...reply, headers: { ...reply.headers, 'retry-after': until } };
    },
  },
  'quota-once': {
    code: '19',
    meaning: '429 QUOTA_EXCEEDED with Retry-After the first time, then accepted',
    reply: ({ retryAfterSeconds }) => quotaExceeded(retryAfterSeconds),
    times: 1,
  },
} satisfies Record<string, Answer>;

function thirdParty(errorCode: string) {
  return fcmError({
    status: 401,
    code: 'UNAUTHENTICATED',
    message: 'Auth error from APNS or Web Push Service',
    errorCode,
    apns: { statusCode: 403, reason: 'InvalidProviderToken' },
  });
}

export type FcmAnswer = keyof typeof OWN | Behaviour;

export const FCM_ANSWERS: Readonly<Record<FcmAnswer, Answer>> = {
  ...OWN,
  ...behaviours(unavailable),
};
