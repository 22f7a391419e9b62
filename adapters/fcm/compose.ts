/** Composes what FCM is sent: the JSON once for all targets, and the token of each into its place. Pure. */
import type { Message, Target } from '../adapter.js';
import type { VendorRequest } from '../http-adapter.js';
import { TASK_KEY, URL_KEY } from './data-keys.js';
import { MAX_TTL_SECONDS } from './overrides.js';
import type { FcmSettings } from './settings.js';

export type ComposeSettings = Pick<
  FcmSettings,
  'serviceAccount' | 'channels' | 'defaultChannel' | 'restrictedPackageName'
>;

type Json = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** `over` laid on `base`, member by member; lists and texts are replaced. */
const laidOver = (base: Json, over: Json): Json => {
  const laid: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const below = laid[key];
    laid[key] = isObject(below) && isObject(value) ? laidOver(below, value) : value;
  }
  return laid;
};

/** Without what is undefined; undefined when nothing is left. */
const given = (members: Json): Json | undefined => {
  const entries = Object.entries(members).filter(([, value]) => value !== undefined);
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
};

/** A message that shows nothing: FCM hands it to the app. */
export const isDataOnly = ({ silent, title, body }: Message): boolean =>
  silent || (title == null && body == null);

export const dataOf = (message: Message): Readonly<Record<string, string>> | undefined => {
  const ours = given({
    [URL_KEY]: message.url,
    [TASK_KEY]: isDataOnly(message) ? message.taskId : undefined,
  });
  // The caller's own value of one of our keys wins.
  return given({ ...ours, ...message.data }) as Readonly<Record<string, string>> | undefined;
};

export const notificationOf = (message: Message): Json | undefined =>
  isDataOnly(message)
    ? undefined
    : given({ title: message.title, body: message.body, image: message.image });

const storeSecondsOf = ({ storeSeconds }: Message): number =>
  Math.min(Math.max(Math.floor(storeSeconds), 0), MAX_TTL_SECONDS);

const androidOf = (message: Message, settings: ComposeSettings): Json => {
  const { badge, collapseKey, dedupeId, purpose } = message;
  const notification = given({
    // Android replaces a notification of the same tag, so a repeat is seen once. `collapse_key` is not used for that:
    // a device has four of them, and messages that have one are throttled.
    tag: collapseKey ?? dedupeId,
    channel_id: settings.channels[purpose] ?? settings.defaultChannel,
    sound: message.sound,
    notification_count: badge != null && badge > 0 ? badge : undefined,
  });
  return {
    priority: message.priority === 'high' ? 'HIGH' : 'NORMAL',
    ttl: `${storeSecondsOf(message)}s`,
    collapse_key: collapseKey,
    restricted_package_name: settings.restrictedPackageName,
    notification: isDataOnly(message) ? undefined : notification,
  };
};

/** For iOS tokens behind FCM. Unless told, FCM stores for 30 days and sends at priority 10. */
const apnsOf = (message: Message, nowMs: number): Json => {
  const dataOnly = isDataOnly(message);
  const storeSeconds = storeSecondsOf(message);
  const image = dataOnly ? undefined : message.image;
  const aps = given({
    badge: message.badge,
    sound: dataOnly ? undefined : message.sound,
    'content-available': dataOnly ? 1 : undefined,
    // Only an app extension can fetch the image, and it is only asked when the payload is mutable.
    'mutable-content': image == null ? undefined : 1,
  });
  return {
    headers: {
      // Apple refuses background pushes of priority 10.
      'apns-priority': message.priority === 'high' && !dataOnly ? '10' : '5',
      'apns-push-type': dataOnly ? 'background' : 'alert',
      'apns-expiration': storeSeconds === 0 ? '0' : String(Math.floor(nowMs / 1000) + storeSeconds),
      'apns-collapse-id': message.collapseKey ?? message.dedupeId,
    },
    payload: aps && { aps },
    fcm_options: given({ image }),
  };
};

const webpushOf = (message: Message): Json => ({
  headers: {
    TTL: String(storeSecondsOf(message)),
    Urgency: message.priority === 'high' ? 'high' : 'normal',
  },
  // FCM takes https links only.
  fcm_options: given({ link: message.url?.startsWith('https://') ? message.url : undefined }),
});

/** `nowMs`: milliseconds since 1970; what is stored until is an instant for Apple. */
export const compose = (
  message: Message,
  settings: ComposeSettings,
  nowMs: number,
): ((targets: readonly Target[]) => VendorRequest) => {
  const composed = {
    notification: notificationOf(message),
    data: dataOf(message),
    android: androidOf(message, settings),
    apns: apnsOf(message, nowMs),
    webpush: webpushOf(message),
  };
  const shared = JSON.stringify(laidOver(composed, message.overrides ?? {}));
  const path = `/v1/projects/${settings.serviceAccount.project_id}/messages:send`;
  const headers = { 'content-type': 'application/json' };
  const beforeToken = '{"message":{"token":';
  const afterToken = `,${shared.slice(1)}}`;
  return ([target]) => ({
    path,
    headers,
    body: beforeToken + JSON.stringify(target?.token) + afterToken,
  });
};
