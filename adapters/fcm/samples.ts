/** Replies of FCM with what they mean. */
import { empty, html, json, type Sample } from '../vendor-samples.js';
import { token } from './example.js';

export { example } from './example.js';
export { messages } from './message-samples.js';
export { recalled } from './recall-samples.js';

const targets = [{ token }];

const FCM_ERROR = 'type.googleapis.com/google.firebase.fcm.v1.FcmError';
const BAD_REQUEST = 'type.googleapis.com/google.rpc.BadRequest';
const ERROR_INFO = 'type.googleapis.com/google.rpc.ErrorInfo';

interface Fault {
  readonly status: string;
  readonly errorCode?: string;
  readonly message?: string;
  readonly details?: readonly unknown[];
}

/** An error reply of the API; `errorCode` adds FCM's own detail. */
export const fault = (
  httpStatus: number,
  { status, errorCode, message = 'Request failed.', details = [] }: Fault,
  headers: Readonly<Record<string, string>> = {},
) => {
  const own = errorCode == null ? [] : [{ '@type': FCM_ERROR, errorCode }];
  const body = { error: { code: httpStatus, message, status, details: [...own, ...details] } };
  return json(httpStatus, body, headers);
};

export const fieldViolation = (field: string, description: string) => ({
  '@type': BAD_REQUEST,
  fieldViolations: [{ field, description }],
});

const INVALID_TOKEN_TEXT = 'The registration token is not a valid FCM registration token';

export const samples: readonly Sample[] = [
  {
    name: 'accepted',
    reply: json(200, {
      name: 'projects/parcels-1234/messages/0:1500415314455276%31bd1c9631bd1c96',
    }),
    targets,
    outcomes: [{ kind: 'accepted', messageId: '0:1500415314455276%31bd1c9631bd1c96' }],
  },
  {
    name: 'the app was removed, or its token has changed',
    reply: fault(404, {
      status: 'NOT_FOUND',
      errorCode: 'UNREGISTERED',
      message: 'Requested entity was not found.',
    }),
    targets,
    outcomes: [{ kind: 'token-gone', reason: 'UNREGISTERED' }],
  },
  {
    name: 'the token is malformed, as the violation of its field says',
    reply: fault(400, {
      status: 'INVALID_ARGUMENT',
      errorCode: 'INVALID_ARGUMENT',
      message: INVALID_TOKEN_TEXT,
      details: [fieldViolation('message.token', 'Invalid registration token')],
    }),
    targets,
    outcomes: [{ kind: 'token-gone', reason: 'INVALID_ARGUMENT' }],
  },
  {
    name: 'the token is malformed, as only the text of its field says',
    reply: fault(400, {
      status: 'INVALID_ARGUMENT',
      errorCode: 'INVALID_ARGUMENT',
      message: INVALID_TOKEN_TEXT,
    }),
    targets,
    outcomes: [{ kind: 'token-gone', reason: 'INVALID_ARGUMENT' }],
  },
  {
    name: 'another field is at fault: the token stays',
    reply: fault(400, {
      status: 'INVALID_ARGUMENT',
      errorCode: 'INVALID_ARGUMENT',
      message: 'Invalid data payload key: gcm.test',
      details: [fieldViolation('message.data[0].key', 'Invalid data payload key: gcm.test')],
    }),
    targets,
    outcomes: [
      {
        kind: 'message-refused',
        reason: 'INVALID_ARGUMENT',
        detail: 'message.data[0].key: Invalid data payload key: gcm.test',
      },
    ],
  },
  {
    name: 'the token and another field are at fault: the token stays',
    reply: fault(400, {
      status: 'INVALID_ARGUMENT',
      details: [
        fieldViolation('message.token', 'Invalid value'),
        fieldViolation('message.android.ttl', 'Invalid value'),
      ],
    }),
    targets,
    outcomes: [
      {
        kind: 'message-refused',
        reason: 'INVALID_ARGUMENT',
        detail: 'message.token: Invalid value; message.android.ttl: Invalid value',
      },
    ],
  },
  {
    name: 'too large, without any details',
    reply: fault(400, { status: 'INVALID_ARGUMENT', message: 'Android message is too big' }),
    targets,
    outcomes: [
      {
        kind: 'message-refused',
        reason: 'INVALID_ARGUMENT',
        detail: 'Android message is too big',
      },
    ],
  },
  {
    name: 'an error that repeats the token',
    reply: fault(400, { status: 'INVALID_ARGUMENT', message: `Cannot send to ${token} now` }),
    targets,
    outcomes: [
      {
        kind: 'message-refused',
        reason: 'INVALID_ARGUMENT',
        detail: 'Cannot send to [token] now',
      },
    ],
  },
  {
    name: 'the token belongs to another project, or the project is the wrong one',
    reply: fault(403, {
      status: 'PERMISSION_DENIED',
      errorCode: 'SENDER_ID_MISMATCH',
      message: 'SenderId mismatch',
    }),
    targets,
    outcomes: [{ kind: 'token-gone', reason: 'SENDER_ID_MISMATCH', ambiguous: true }],
  },
  {
    name: 'the service account lacks its role',
    reply: fault(403, { status: 'PERMISSION_DENIED', message: 'Permission denied on resource' }),
    targets,
    outcomes: [
      {
        kind: 'account-refused',
        reason: 'PERMISSION_DENIED',
        detail:
          'The service account may not send for this project, or its Firebase Cloud Messaging API is off',
      },
    ],
  },
  {
    name: 'no such project: not found, but not by FCM’s own code',
    reply: fault(404, { status: 'NOT_FOUND', message: 'Requested entity was not found.' }),
    targets,
    outcomes: [
      {
        kind: 'account-refused',
        reason: 'NOT_FOUND',
        detail: 'Google knows no such project, check project_id and endpoint',
      },
    ],
  },
  {
    name: 'the access token has expired',
    reply: fault(401, {
      status: 'UNAUTHENTICATED',
      message: 'Request had invalid authentication credentials.',
      details: [{ '@type': ERROR_INFO, reason: 'ACCESS_TOKEN_EXPIRED' }],
    }),
    targets,
    stale: 'credential',
    outcomes: [
      {
        kind: 'account-refused',
        reason: 'UNAUTHENTICATED',
        detail: 'Google refuses a fresh access token of this service account',
      },
    ],
  },
  {
    name: 'the APNs key in the Firebase project is wrong: no fresh token of ours helps',
    reply: fault(401, { status: 'UNAUTHENTICATED', errorCode: 'THIRD_PARTY_AUTH_ERROR' }),
    targets,
    outcomes: [
      {
        kind: 'message-refused',
        reason: 'THIRD_PARTY_AUTH_ERROR',
        detail:
          'The APNs key or the web push certificate in the Firebase project is missing or wrong',
      },
    ],
  },
  {
    name: 'the same fault under its older name',
    reply: fault(401, { status: 'UNAUTHENTICATED', errorCode: 'APNS_AUTH_ERROR' }),
    targets,
    outcomes: [
      {
        kind: 'message-refused',
        reason: 'APNS_AUTH_ERROR',
        detail: 'The APNs key in the Firebase project is missing or wrong',
      },
    ],
  },
  {
    name: 'an error that FCM itself cannot tell',
    reply: fault(400, { status: 'UNKNOWN', errorCode: 'UNSPECIFIED_ERROR' }),
    targets,
    outcomes: [
      { kind: 'try-later', reason: 'UNSPECIFIED_ERROR', afterMs: 10_000, cause: 'vendor' },
    ],
  },
  {
    name: 'a rate of FCM’s own, with the seconds to wait',
    reply: fault(
      429,
      { status: 'RESOURCE_EXHAUSTED', errorCode: 'QUOTA_EXCEEDED' },
      { 'retry-after': '37' },
    ),
    targets,
    outcomes: [{ kind: 'try-later', reason: 'QUOTA_EXCEEDED', afterMs: 37_000, cause: 'rate' }],
  },
  {
    name: 'the quota of the project, without FCM’s code and without a time',
    reply: fault(429, {
      status: 'RESOURCE_EXHAUSTED',
      details: [{ '@type': ERROR_INFO, reason: 'RATE_LIMIT_EXCEEDED' }],
    }),
    targets,
    outcomes: [{ kind: 'try-later', reason: 'RESOURCE_EXHAUSTED', afterMs: 60_000, cause: 'rate' }],
  },
  {
    name: 'overload, with a date to wait for',
    reply: fault(
      503,
      { status: 'UNAVAILABLE', errorCode: 'UNAVAILABLE' },
      {
        'retry-after': 'Sat, 01 Jan 2028 00:02:00 GMT',
        date: 'Sat, 01 Jan 2028 00:00:00 GMT',
      },
    ),
    targets,
    outcomes: [
      {
        kind: 'try-later',
        reason: 'UNAVAILABLE',
        afterMs: 120_000,
        mayHaveArrived: true,
        cause: 'vendor',
      },
    ],
  },
  {
    name: 'a fault inside FCM',
    reply: fault(500, { status: 'INTERNAL', errorCode: 'INTERNAL' }),
    targets,
    outcomes: [
      {
        kind: 'try-later',
        reason: 'INTERNAL',
        afterMs: 10_000,
        mayHaveArrived: true,
        cause: 'vendor',
      },
    ],
  },
  {
    name: 'a page of the front end',
    reply: html(502),
    targets,
    outcomes: [
      {
        kind: 'try-later',
        reason: 'unreadable',
        afterMs: 10_000,
        mayHaveArrived: true,
        cause: 'vendor',
      },
    ],
  },
  {
    name: 'a page with status 404: the token stays',
    reply: html(404),
    targets,
    outcomes: [{ kind: 'try-later', reason: 'unreadable', afterMs: 10_000, cause: 'vendor' }],
  },
  {
    name: 'a page with status 200 is no message',
    reply: html(200),
    targets,
    outcomes: [
      {
        kind: 'try-later',
        reason: 'unreadable',
        afterMs: 10_000,
        mayHaveArrived: true,
        cause: 'vendor',
      },
    ],
  },
  {
    name: 'nothing but a status',
    reply: empty(504),
    targets,
    outcomes: [
      {
        kind: 'try-later',
        reason: 'HTTP_504',
        afterMs: 10_000,
        mayHaveArrived: true,
        cause: 'vendor',
      },
    ],
  },
  {
    name: 'a 4xx nobody has seen: the message is refused, the token stays',
    reply: fault(418, { status: 'FAILED_PRECONDITION', message: 'Precondition failed' }),
    targets,
    outcomes: [
      { kind: 'message-refused', reason: 'FAILED_PRECONDITION', detail: 'Precondition failed' },
    ],
  },
];
