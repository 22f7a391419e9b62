/** The rules of a message that its schema cannot tell: targets, reserved names, sizes and ranges. */
import { type FieldViolation, INVALID_TOKEN_TEXT } from './errors.js';
import { TARGETS } from './message.js';
import type { Json } from './schema.js';

const PAYLOAD_BYTES = 4096;
const TOPIC_PAYLOAD_BYTES = 2048;
const MAX_TTL_SECONDS = 2_419_200;
const MAX_TOPICS = 5;

const TOKEN = /^[\w-]{20,}:APA91b[\w-]{100,}$/;
const FID = /^[c-f][\w-]{21}$/;
const TOPIC = /^[a-zA-Z0-9\-_.~%]+$/;
const CONDITION_TOPIC = /'([^']*)' in topics/g;
const ANALYTICS_LABEL = /^[a-zA-Z0-9\-_.~%]{1,50}$/;
const COLOR = /^#[0-9a-fA-F]{6}$/;
const RESERVED_KEY = /^(from$|message_type$|google\.|gcm\.notification\.)/;

export interface ValidationContext {
  /** The package that the simulated tokens belong to. */
  readonly packageName: string;
}

/** `bare`: the vendor says it without details. */
export type MessageFault = FieldViolation & { readonly bare?: true };

/** The value at a path of a normalized message. */
const at = (value: Json, ...path: string[]): unknown =>
  path.reduce<unknown>(
    (inner, name) =>
      typeof inner === 'object' && inner != null ? (inner as Json)[name] : undefined,
    value,
  );

const textAt = (value: Json, ...path: string[]): string | undefined => {
  const found = at(value, ...path);
  return typeof found === 'string' ? found : undefined;
};

const fault = (field: string, description: string): MessageFault => ({ field, description });

const checkTarget = (message: Json): MessageFault | undefined => {
  const target = TARGETS.find((name) => Object.hasOwn(message, name));
  if (target == null) return fault('message', 'Recipient of the message is not set.');
  const value = String(message[target]);
  switch (target) {
    case 'token':
      return TOKEN.test(value) ? undefined : fault('message.token', INVALID_TOKEN_TEXT);
    case 'fid':
      return FID.test(value) ? undefined : fault('message.fid', 'Invalid Firebase installation id');
    case 'topic':
      return TOPIC.test(value) ? undefined : fault('message.topic', 'Invalid topic name');
    case 'condition':
      return checkCondition(value);
  }
};

const checkCondition = (condition: string): MessageFault | undefined => {
  const topics = [...condition.matchAll(CONDITION_TOPIC)].map(([, topic]) => topic ?? '');
  const operators = condition.replace(CONDITION_TOPIC, 'T').replace(/\s|\(|\)/g, '');
  const isSound =
    topics.length > 0 &&
    topics.length <= MAX_TOPICS &&
    topics.every((topic) => TOPIC.test(topic)) &&
    /^!?T((&&|\|\|)!?T)*$/.test(operators);
  return isSound ? undefined : fault('message.condition', 'Invalid condition expression provided.');
};

const DATA_PATHS = [['data'], ['android', 'data'], ['android_v2', 'data'], ['webpush', 'data']];

const checkData = (message: Json): MessageFault | undefined => {
  for (const path of DATA_PATHS) {
    const reserved = Object.keys(at(message, ...path) ?? {}).find((key) => RESERVED_KEY.test(key));
    if (reserved != null) {
      return fault(['message', ...path].join('.'), `Invalid data payload key: ${reserved}`);
    }
  }
  return undefined;
};

/** UTF-8 bytes of keys and values. */
const bytesOf = (fields: unknown): number =>
  Object.entries((fields ?? {}) as Json).reduce(
    (bytes, [key, value]) => bytes + Buffer.byteLength(key) + Buffer.byteLength(String(value)),
    0,
  );

const checkSize = (message: Json): MessageFault | undefined => {
  const bytes =
    bytesOf(message.notification) + bytesOf(at(message, 'android', 'data') ?? message.data);
  const limit = message.topic == null ? PAYLOAD_BYTES : TOPIC_PAYLOAD_BYTES;
  return bytes <= limit
    ? undefined
    : { ...fault('message', 'Android message is too big'), bare: true };
};

const checkTtl = (message: Json): MessageFault | undefined => {
  for (const config of ['android', 'android_v2']) {
    const ttl = textAt(message, config, 'ttl');
    if (ttl == null) continue;
    const seconds = Number(ttl.slice(0, -1));
    if (seconds < 0 || seconds > MAX_TTL_SECONDS || ttl.startsWith('-')) {
      return fault(
        `message.${config}.ttl`,
        'Invalid time-to-live: it must be from 0 to 2419200 seconds',
      );
    }
  }
  return undefined;
};

type Rule = readonly [path: readonly string[], isSound: (text: string) => boolean, text: string];

const isLabel = (text: string): boolean => ANALYTICS_LABEL.test(text);
const isHttps = (text: string): boolean => text.startsWith('https://') && URL.canParse(text);
const LABEL_TEXT = 'Invalid analytics label';
const URL_TEXT = 'The URL must be https';

const TEXT_RULES: readonly Rule[] = [
  [['fcm_options', 'analytics_label'], isLabel, LABEL_TEXT],
  [['android', 'fcm_options', 'analytics_label'], isLabel, LABEL_TEXT],
  [['apns', 'fcm_options', 'analytics_label'], isLabel, LABEL_TEXT],
  [['webpush', 'fcm_options', 'analytics_label'], isLabel, LABEL_TEXT],
  [['webpush', 'fcm_options', 'link'], isHttps, URL_TEXT],
  [['notification', 'image'], isHttps, URL_TEXT],
  [['android', 'notification', 'image'], isHttps, URL_TEXT],
  [['apns', 'fcm_options', 'image'], isHttps, URL_TEXT],
  [
    ['android', 'notification', 'color'],
    (text) => COLOR.test(text),
    'Invalid color: #rrggbb is expected',
  ],
];

const checkTexts = (message: Json): MessageFault | undefined => {
  for (const [path, isSound, text] of TEXT_RULES) {
    const value = textAt(message, ...path);
    if (value != null && !isSound(value)) return fault(['message', ...path].join('.'), text);
  }
  return undefined;
};

const checkAndroid = (message: Json, context: ValidationContext): MessageFault | undefined => {
  const packageName = textAt(message, 'android', 'restricted_package_name');
  if (packageName != null && packageName !== context.packageName) {
    return fault(
      'message.android.restricted_package_name',
      'The registration token does not belong to the restricted package',
    );
  }
  const count = at(message, 'android', 'notification', 'notification_count');
  if (typeof count === 'number' && count < 0) {
    return fault(
      'message.android.notification.notification_count',
      'The count must not be negative',
    );
  }
  const color = at(message, 'android', 'notification', 'light_settings', 'color');
  if (Object.values((color ?? {}) as Json).some((part) => Number(part) < 0 || Number(part) > 1)) {
    return fault(
      'message.android.notification.light_settings.color',
      'Parts of a color are from 0 to 1',
    );
  }
  return undefined;
};

/** Data alone reaches an iPhone with priority 5 only. */
const checkApns = (message: Json): MessageFault | undefined => {
  const aps = at(message, 'apns', 'payload', 'aps');
  if (aps !== undefined && (typeof aps !== 'object' || aps == null || Array.isArray(aps))) {
    return fault('message.apns.payload.aps', 'aps must be an object');
  }
  const isBackground = at(message, 'apns', 'headers', 'apns-push-type') === 'background';
  return isBackground && at(message, 'apns', 'headers', 'apns-priority') === '10'
    ? fault('message.apns.headers', 'Background messages must have apns-priority 5')
    : undefined;
};

/** The first fault of a normalized message. */
export const checkMessage = (message: Json, context: ValidationContext): MessageFault | undefined =>
  checkTarget(message) ??
  checkData(message) ??
  checkSize(message) ??
  checkTtl(message) ??
  checkTexts(message) ??
  checkAndroid(message, context) ??
  checkApns(message);
