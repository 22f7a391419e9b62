/** The rules of an APNs request apart from its credential, in the order in which Apple looks. */
import type { IncomingHttpHeaders } from 'node:http';
import type { ApnsReason } from './answers.js';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const MAX_COLLAPSE_ID_BYTES = 64;
const PRIORITIES = ['1', '5', '10'];
const DEVICE_PATH = '/3/device/';
/** Apple says not to count on 64 digits; Live Activity tokens are longer. */
const DEVICE_TOKEN = /^(?:[0-9a-fA-F]{2}){32,100}$/;
const SAME_DIGIT = /^(.)\1+$/;
/** Seconds since 1970 in the year 2100: more are milliseconds by mistake. */
const LAST_EXPIRATION = 4_102_444_800;

const PAYLOAD_BYTES = 4096;
const VOIP_PAYLOAD_BYTES = 5120;

/** What a push type adds to the bundle id; undefined: the topic is no bundle id at all. */
const TOPIC_SUFFIXES: Readonly<Record<string, string | undefined>> = {
  alert: '',
  background: '',
  voip: '.voip',
  complication: '.complication',
  fileprovider: '.pushkit.fileprovider',
  mdm: undefined,
  location: '.location-query',
  liveactivity: '.push-type.liveactivity',
  pushtotalk: '.voip-ptt',
  widgets: '.push-type.widgets',
  controls: '.push-type.controls',
};

/** Push types that need a token instead of a certificate. */
const TOKEN_ONLY = ['location', 'liveactivity'];

const SINGLE_HEADERS = [
  'authorization',
  'apns-id',
  'apns-topic',
  'apns-push-type',
  'apns-priority',
  'apns-expiration',
  'apns-collapse-id',
];

export const textOf = (value: string | string[] | undefined): string | undefined =>
  Array.isArray(value) ? value.join(',') : value;

export const hasValidId = (headers: IncomingHttpHeaders): boolean => {
  const id = textOf(headers['apns-id']);
  return id == null || UUID.test(id);
};

const hasDoubled = (rawHeaders: readonly string[]): boolean => {
  const names = rawHeaders.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase());
  return SINGLE_HEADERS.some((name) => names.indexOf(name) !== names.lastIndexOf(name));
};

const isExpiration = (text: string): boolean =>
  /^\d+$/.test(text) && Number(text) <= LAST_EXPIRATION;

export interface HeaderFacts {
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
  readonly rawHeaders: readonly string[];
  /** The topic that counts: a certificate may stand in for the header. */
  readonly topic: string | undefined;
  readonly hasCertificate: boolean;
}

/** Faults of method and headers. */
export const checkHeaders = (facts: HeaderFacts): ApnsReason | undefined => {
  const { headers } = facts;
  if (!hasValidId(headers)) return 'BadMessageId';
  if (facts.method !== 'POST') return 'MethodNotAllowed';
  if (hasDoubled(facts.rawHeaders)) return 'DuplicateHeaders';
  if (facts.topic == null || facts.topic === '') return 'MissingTopic';
  const collapseId = textOf(headers['apns-collapse-id']);
  if (collapseId != null && Buffer.byteLength(collapseId) > MAX_COLLAPSE_ID_BYTES) {
    return 'BadCollapseId';
  }
  const expiration = textOf(headers['apns-expiration']);
  if (expiration != null && !isExpiration(expiration)) return 'BadExpirationDate';
  const priority = textOf(headers['apns-priority']) ?? '10';
  if (!PRIORITIES.includes(priority)) return 'BadPriority';
  const pushType = textOf(headers['apns-push-type']) ?? '';
  if (!Object.hasOwn(TOPIC_SUFFIXES, pushType)) return 'InvalidPushType';
  if (facts.hasCertificate && TOKEN_ONLY.includes(pushType)) return 'InvalidPushType';
  return checkPairing(pushType, priority, expiration);
};

const checkPairing = (
  pushType: string,
  priority: string,
  expiration: string | undefined,
): ApnsReason | undefined => {
  if (pushType === 'background' && priority !== '5') return 'BadPriority';
  if (pushType !== 'pushtotalk') return undefined;
  if (priority !== '10') return 'BadPriority';
  return expiration === '0' ? undefined : 'BadExpirationDate';
};

export type PathReading = { readonly token: string } | { readonly reason: ApnsReason };

export const readPath = (path: string): PathReading => {
  if (!path.startsWith(DEVICE_PATH)) return { reason: 'BadPath' };
  const token = path.slice(DEVICE_PATH.length);
  if (token === '') return { reason: 'MissingDeviceToken' };
  if (token.includes('/')) return { reason: 'BadPath' };
  // No device was ever given 64 times the same digit.
  const isToken = DEVICE_TOKEN.test(token) && !SAME_DIGIT.test(token);
  return isToken ? { token: token.toLowerCase() } : { reason: 'BadDeviceToken' };
};

/** Whether a topic is the app's, with the suffix that the push type wants. */
export const checkTopic = (
  topic: string,
  pushType: string,
  bundleIds: readonly string[],
): ApnsReason | undefined => {
  if (!/^[A-Za-z0-9.-]+$/.test(topic)) return 'BadTopic';
  const suffix = TOPIC_SUFFIXES[pushType];
  if (suffix == null) return undefined;
  return bundleIds.some((bundleId) => topic === bundleId + suffix) ? undefined : 'TopicDisallowed';
};

type Aps = Record<string, unknown>;

const isObject = (value: unknown): value is Aps =>
  typeof value === 'object' && value != null && !Array.isArray(value);

const parse = (body: Buffer): unknown => {
  try {
    return JSON.parse(body.toString());
  } catch {
    return undefined;
  }
};

const showsSomething = (aps: Aps): boolean =>
  aps.alert != null || aps.badge != null || aps.sound != null;

/** Faults of the body. */
export const checkPayload = (body: Buffer, pushType: string): ApnsReason | undefined => {
  if (body.length === 0) return 'PayloadEmpty';
  const limit = pushType === 'voip' ? VOIP_PAYLOAD_BYTES : PAYLOAD_BYTES;
  if (body.length > limit) return 'PayloadTooLarge';
  const payload = parse(body);
  if (!isObject(payload)) return 'PayloadEmpty';
  if (pushType === 'mdm') return undefined;
  const { aps } = payload;
  if (!isObject(aps)) return pushType === 'voip' ? undefined : 'PayloadEmpty';
  if (pushType === 'background') {
    return aps['content-available'] === 1 && !showsSomething(aps) ? undefined : 'InvalidPushType';
  }
  return pushType === 'alert' && !showsSomething(aps) ? 'InvalidPushType' : undefined;
};
