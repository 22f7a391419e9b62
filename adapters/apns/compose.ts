/** Turns a message into the headers and the payload that every device of a batch gets. */
import { Notification } from '@parse/node-apn';
import type { Message, Target } from '../adapter.js';
import type { VendorRequest } from '../http-adapter.js';
import type { ApnsOverrides, LiveActivity } from './overrides.js';
import { type Priority, type PushType, type PushTypeRule, ruleOf } from './push-types.js';
import type { ApnsSettings } from './settings.js';

export interface ComposedPush {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

type Fields = Record<string, unknown>;

export const overridesOf = (message: Message): ApnsOverrides => message.overrides ?? {};

export const pushTypeOf = (message: Message): PushType =>
  overridesOf(message).pushType ?? (message.silent ? 'background' : 'alert');

/** Undefined when neither the bundle id nor the settings give one. */
export const topicOf = (pushType: PushType, settings: ApnsSettings): string | undefined => {
  const { topicSuffix } = ruleOf(pushType);
  const derived = topicSuffix == null ? undefined : settings.bundleId + topicSuffix;
  return settings.topics?.[pushType] ?? derived;
};

export const priorityOf = (message: Message, rule: PushTypeRule): Priority => {
  const wanted = overridesOf(message).priority ?? (message.priority === 'high' ? 10 : 5);
  return rule.priorities.includes(wanted) ? wanted : (rule.priorities[0] ?? wanted);
};

const given = (fields: Fields): Fields | undefined => {
  const kept = Object.entries(fields).filter(([, value]) => value !== undefined);
  return kept.length > 0 ? Object.fromEntries(kept) : undefined;
};

const flag = (on: boolean | undefined): 1 | undefined => (on ? 1 : undefined);

const visibleFields = (message: Message, over: ApnsOverrides): Fields => ({
  alert: given({
    title: message.title,
    subtitle: over.subtitle,
    body: message.body,
    'launch-image': over.launchImage,
    'title-loc-key': over.titleLocKey,
    'title-loc-args': over.titleLocArgs,
    'subtitle-loc-key': over.subtitleLocKey,
    'subtitle-loc-args': over.subtitleLocArgs,
    'loc-key': over.locKey,
    'loc-args': over.locArgs,
  }),
  badge: over.badge ?? message.badge,
  sound:
    typeof over.sound === 'object'
      ? { ...over.sound, critical: over.sound.critical ? 1 : 0 }
      : (over.sound ?? message.sound),
});

/** `timestamp` orders the updates of one activity, so it is the instant of composing unless the caller has a better one. */
const liveActivityFields = (live: LiveActivity | undefined, nowSeconds: number): Fields =>
  live == null
    ? {}
    : {
        timestamp: live.timestamp ?? nowSeconds,
        event: live.event,
        'content-state': live.contentState,
        'stale-date': live.staleDate,
        'dismissal-date': live.dismissalDate,
        'attributes-type': live.attributesType,
        attributes: live.attributes,
        'input-push-token': flag(live.inputPushToken),
        'input-push-channel': live.inputPushChannel,
      };

const apsOf = (message: Message, rule: PushTypeRule, nowSeconds: number): Fields => {
  const over = overridesOf(message);
  const visible = rule.shows !== 'never' && !message.silent;
  return {
    ...(visible ? visibleFields(message, over) : {}),
    'content-available': flag(over.contentAvailable),
    // Without it the app's service extension, which fetches the image, is not started.
    'mutable-content': flag(over.mutableContent ?? (visible && message.image != null)),
    'thread-id': over.threadId,
    category: over.category,
    'target-content-id': over.targetContentId,
    'interruption-level': over.interruptionLevel,
    'relevance-score': over.relevanceScore,
    'filter-criteria': over.filterCriteria,
    ...liveActivityFields(over.liveActivity, nowSeconds),
    ...rule.aps,
  };
};

/** For the app: its service extension fetches the image, and it opens the deep link on a tap. */
export const IMAGE_KEY = 'pigeonpost_image';
export const URL_KEY = 'pigeonpost_url';

/** What stands beside `aps`. */
const customFieldsOf = (message: Message): Fields => ({
  ...given({ [IMAGE_KEY]: message.image, [URL_KEY]: message.url }),
  ...message.data,
});

const payloadOf = (message: Message, rule: PushTypeRule, nowSeconds: number): Fields => {
  const aps = given(apsOf(message, rule, nowSeconds));
  const custom = customFieldsOf(message);
  // An empty dictionary is sent as such: a payload without `aps` is for managed devices only.
  return aps == null ? { rawPayload: { ...custom, aps: {} } } : { payload: custom, aps };
};

/** Apple shows one notification for one collapse id: that makes a repeat of ours harmless. */
export const collapseIdOf = (message: Message): string =>
  overridesOf(message).collapseId ?? message.collapseKey ?? message.dedupeId;

/** `nowMs`: milliseconds since 1970; the expiration that Apple wants is an instant. */
export const compose = (message: Message, settings: ApnsSettings, nowMs: number): ComposedPush => {
  const pushType = pushTypeOf(message);
  const rule = ruleOf(pushType);
  const over = overridesOf(message);
  const nowSeconds = Math.floor(nowMs / 1000);
  const nowOrNever = rule.nowOrNever || message.storeSeconds === 0;
  const notification = new Notification({
    topic: topicOf(pushType, settings),
    pushType,
    priority: priorityOf(message, rule),
    expiry: nowOrNever ? 0 : nowSeconds + message.storeSeconds,
    collapseId: collapseIdOf(message),
    ...(over.mdm == null ? payloadOf(message, rule, nowSeconds) : { mdm: over.mdm }),
  });
  const headers = Object.entries(headersOf(notification)).map(([name, value]) => [
    name,
    String(value),
  ]);
  return {
    headers: Object.fromEntries(headers) as Record<string, string>,
    body: Buffer.from(compiled(notification)),
  };
};

/** Both methods are public, but missing in the package's own types. */
interface CompiledNotification {
  headers(): Record<string, string | number>;
  compile(): string;
}
const headersOf = (notification: Notification) =>
  (notification as unknown as CompiledNotification).headers();
const compiled = (notification: Notification) =>
  (notification as unknown as CompiledNotification).compile();

export const requestTo = ({ headers, body }: ComposedPush, target: Target): VendorRequest => ({
  path: `/3/device/${target.token}`,
  headers,
  body,
});
