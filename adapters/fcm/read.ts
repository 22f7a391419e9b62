/**
 * Reads what FCM answers. The codes and their meaning:
 * https://firebase.google.com/docs/reference/fcm/rest/v1/ErrorCode
 * https://firebase.google.com/docs/cloud-messaging/error-codes
 */
import type { TransportReply } from '../../transport/transport.js';
import type { Outcome, Target } from '../adapter.js';
import type { StaleCredential } from '../http-adapter.js';
import { vendorText } from '../vendor-text.js';
import { type ErrorReply, errorReply } from './error-reply.js';
import { retryAfterMs } from './retry-after.js';

/** Codes that may condemn a token; INVALID_ARGUMENT only when the token itself is named. */
export const TOKEN_GONE_CODES = ['UNREGISTERED', 'SENDER_ID_MISMATCH', 'INVALID_ARGUMENT'] as const;

/** Who must act on a code; what is not here is decided by the HTTP status. */
const KIND_BY_CODE = new Map<string, Outcome['kind'] | 'stale-credential'>(
  Object.entries({
    UNREGISTERED: 'token-gone',
    SENDER_ID_MISMATCH: 'token-gone',
    INVALID_ARGUMENT: 'message-refused',
    UNAUTHENTICATED: 'stale-credential',
    // Only devices behind APNs or web push are concerned: Android's are not to wait for them.
    THIRD_PARTY_AUTH_ERROR: 'message-refused',
    APNS_AUTH_ERROR: 'message-refused',
    PERMISSION_DENIED: 'account-refused',
    // Without FCM's own UNREGISTERED it is the project that was not found, not the device.
    NOT_FOUND: 'account-refused',
    QUOTA_EXCEEDED: 'try-later',
    RESOURCE_EXHAUSTED: 'try-later',
    DEADLINE_EXCEEDED: 'try-later',
    UNSPECIFIED_ERROR: 'try-later',
  } as const),
);

const CODE_BY_HTTP_STATUS: Readonly<Record<number, string>> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  408: 'DEADLINE_EXCEEDED',
  429: 'RESOURCE_EXHAUSTED',
};

const WORDS_BY_CODE = new Map(
  Object.entries({
    UNAUTHENTICATED: 'Google refuses a fresh access token of this service account',
    THIRD_PARTY_AUTH_ERROR:
      'The APNs key or the web push certificate in the Firebase project is missing or wrong',
    APNS_AUTH_ERROR: 'The APNs key in the Firebase project is missing or wrong',
    PERMISSION_DENIED:
      'The service account may not send for this project, or its Firebase Cloud Messaging API is off',
    NOT_FOUND: 'Google knows no such project, check project_id and endpoint',
  }),
);

// https://firebase.google.com/docs/cloud-messaging/scale-fcm
const QUOTA_FLOOR_MS = 60_000;
const TROUBLE_FLOOR_MS = 10_000;

/** Text of the field `message.token`; older replies have it without naming the field. */
const TOKEN_TEXT = 'The registration token is not a valid FCM registration token';

const NAME = /^\s*\{\s*"name"\s*:\s*"projects\/[^"/]+\/messages\/([^"\\]{1,200})"\s*\}\s*$/;

const condemnsToken = ({ code, message, violations }: ErrorReply): boolean => {
  if (code !== 'INVALID_ARGUMENT') return code === 'UNREGISTERED' || code === 'SENDER_ID_MISMATCH';
  return violations.length > 0
    ? violations.every(({ field }) => field === 'message.token')
    : message?.startsWith(TOKEN_TEXT) === true;
};

/** A reply of a failing server does not say that the push went nowhere. */
const troubled = (reply: TransportReply, reason: string): Outcome => ({
  kind: 'try-later',
  reason,
  afterMs: retryAfterMs(reply) ?? TROUBLE_FLOOR_MS,
  cause: 'vendor',
  ...(reply.status >= 500 || reply.status === 200 ? { mayHaveArrived: true } : {}),
});

const detailOf = (error: ErrorReply, targets: readonly Target[]): { detail?: string } => {
  const named = error.violations.map(({ field, description }) =>
    [field, description].filter((part) => part != null).join(': '),
  );
  const detail = vendorText(named.length > 0 ? named.join('; ') : error.message, targets);
  return detail == null ? {} : { detail };
};

/** What an operator acts on; Google's own text says nothing of that. */
const wordsOf = (code: string): { detail?: string } => {
  const detail = WORDS_BY_CODE.get(code);
  return detail == null ? {} : { detail };
};

const refused = (code: string): Outcome => ({
  kind: 'account-refused',
  reason: code,
  ...wordsOf(code),
});

const readError = (
  reply: TransportReply,
  targets: readonly Target[],
): Outcome | 'stale-credential' => {
  const { status } = reply;
  const error = errorReply(reply);
  const code = error?.code ?? CODE_BY_HTTP_STATUS[status] ?? `HTTP_${status}`;
  if (status === 429) {
    const afterMs = retryAfterMs(reply) ?? QUOTA_FLOOR_MS;
    return { kind: 'try-later', reason: code, afterMs, cause: 'rate' };
  }
  if (!error || status >= 500 || status < 400) return troubled(reply, error ? code : 'unreadable');
  if (condemnsToken(error)) {
    // Every token of another project looks like this when our own project is the wrong one.
    return code === 'SENDER_ID_MISMATCH'
      ? { kind: 'token-gone', reason: code, ambiguous: true }
      : { kind: 'token-gone', reason: code };
  }
  const kind = KIND_BY_CODE.get(code) ?? KIND_BY_CODE.get(CODE_BY_HTTP_STATUS[status] ?? '');
  if (kind === 'stale-credential') return kind;
  if (kind === 'account-refused') return refused(code);
  if (kind === 'try-later') return troubled(reply, code);
  return { kind: 'message-refused', reason: code, ...detailOf(error, targets), ...wordsOf(code) };
};

export const read = (
  reply: TransportReply,
  targets: readonly Target[],
): Outcome[] | StaleCredential => {
  if (reply.status === 200) {
    const messageId = NAME.exec(reply.body.toString('latin1'))?.[1];
    if (messageId != null) return targets.map(() => ({ kind: 'accepted', messageId }));
    return targets.map(() => troubled(reply, 'unreadable'));
  }
  const outcome = readError(reply, targets);
  return outcome === 'stale-credential'
    ? { kind: outcome, otherwise: targets.map(() => refused('UNAUTHENTICATED')) }
    : targets.map(() => outcome);
};
