/** Google's error envelope. */
import { jsonReply, type Reply, retryAfter } from '../exchange.js';

const FCM_ERROR = 'type.googleapis.com/google.firebase.fcm.v1.FcmError';
const APNS_ERROR = 'type.googleapis.com/google.firebase.fcm.v1.ApnsError';
const BAD_REQUEST = 'type.googleapis.com/google.rpc.BadRequest';
const ERROR_INFO = 'type.googleapis.com/google.rpc.ErrorInfo';

export interface FieldViolation {
  readonly field: string;
  readonly description: string;
}

export interface FcmErrorParts {
  readonly status: number;
  /** The canonical code, for example `INVALID_ARGUMENT`. */
  readonly code: string;
  readonly message: string;
  /** Adds an FcmError; a fault that Google's front end finds has none. */
  readonly errorCode?: string;
  readonly violation?: FieldViolation;
  /** Adds an ErrorInfo with this reason. */
  readonly reason?: string;
  readonly apns?: { readonly statusCode: number; readonly reason: string };
  readonly headers?: Readonly<Record<string, string>>;
}

export const fcmError = (parts: FcmErrorParts): Reply => {
  const details = [
    ...(parts.errorCode == null ? [] : [{ '@type': FCM_ERROR, errorCode: parts.errorCode }]),
    ...(parts.violation == null
      ? []
      : [{ '@type': BAD_REQUEST, fieldViolations: [parts.violation] }]),
    ...(parts.apns == null ? [] : [{ '@type': APNS_ERROR, ...parts.apns }]),
    ...(parts.reason == null
      ? []
      : [{ '@type': ERROR_INFO, reason: parts.reason, domain: 'googleapis.com' }]),
  ];
  const error = {
    code: parts.status,
    message: parts.message,
    status: parts.code,
    ...(details.length === 0 ? {} : { details }),
  };
  return jsonReply(parts.status, { error }, parts.headers);
};

/** A value that the message's rules forbid. */
export const invalidArgument = (field: string, description: string): Reply =>
  fcmError({
    status: 400,
    code: 'INVALID_ARGUMENT',
    message: description,
    errorCode: 'INVALID_ARGUMENT',
    violation: { field, description },
  });

/** JSON that does not fit the schema: found before FCM sees it, so without an FcmError. */
export const schemaViolation = (field: string, description: string): Reply =>
  fcmError({
    status: 400,
    code: 'INVALID_ARGUMENT',
    message: description,
    violation: { field, description },
  });

export const INVALID_TOKEN_TEXT = 'The registration token is not a valid FCM registration token';

export const unavailable = (seconds?: number): Reply =>
  fcmError({
    status: 503,
    code: 'UNAVAILABLE',
    message: 'The service is currently unavailable.',
    errorCode: 'UNAVAILABLE',
    headers: retryAfter(seconds),
  });

export const quotaExceeded = (seconds?: number): Reply =>
  fcmError({
    status: 429,
    code: 'RESOURCE_EXHAUSTED',
    message: 'Quota exceeded for this device.',
    errorCode: 'QUOTA_EXCEEDED',
    headers: retryAfter(seconds),
  });

export const unauthenticated = (reason?: string): Reply =>
  fcmError({
    status: 401,
    code: 'UNAUTHENTICATED',
    message:
      'Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid authentication credential.',
    ...(reason == null ? {} : { reason }),
  });
