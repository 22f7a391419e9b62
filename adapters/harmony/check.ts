/** Finds what Huawei would refuse in a message before it is sent. */
import type { Message, Problem } from '../adapter.js';
import { largestField } from '../largest-field.js';
import {
  bytesWithoutTokens,
  categoryOf,
  compose,
  isBadgeOnly,
  isShown,
  overridesOf,
  pushTypeOf,
} from './compose.js';
import { type HarmonyOverrides, ONLY_FOR } from './overrides.js';
import type { HarmonySettings } from './settings.js';

// https://developer.huawei.com/consumer/cn/doc/harmonyos-references/push-scenariozed-api-response (80300008)
export const PAYLOAD_BYTES = 4096;
const MAX_BADGE = 99;
const OVERRIDES = 'message.overrides.harmony';

const invalid = (field: string, detail: string): Problem => ({
  code: 'MESSAGE_INVALID',
  field,
  detail,
});

const purposeProblems = (message: Message, settings: HarmonySettings): Problem[] => {
  const needsCategory = isShown(message) && !isBadgeOnly(message);
  if (!needsCategory || categoryOf(message, settings) != null) return [];
  const setting = `categories.${message.purpose}`;
  const detail = `Harmony wants a category: map the purpose in the setting \`${setting}\``;
  return [{ code: 'PURPOSE_NOT_MAPPED', field: setting, detail }];
};

const textProblems = (message: Message): Problem[] =>
  isShown(message) && !isBadgeOnly(message)
    ? (['title', 'body'] as const)
        .filter((name) => !message[name])
        .map((name) => invalid(`message.${name}`, 'Harmony shows nothing without title and body'))
    : [];

const silentProblems = (message: Message): Problem[] => {
  const pushType = pushTypeOf(message);
  const field = `${OVERRIDES}.pushType`;
  if (isShown(message) && message.silent) {
    return [invalid(field, `Push type ${pushType} shows something, but the message is silent`)];
  }
  return !isShown(message) && pushType !== 'liveView' && pushType !== 'call' && !message.silent
    ? [invalid(field, `Push type ${pushType} shows nothing: \`silent\` must be true`)]
    : [];
};

const overrideProblems = (message: Message): Problem[] => {
  const over = overridesOf(message);
  const pushType = pushTypeOf(message);
  const misplaced = (Object.keys(ONLY_FOR) as (keyof HarmonyOverrides)[])
    .filter((name) => over[name] != null && !ONLY_FOR[name]?.includes(pushType))
    .map((name) =>
      invalid(`${OVERRIDES}.${name}`, `Only push type ${ONLY_FOR[name]?.join(' or ')} has it`),
    );
  const missing = (['form', 'liveView'] as const)
    .filter((name) => pushType === name && over[name] == null)
    .map((name) => invalid(`${OVERRIDES}.${name}`, `Push type ${name} needs it`));
  return [...misplaced, ...missing];
};

const soundProblems = (message: Message, settings: HarmonySettings): Problem[] =>
  categoryOf(message, settings) === 'MARKETING'
    ? (['sound', 'soundDuration'] as const)
        .filter((name) => overridesOf(message)[name] != null)
        .map((name) => invalid(`${OVERRIDES}.${name}`, 'Category MARKETING has no sound'))
    : [];

const rangeProblems = (message: Message): Problem[] => {
  const { badge, image, silent } = message;
  const { style, inboxContent, badge: ownBadge } = overridesOf(message);
  const problems: Problem[] = [];
  if (!silent && ownBadge == null && badge != null && badge > MAX_BADGE) {
    problems.push(invalid('message.badge', `Harmony allows 0 to ${MAX_BADGE}`));
  }
  if (image != null && !image.startsWith('https://')) {
    problems.push(invalid('message.image', 'Harmony allows https addresses only'));
  }
  if (style != null && (style === 3) !== (inboxContent != null)) {
    problems.push(invalid(`${OVERRIDES}.style`, 'Style 3 and `inboxContent` need each other'));
  }
  return problems;
};

export const payloadBytes = (message: Message, settings: HarmonySettings): number =>
  bytesWithoutTokens(compose(message, settings));

const payloadProblems = (message: Message, settings: HarmonySettings): Problem[] => {
  const bytes = payloadBytes(message, settings);
  if (bytes <= PAYLOAD_BYTES) return [];
  const detail = `Payload is ${bytes} bytes without tokens, Harmony allows ${PAYLOAD_BYTES}`;
  return [{ code: 'PAYLOAD_TOO_LARGE', field: largestField(message), detail }];
};

export const check = (message: Message, settings: HarmonySettings): Problem[] => [
  ...purposeProblems(message, settings),
  ...textProblems(message),
  ...silentProblems(message),
  ...overrideProblems(message),
  ...soundProblems(message, settings),
  ...rangeProblems(message),
  ...payloadProblems(message, settings),
];
