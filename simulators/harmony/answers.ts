/** What Push Kit can say: reasons for single tokens, codes for whole requests, and the shared behaviours. */
import { type Answer, type Behaviour, behaviours } from '../answers.js';
import { jsonReply, type Reply, retryAfter } from '../exchange.js';

// https://developer.huawei.com/consumer/cn/doc/harmonyos-references/push-scenariozed-api-response
// Code: HTTP status, what the token carries, text. A code without digits is never caused by a token.
const CODES = {
  '80100001': [400, '21', 'Incorrect parameters'],
  '80100003': [400, '22', 'Illegal payload'],
  '80100004': [400, '23', 'Illegal expire time'],
  '80100022': [400, '24', 'The image is not verified'],
  '80200001': [401, '25', 'Authentication error'],
  '80200005': [401, '26', 'The token has expired'],
  '80200006': [401, '27', 'The token is disabled'],
  '80300002': [400, '28', 'No permission to send messages'],
  '80300007': [400, '29', 'All the tokens are invalid'],
  '80300008': [400, '30', 'The message body is too large'],
  '80300010': [400, '31', 'Illegal number of tokens'],
  '80300029': [400, '32', 'Test messages are sent too frequently'],
  '80300030': [400, '33', 'Too many tokens for a test message'],
  '80300036': [400, '34', 'The lifetime of the token exceeds one day'],
  '80300037': [400, '35', 'The app is penalised'],
  '81000001': [500, '36', 'Internal error'],
} as const;

export type HarmonyCode = keyof typeof CODES;

/** Reason keys of `illegalTokens`, and what the token carries. */
const REASONS = {
  tokenFormatError: '01',
  noRight: '02',
  tokenPlatformNotSupport: '03',
  noPushTypeRight: '04',
  noRightToSendThisLiveNotificationEvent: '05',
  notSupportPlayVoice: '06',
  atomicUnableSendUnsubscribedMsg: '07',
  countryNotSupport: '08',
  disableSendHuaweiMsgBecauseOfPenalty: '09',
  differentImgVerifyPolicy: '10',
  appinfoError: '11',
} as const;

export type HarmonyReason = keyof typeof REASONS;

/** `reasonKey`: this token alone is refused, under this key; the others of the request are not touched. */
export interface HarmonyRow extends Answer {
  readonly reasonKey?: string;
}

let requests = 0;

export const harmonyReply = (
  status: number,
  code: string,
  msg: string,
  headers: Readonly<Record<string, string>> = {},
): Reply => {
  requests += 1;
  const requestId = `${Date.now()}${String(requests).padStart(8, '0')}`;
  return jsonReply(status, { code, msg, requestId }, headers);
};

export const harmonyRefusal = (code: HarmonyCode, detail?: string): Reply => {
  const [status, , text] = CODES[code];
  return harmonyReply(status, code, detail == null ? text : `${text}, ${detail}`);
};

/** HTTP 503 is flow control; the sheet knows no code for it, and no Retry-After unless a test wants one. */
export const flowControl = (retryAfterSeconds?: number): Reply =>
  harmonyReply(503, '81000001', 'Flow control', retryAfter(retryAfterSeconds));

const rowsOfCodes = Object.fromEntries(
  (Object.keys(CODES) as HarmonyCode[]).map((code): [string, HarmonyRow] => [
    code,
    {
      code: CODES[code][1],
      meaning: `The whole request: ${CODES[code][0]}, code ${code}, text "${CODES[code][2]}"`,
      reply: () => harmonyRefusal(code),
    },
  ]),
) as Record<HarmonyCode, HarmonyRow>;

const rowsOfReasons = Object.fromEntries(
  (Object.keys(REASONS) as HarmonyReason[]).map((reason) => [
    reason,
    {
      code: REASONS[reason],
      meaning: `This token alone: \`${reason}\``,
      reasonKey: reason,
    },
  ]),
) as Record<HarmonyReason, HarmonyRow>;

const EXTRA = {
  'blanks-in-key': {
    code: '12',
    meaning: 'This token alone: `noRight`, its key with blanks around it',
    reasonKey: ' noRight ',
  },
  'unknown-reason': {
    code: '13',
    meaning: 'This token alone: `reasonOfTomorrow`, a key nobody documented',
    reasonKey: 'reasonOfTomorrow',
  },
  'appinfoError-once': {
    code: '14',
    meaning: 'This token alone: `appinfoError` the first time, then accepted',
    reasonKey: 'appinfoError',
    times: 1,
  },
} satisfies Record<string, HarmonyRow>;

export type HarmonyAnswer = HarmonyCode | HarmonyReason | keyof typeof EXTRA | Behaviour;

export const HARMONY_ANSWERS: Readonly<Record<HarmonyAnswer, HarmonyRow>> = {
  ...rowsOfReasons,
  ...EXTRA,
  ...rowsOfCodes,
  ...behaviours(flowControl),
};
