/** The values of Harmony's `push-type` header, and how many tokens each of them takes. */

// https://developer.huawei.com/consumer/cn/doc/harmonyos-references/push-scenariozed-api-request-param
export const PUSH_TYPES = {
  alert: 0,
  form: 1,
  voiceBroadcast: 2,
  background: 6,
  liveView: 7,
  call: 10,
} as const;

export type PushType = keyof typeof PUSH_TYPES;

export const PUSH_TYPE_NAMES = Object.keys(PUSH_TYPES) as PushType[];

export const TOKENS_PER_REQUEST = 1000;
/** Refreshing a card on the home screen takes one token a request. */
const TOKENS_PER_FORM_REQUEST = 1;
export const TOKENS_PER_TEST_REQUEST = 10;

export const tokensPerRequest = (pushType: PushType, isTest: boolean): number => {
  if (pushType === 'form') return TOKENS_PER_FORM_REQUEST;
  return isTest ? TOKENS_PER_TEST_REQUEST : TOKENS_PER_REQUEST;
};

/** Push types whose message is made of title and body. */
export const SHOWN_PUSH_TYPES: readonly PushType[] = ['alert', 'voiceBroadcast'];
