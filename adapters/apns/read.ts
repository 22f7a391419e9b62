/** Reads Apple's answer about one device token. */
import { headerOf, type TransportReply } from '../../transport/transport.js';
import type { Outcome, Target } from '../adapter.js';
import type { StaleCredential } from '../http-adapter.js';

type WithoutReason<O> = O extends { reason: string } ? Omit<O, 'reason'> : never;
/** An outcome that takes Apple's own word as its reason. */
type Verdict = WithoutReason<Outcome>;

/** Apple asks to wait this long after a 5xx. */
const SERVER_FAULT_AFTER_MS = 15 * 60_000;
/** A provider token may be replaced once in 20 minutes. */
const TOKEN_UPDATES_AFTER_MS = 20 * 60_000;
/** Apple names no number; the schedule of retries grows from here. */
const SAME_DEVICE_AFTER_MS = 10_000;
const UNKNOWN_AFTER_MS = 60_000;

const gone: Verdict = { kind: 'token-gone' };
const suspect: Verdict = { kind: 'token-gone', ambiguous: true };
const message = (detail: string): Verdict => ({ kind: 'message-refused', detail });
const account = (detail: string): Verdict => ({ kind: 'account-refused', detail });
const serverFault: Verdict = {
  kind: 'try-later',
  afterMs: SERVER_FAULT_AFTER_MS,
  mayHaveArrived: true,
  cause: 'vendor',
};

// https://developer.apple.com/documentation/usernotifications/handling-notification-responses-from-apns
const VERDICTS: Readonly<Record<string, Verdict>> = {
  // The other environment's tokens, and another app's, look like this when a setting of ours is wrong.
  BadDeviceToken: suspect,
  DeviceTokenNotForTopic: suspect,
  Unregistered: gone,
  ExpiredToken: gone,

  MissingDeviceToken: message('The request names no device token: a fault of the gateway'),
  BadMessageId: message('The message id is not a UUID: a fault of the gateway'),
  BadCollapseId: message('The collapse id is longer than 64 bytes'),
  BadExpirationDate: message('The expiration is not an instant: a fault of the gateway'),
  BadPriority: message('The priority does not suit the push type'),
  DuplicateHeaders: message('A header is there twice: a fault of the gateway'),
  InvalidPushType: message('The push type is unknown to Apple'),
  PayloadEmpty: message('The payload is empty'),
  PayloadTooLarge: message('The payload is larger than Apple allows'),
  BadPath: message('The path is wrong: a fault of the gateway'),
  MethodNotAllowed: message('The method is wrong: a fault of the gateway'),

  BadTopic: account('Apple does not know the topic: check bundleId and topics'),
  MissingTopic: account('The topic is missing: check bundleId and topics'),
  TopicDisallowed: account('This credential may not push to the topic: check bundleId and topics'),
  InvalidProviderToken: account('Apple cannot verify the key: check teamId, keyId and privateKey'),
  MissingProviderToken: account('Apple got neither a provider token nor a certificate'),
  BadEnvironmentKeyIdInToken: account('The key is for the other environment: check environment'),
  BadEnvironmentKeyInToken: account('The key is for the other environment: check environment'),
  BadCertificate: account('Apple refuses the certificate'),
  BadCertificateEnvironment: account(
    'The certificate is for the other environment: check environment',
  ),
  Forbidden: account('Apple forbids this credential to push'),

  IdleTimeout: { kind: 'try-later', afterMs: 0, cause: 'vendor' },
  TooManyRequests: { kind: 'try-later', afterMs: SAME_DEVICE_AFTER_MS, cause: 'device' },
  TooManyProviderTokenUpdates: {
    kind: 'try-later',
    afterMs: TOKEN_UPDATES_AFTER_MS,
    cause: 'vendor',
  },
  InternalServerError: serverFault,
  ServiceUnavailable: serverFault,
  Shutdown: serverFault,
};

/** The connection remembers what it was opened with, so the repeat goes over another one. */
const STALE: Readonly<Record<string, string>> = {
  ExpiredProviderToken:
    'Apple calls a fresh provider token expired: check the clock of this machine',
  UnrelatedKeyIdInToken:
    'The key belongs to another team than the connection: check teamId and keyId',
};

/** What may condemn a token. */
export const TOKEN_GONE_CODES = [
  'BadDeviceToken',
  'DeviceTokenNotForTopic',
  'Unregistered',
  'ExpiredToken',
] as const;

const ownEntry = <T>(table: Readonly<Record<string, T>>, key: string): T | undefined =>
  Object.hasOwn(table, key) ? table[key] : undefined;

interface StaleReason {
  readonly kind: 'stale';
  readonly reason: string;
  readonly detail: string;
}

interface AppleAnswer {
  readonly reason?: string;
  /** Milliseconds since 1970. */
  readonly timestamp?: number;
}

const parsed = (body: Buffer): AppleAnswer => {
  try {
    const value = JSON.parse(body.toString()) as Record<string, unknown> | null;
    const { reason, timestamp } = value ?? {};
    return {
      ...(typeof reason === 'string' ? { reason } : {}),
      ...(typeof timestamp === 'number' ? { timestamp } : {}),
    };
  } catch {
    return {};
  }
};

/** Seen in reports and as a label, so only what looks like one of Apple's words; never something that repeats a token. */
const wordOf = (reason: string | undefined, status: number): string =>
  reason != null && /^[A-Z][A-Za-z]{2,47}$/.test(reason) ? reason : `http-${status}`;

/** An answer that the tables do not know, or that is not the push service's at all. */
const unknownAnswer = (status: number, reason?: string): Outcome => {
  const word = wordOf(reason, status);
  if (status >= 500) return { ...serverFault, reason: word };
  if (status < 400) {
    return { kind: 'try-later', reason: word, mayHaveArrived: true, cause: 'vendor' };
  }
  // A front end's page, or its request for patience, says nothing about the message.
  if (reason == null || status === 408 || status === 429) {
    return { kind: 'try-later', reason: word, afterMs: UNKNOWN_AFTER_MS, cause: 'vendor' };
  }
  return { kind: 'message-refused', reason: word, detail: 'Apple gives a reason unknown to us' };
};

const isDate = (timestamp: number | undefined): timestamp is number =>
  timestamp != null && !Number.isNaN(new Date(timestamp).getTime());

const failure = ({ status, body }: TransportReply): Outcome | StaleReason => {
  const { reason, timestamp } = parsed(body);
  if (reason == null || status < 400 || status >= 500) return unknownAnswer(status, reason);
  const detail = ownEntry(STALE, reason);
  if (detail != null) return { kind: 'stale', reason, detail };
  const verdict = ownEntry(VERDICTS, reason);
  if (!verdict) return unknownAnswer(status, reason);
  // Apple dates a 410: the app may have registered the token again since.
  const since = verdict === gone && isDate(timestamp) ? { since: new Date(timestamp) } : {};
  return { ...verdict, reason, ...since };
};

/** A success has no body; what answers 200 with a page is not Apple. */
const isSuccess = ({ status, body }: TransportReply): boolean =>
  status === 200 && body.length === 0;

export const read = (
  reply: TransportReply,
  targets: readonly Target[],
): Outcome[] | StaleCredential => {
  if (isSuccess(reply)) {
    const messageId = headerOf(reply, 'apns-id');
    const accepted: Outcome = { kind: 'accepted', ...(messageId ? { messageId } : {}) };
    return targets.map(() => accepted);
  }
  const answer = failure(reply);
  if (answer.kind !== 'stale') return targets.map(() => answer);
  const { reason, detail } = answer;
  const otherwise = targets.map((): Outcome => ({ kind: 'account-refused', reason, detail }));
  return { kind: 'stale-credential', otherwise, newConnection: true };
};
