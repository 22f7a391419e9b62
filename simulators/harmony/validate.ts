/** The rules of a request around its payload: push-type, options, size and numbers of tokens. */
import type { HarmonyCode } from './answers.js';
import { bool, checkObject, int, isObject, type Json, oneOf, text } from './fields.js';
import { checkPayload, PUSH_TYPES, type PushType } from './payload.js';

const BODY_BYTES = 4096;
const MAX_TOKENS = 1000;
const MAX_TEST_TOKENS = 10;
const MAX_TTL_SECONDS = 1_296_000;
const FORM: PushType = '1';
const BACKGROUND: PushType = '6';
/** Push-types whose messages the device keeps in groups. */
const COLLAPSIBLE: readonly PushType[] = ['0', '2'];

export interface HarmonyFault {
  readonly code: HarmonyCode;
  readonly detail?: string;
}

const parameter = (detail: string): HarmonyFault => ({ code: '80100001', detail });

export const isPushType = (value: unknown): value is PushType =>
  PUSH_TYPES.includes(value as PushType);

export const isTest = (body: Json): boolean =>
  isObject(body.pushOptions) && body.pushOptions.testMessage === true;

/** The tokens of a body, as far as they can be read. */
export const tokensOf = (body: Json | undefined): string[] => {
  const tokens = isObject(body?.target) ? body.target.token : body?.token;
  return Array.isArray(tokens)
    ? tokens.filter((token): token is string => typeof token === 'string')
    : [];
};

const checkOptions = (options: unknown, pushType: PushType): HarmonyFault | undefined => {
  if (options === undefined) return undefined;
  if (!isObject(options)) return parameter('pushOptions must be an object');
  const { ttl, ...others } = options;
  if (ttl !== undefined && int(0, MAX_TTL_SECONDS)(ttl) != null) return { code: '80100004' };
  const fault = checkObject(others, 'pushOptions', {
    optional: {
      testMessage: bool,
      biTag: text(64),
      receiptId: text(),
      collapseKey: int(-1, 100),
      backgroundMode: oneOf(0, 1),
    },
  });
  if (fault != null) return parameter(fault);
  if (options.collapseKey !== undefined && !COLLAPSIBLE.includes(pushType)) {
    return parameter('pushOptions.collapseKey is for push-types 0 and 2');
  }
  return options.backgroundMode !== undefined && pushType !== BACKGROUND
    ? parameter('pushOptions.backgroundMode is for push-type 6')
    : undefined;
};

const checkTokens = (body: Json, pushType: PushType): HarmonyFault | undefined => {
  const target = body.target;
  if (!isObject(target) || !Array.isArray(target.token)) {
    return parameter('target.token is required');
  }
  if (Object.keys(target).length > 1) return parameter('target has a field that is not known');
  if (tokensOf(body).length !== target.token.length) {
    return parameter('target.token must be a list of texts');
  }
  const count = target.token.length;
  if (count === 0 || count > (pushType === FORM ? 1 : MAX_TOKENS)) return { code: '80300010' };
  return isTest(body) && count > MAX_TEST_TOKENS ? { code: '80300030' } : undefined;
};

/** Bytes of the body as it came, less the tokens and what stands between them. */
const bytesWithoutTokens = (raw: Buffer, tokens: readonly string[]): number =>
  raw.length - Math.max(0, Buffer.byteLength(JSON.stringify(tokens)) - '[]'.length);

/** The first fault of a send request. */
export const checkBody = (
  raw: Buffer,
  body: Json | undefined,
  pushType: PushType,
): HarmonyFault | undefined => {
  if (body == null) return { code: '80100003', detail: 'the body must be JSON' };
  if (bytesWithoutTokens(raw, tokensOf(body)) > BODY_BYTES) return { code: '80300008' };
  const stray = Object.keys(body).find(
    (name) => !['payload', 'target', 'pushOptions'].includes(name),
  );
  if (stray != null) return { code: '80100003', detail: `${stray} is not known` };
  const payloadFault = checkPayload(pushType, body.payload);
  return (
    checkTokens(body, pushType) ??
    (payloadFault == null ? undefined : { code: '80100003', detail: payloadFault }) ??
    checkOptions(body.pushOptions, pushType)
  );
};

/** The first fault of a revocation. */
export const checkRevocation = (
  body: Json | undefined,
  pushType: PushType,
): HarmonyFault | undefined => {
  if (body == null) return { code: '80100003', detail: 'the body must be JSON' };
  if (!COLLAPSIBLE.includes(pushType)) return parameter('push-type must be 0 or 2');
  const fault = checkObject(body, 'body', {
    required: {
      notifyId: int(0, 2 ** 31 - 1),
      token: (value) => (Array.isArray(value) ? undefined : 'must be a list'),
    },
  });
  if (fault != null) return parameter(fault);
  const count = tokensOf(body).length;
  return count === 0 || count > MAX_TOKENS ? { code: '80300010' } : undefined;
};
