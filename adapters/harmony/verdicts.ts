/** What Huawei's codes, and its reasons for single tokens, mean for whom. */
import type { Outcome } from '../adapter.js';

type WithoutReason<O> = O extends { reason: string } ? Omit<O, 'reason'> : never;
/** An outcome that takes Huawei's own code or key as its reason. */
export type Verdict = WithoutReason<Outcome>;

/** Huawei documents neither Retry-After nor a number. */
export const TROUBLE_AFTER_MS = 10_000;
const TEST_QUOTA_AFTER_MS = 60_000;

const gone: Verdict = { kind: 'token-gone' };
const suspect: Verdict = { kind: 'token-gone', ambiguous: true };
const message = (detail: string): Verdict => ({ kind: 'message-refused', detail });
const account = (detail: string): Verdict => ({ kind: 'account-refused', detail });

/** A server that fails does not say that the push went nowhere. */
export const trouble: Verdict = {
  kind: 'try-later',
  afterMs: TROUBLE_AFTER_MS,
  mayHaveArrived: true,
  cause: 'vendor',
};

/** Flow control: more devices a second than AppGallery Connect shows for the app. */
export const tooFast: Verdict = { ...trouble, cause: 'rate' };

export const GATEWAY_FAULT = 'a fault of the gateway';

// https://developer.huawei.com/consumer/cn/doc/harmonyos-references/push-scenariozed-api-response
export const BY_TOKEN_REASON: ReadonlyMap<string, Verdict> = new Map(
  Object.entries({
    tokenFormatError: gone,
    tokenPlatformNotSupport: gone,
    // Every token looks like this when our own project is the wrong one.
    noRight: suspect,
    // A right of one push type or scene: other messages of this project are still welcome.
    noPushTypeRight: message('The project has no right to this push type: ask Huawei for it'),
    noRightToSendThisLiveNotificationEvent: message(
      'The project has no right to this live view event: ask Huawei for it',
    ),
    notSupportPlayVoice: message('The app does not take voice broadcasts'),
    atomicUnableSendUnsubscribedMsg: message(
      'An atomic service takes subscribed messages of some scenes only',
    ),
    countryNotSupport: message('Huawei does not push to this country'),
    differentImgVerifyPolicy: message('The image was checked for another push type'),
    disableSendHuaweiMsgBecauseOfPenalty: account('Huawei has barred the app from sending'),
    appinfoError: account('Huawei does not know the app: create it in AppGallery Connect'),
  }),
);

// https://developer.huawei.com/consumer/cn/doc/harmonyos-references/push-scenariozed-api-response
export const BY_CODE: ReadonlyMap<string, Verdict> = new Map(
  Object.entries({
    '80100001': message('A parameter is wrong'),
    '80100003': message('The structure of the payload is wrong'),
    '80100004': message('The storage time is wrong'),
    '80100022': message('The image has not passed Huawei’s check: leave it out'),
    '80300008': message('The message is larger than 4096 bytes without tokens'),
    '80300010': message(`Too many tokens in one request: ${GATEWAY_FAULT}`),
    '80300030': message(`Too many tokens in one test request: ${GATEWAY_FAULT}`),
    '80200006': account('Huawei has disabled the app or its credential'),
    '80300002': account(
      'No permission to push: enable Push Kit, and check that serviceAccount is of the app’s project',
    ),
    '80300036': account(
      'The signed token lives longer than a day: check the clock of this machine',
    ),
    '80300037': account('Huawei has barred the app from sending'),
    '80300029': { kind: 'try-later', afterMs: TEST_QUOTA_AFTER_MS, cause: 'vendor' },
    '81000001': trouble,
  } satisfies Record<string, Verdict>),
);

/** One freshly signed token and one repeat are worth a try; then the words are for the operator. */
export const STALE_CODES: ReadonlyMap<string, string> = new Map([
  [
    '80200001',
    'Huawei refuses a freshly signed token: check serviceAccount, its project, and the clock of this machine',
  ],
  ['80200005', 'Huawei calls a freshly signed token expired: check the clock of this machine'],
]);
