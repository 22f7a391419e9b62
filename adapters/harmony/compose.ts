/** Turns a message into the body that every request of a batch shares; only the tokens are put in for each. */
import { createHash } from 'node:crypto';
import type { Message, Target } from '../adapter.js';
import type { VendorRequest } from '../http-adapter.js';
import type { HarmonyOverrides } from './overrides.js';
import { PUSH_TYPES, type PushType, SHOWN_PUSH_TYPES, tokensPerRequest } from './push-types.js';
import type { ClickAction, HarmonySettings } from './settings.js';

// https://developer.huawei.com/consumer/cn/doc/harmonyos-references/push-scenariozed-api-request-param
export const MAX_TTL_SECONDS = 1_296_000;
/** A call that rings later than this is no call any more. */
const MAX_CALL_TTL_SECONDS = 60;
/** Huawei documents no 0, so "now or never" is a second. */
const MIN_TTL_SECONDS = 1;

export interface ComposedPush {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The body up to and from the tokens. */
  readonly head: string;
  readonly tail: string;
}

type Fields = Record<string, unknown>;

export const overridesOf = (message: Message): HarmonyOverrides => message.overrides ?? {};

export const pushTypeOf = (message: Message): PushType =>
  overridesOf(message).pushType ?? (message.silent ? 'background' : 'alert');

const isTest = (message: Message, settings: HarmonySettings): boolean =>
  overridesOf(message).testMessage ?? settings.testMessage;

/** How many tokens one request of this message may hold. */
export const targetsPerRequest = (message: Message, settings: HarmonySettings): number =>
  tokensPerRequest(pushTypeOf(message), isTest(message, settings));

const badgeOf = (message: Message): Fields | undefined => {
  const { badge: setNum, badgeAdded: addNum } = message;
  const asked = addNum == null ? { setNum } : { addNum };
  return overridesOf(message).badge ?? (setNum == null && addNum == null ? undefined : asked);
};

/** A message that only changes the number on the app's icon. */
export const isBadgeOnly = (message: Message): boolean =>
  pushTypeOf(message) === 'alert' &&
  message.title == null &&
  message.body == null &&
  badgeOf(message) != null;

/** Undefined when the message's purpose is not mapped. */
export const categoryOf = (message: Message, settings: HarmonySettings): string | undefined => {
  if (pushTypeOf(message) === 'voiceBroadcast') return 'PLAY_VOICE';
  const { categories } = settings;
  return Object.hasOwn(categories, message.purpose) ? categories[message.purpose] : undefined;
};

/** The same text gives the same number from 0 to 2147483647, the range in which Huawei lets messages be recalled. */
const numberOf = (text: string): number =>
  createHash('sha256').update(text).digest().readUInt32BE() & 0x7fffffff;

/**
 * A notification overwrites another with the same id. Huawei's own collapse key has a hundred groups only: two keys of a
 * caller that fell into one would hide each other's messages, so a caller's key becomes the id of the notification.
 */
export const notifyIdOf = (message: Message): number =>
  overridesOf(message).notifyId ??
  numberOf(message.collapseKey == null ? `task:${message.taskId}` : `key:${message.collapseKey}`);

const clickActionOf = (message: Message, settings: HarmonySettings): ClickAction => {
  const { clickAction } = overridesOf(message);
  const linked: ClickAction | undefined =
    message.url == null ? undefined : { actionType: 1, uri: message.url };
  const chosen = clickAction ?? linked ?? settings.defaultClickAction ?? { actionType: 0 };
  const data = { ...message.data, ...chosen.data };
  return Object.keys(data).length > 0 ? { ...chosen, data } : chosen;
};

/** `default` is Apple's word for the system's own sound, which Harmony plays unasked; marketing has to be quiet. */
const soundOf = (message: Message, category: string | undefined): string | undefined =>
  overridesOf(message).sound ??
  (message.sound === 'default' || category === 'MARKETING' ? undefined : message.sound);

const notificationOf = (message: Message, settings: HarmonySettings): Fields => {
  if (isBadgeOnly(message)) return { badge: badgeOf(message) };
  const over = overridesOf(message);
  const category = categoryOf(message, settings);
  return {
    category,
    title: message.title,
    body: message.body,
    clickAction: clickActionOf(message, settings),
    image: message.image,
    style: over.style ?? (over.inboxContent ? 3 : undefined),
    inboxContent: over.inboxContent,
    // Of equal ids within 24 hours a phone shows the first: that makes a repeat of ours harmless.
    appMessageId: over.appMessageId ?? message.dedupeId,
    notifyId: notifyIdOf(message),
    badge: badgeOf(message),
    profileId: over.profileId,
    sound: soundOf(message, category),
    soundDuration: over.soundDuration,
    foregroundShow: over.foregroundShow,
  };
};

const extraDataOf = (message: Message): string =>
  overridesOf(message).extraData ?? JSON.stringify(message.data ?? {});

const payloadOf = (message: Message, settings: HarmonySettings): Fields => {
  const over = overridesOf(message);
  const pushType = pushTypeOf(message);
  switch (pushType) {
    case 'alert':
      return { notification: notificationOf(message, settings) };
    case 'voiceBroadcast':
      return { notification: notificationOf(message, settings), extraData: extraDataOf(message) };
    case 'form':
      return { ...over.form };
    case 'liveView':
      return { ...over.liveView };
    case 'background':
      return { extraData: extraDataOf(message), proxyData: over.proxyData };
    case 'call':
      return { extraData: extraDataOf(message) };
  }
};

const ttlOf = (message: Message): number => {
  const most = pushTypeOf(message) === 'call' ? MAX_CALL_TTL_SECONDS : MAX_TTL_SECONDS;
  return Math.min(Math.max(message.storeSeconds, MIN_TTL_SECONDS), most);
};

const pushOptionsOf = (message: Message, settings: HarmonySettings): Fields => {
  const over = overridesOf(message);
  return {
    ttl: ttlOf(message),
    // Receipts come back with it.
    biTag: message.dedupeId,
    testMessage: isTest(message, settings) || undefined,
    receiptId: over.receiptId ?? settings.receiptId,
    collapseKey: over.collapseKey,
    backgroundMode: over.backgroundMode,
  };
};

export const compose = (message: Message, settings: HarmonySettings): ComposedPush => {
  const shared = JSON.stringify({
    payload: payloadOf(message, settings),
    pushOptions: pushOptionsOf(message, settings),
  });
  return {
    path: `/v3/${settings.serviceAccount.project_id}/messages:send`,
    headers: {
      'content-type': 'application/json',
      'push-type': String(PUSH_TYPES[pushTypeOf(message)]),
    },
    head: `${shared.slice(0, -1)},"target":{"token":`,
    tail: '}}',
  };
};

/** Huawei's limit leaves the tokens out. */
export const bytesWithoutTokens = ({ head, tail }: ComposedPush): number =>
  Buffer.byteLength(head) + Buffer.byteLength('[]') + Buffer.byteLength(tail);

export const requestTo = (composed: ComposedPush, targets: readonly Target[]): VendorRequest => ({
  path: composed.path,
  headers: composed.headers,
  body: composed.head + JSON.stringify(targets.map(({ token }) => token)) + composed.tail,
});

/** Whether the phone shows title and body of this message. */
export const isShown = (message: Message): boolean =>
  SHOWN_PUSH_TYPES.includes(pushTypeOf(message));
