/** What each push-type's payload must look like. */
import {
  bool,
  type Check,
  checkObject,
  int,
  isObject,
  type Json,
  listOf,
  matching,
  object,
  oneOf,
  text,
} from './fields.js';

export const PUSH_TYPES = ['0', '1', '2', '6', '7', '10'] as const;
export type PushType = (typeof PUSH_TYPES)[number];

const CATEGORIES = [
  'IM',
  'VOIP',
  'MISS_CALL',
  'SUBSCRIPTION',
  'TRAVEL',
  'HEALTH',
  'WORK',
  'ACCOUNT',
  'EXPRESS',
  'FINANCE',
  'DEVICE_REMINDER',
  'MAIL',
  'MARKETING',
];
const VOICE_CATEGORY = 'PLAY_VOICE';

const httpsUrl = matching(/^https:\/\/\S+$/, 'an https URL');
const INT32_MAX = 2 ** 31 - 1;

const badge: Check = (value) =>
  checkObject(value, 'badge', { optional: { addNum: int(1, 99), setNum: int(0, 99) } }) ??
  (isObject(value) && value.addNum === undefined && value.setNum === undefined
    ? 'must have addNum or setNum'
    : undefined);

const OWN_PAGE = 1;

const clickAction: Check = (value) => {
  const fault = checkObject(value, 'clickAction', {
    required: { actionType: oneOf(0, OWN_PAGE) },
    optional: { action: text(), uri: text(), data: object },
  });
  if (fault != null || !isObject(value)) return fault;
  const opensNothing = value.action === undefined && value.uri === undefined;
  return value.actionType === OWN_PAGE && opensNothing ? 'must have action or uri' : undefined;
};

/** Blanks are allowed, other white space is not. */
const appMessageId = matching(/^[A-Za-z0-9+/=_\- ]{1,64}$/, '1 to 64 letters, digits and +/=_-');

const OPTIONAL = {
  image: httpsUrl,
  style: oneOf(0, 1, 3),
  inboxContent: listOf(text(1024), 3),
  notifyId: int(-1, INT32_MAX),
  appMessageId,
  badge,
  profileId: text(64),
  sound: text(),
  soundDuration: int(1, 60),
  foregroundShow: bool,
};

const MULTI_LINE = 3;

const checkNotification = (value: unknown, categories: readonly string[]): string | undefined => {
  const path = 'payload.notification';
  const fault = checkObject(value, path, {
    required: { category: oneOf(...categories), title: text(), body: text(), clickAction },
    optional: OPTIONAL,
  });
  if (fault != null || !isObject(value)) return fault;
  if (value.category === 'MARKETING' && (value.sound ?? value.soundDuration) !== undefined) {
    return `${path}.sound is not for MARKETING`;
  }
  return value.style === MULTI_LINE && value.inboxContent === undefined
    ? `${path}.inboxContent is required for style ${MULTI_LINE}`
    : undefined;
};

const isBadgeOnly = (notification: unknown): notification is Json =>
  isObject(notification) && Object.keys(notification).join() === 'badge';

const checkAlert = (payload: Json): string | undefined =>
  checkObject(payload, 'payload', { required: { notification: object } }) ??
  (isBadgeOnly(payload.notification)
    ? checkObject(payload.notification, 'payload.notification', { required: { badge } })
    : checkNotification(payload.notification, CATEGORIES));

const checkForm = (payload: Json): string | undefined =>
  checkObject(payload, 'payload', {
    required: {
      formId: int(0, Number.MAX_SAFE_INTEGER),
      version: int(0, Number.MAX_SAFE_INTEGER),
      moduleName: text(),
      formName: text(),
      abilityName: text(),
      formData: object,
    },
    optional: { images: listOf(object, 1) },
  });

const checkVoice = (payload: Json): string | undefined =>
  checkObject(payload, 'payload', { required: { notification: object, extraData: text() } }) ??
  checkNotification(payload.notification, [VOICE_CATEGORY]);

const checkBackground = (payload: Json): string | undefined =>
  checkObject(payload, 'payload', {
    required: { extraData: text() },
    optional: { proxyData: oneOf('ENABLE') },
  });

const checkLiveView = (payload: Json): string | undefined =>
  checkObject(payload, 'payload', {
    required: {
      activityId: int(0, Number.MAX_SAFE_INTEGER),
      operation: oneOf(0, 1, 2),
      event: text(),
      status: text(),
    },
    optional: { version: int(0, Number.MAX_SAFE_INTEGER), activityData: object },
  });

/** The first fault of a payload. The fields of in-app calls are not documented well enough to refuse any. */
export const checkPayload = (pushType: PushType, payload: unknown): string | undefined => {
  if (!isObject(payload)) return 'payload is required';
  switch (pushType) {
    case '0':
      return checkAlert(payload);
    case '1':
      return checkForm(payload);
    case '2':
      return checkVoice(payload);
    case '6':
      return checkBackground(payload);
    case '7':
      return checkLiveView(payload);
    case '10':
      return undefined;
  }
};

/** What a person would see; undefined for nothing. */
export const notificationOf = (pushType: PushType, payload: unknown): Json | undefined => {
  const isShown = pushType === '0' || pushType === '2';
  const notification = isShown && isObject(payload) ? payload.notification : undefined;
  return isObject(notification) && !isBadgeOnly(notification) ? notification : undefined;
};
