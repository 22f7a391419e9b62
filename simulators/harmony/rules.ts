/** Decides a request as Push Kit does: URL, credential, push-type, body, and then what each token is answered. */
import { ACCEPTED, decideByAnswer, refusal, Turns } from '../answers.js';
import {
  type Decision,
  type Exchange,
  htmlReply,
  type Push,
  type Reading,
  type Reply,
  type VendorRules,
} from '../exchange.js';
import type { RuleContext } from '../simulator.js';
import { harmonyAnswerOf } from '../tokens.js';
import {
  flowControl,
  HARMONY_ANSWERS,
  type HarmonyAnswer,
  type HarmonyCode,
  type HarmonyRow,
  harmonyRefusal,
  harmonyReply,
} from './answers.js';
import { HarmonyAuthenticator } from './authenticate.js';
import { isObject, type Json } from './fields.js';
import { notificationOf, type PushType } from './payload.js';
import { checkBody, checkRevocation, isPushType, isTest, tokensOf } from './validate.js';

const SEND_PATH = /^\/v(\d+)\/([^/]+)\/messages:send$/;
const REVOKE_PATH = /^\/v1\/([^/]+)\/messages:revoke$/;
const API_VERSION = '3';
const TESTS_PER_DAY = 1000;
const DAY_MS = 86_400_000;

const TOKEN = /^(MAM|MAAA|IQAAA)[A-Za-z0-9+/_=-]{60,509}$/;

/** What is asked for, by its URL. */
type Call = 'send' | 'revoke' | 'other-version' | 'other-project' | undefined;

/** One token with the row that decides it; none when it is accepted. */
interface Judged {
  readonly token: string;
  readonly name: HarmonyAnswer | typeof ACCEPTED;
  readonly row: HarmonyRow | undefined;
}

export class HarmonyRules implements VendorRules<undefined, Json | undefined> {
  readonly goAwayData = '';
  readonly answerNames = [...Object.keys(HARMONY_ANSWERS), ACCEPTED];
  /** Push Kit has no 429: flow control is a 503. */
  readonly tooManyRequests = flowControl;
  readonly unavailable = flowControl;
  readonly #turns = new Turns();
  readonly #authenticator: HarmonyAuthenticator;
  #tests = { day: 0, count: 0 };

  constructor(readonly context: RuleContext) {
    this.#authenticator = new HarmonyAuthenticator(context.material.harmony, context.now);
  }

  newMemory(): undefined {
    return undefined;
  }

  reset(): void {
    this.#turns.clear();
    this.#tests = { day: 0, count: 0 };
  }

  read({ body }: Exchange): Reading<Json | undefined> {
    const parsed = parseObject(body);
    return { tokens: tokensOf(parsed), endpoint: 'send', parsed };
  }

  decide(exchange: Exchange, reading: Reading<Json | undefined>, forced?: string): Decision {
    const refused = (code: HarmonyCode, detail?: string): Decision =>
      refusal(reading.tokens, `refused:${code}`, harmonyRefusal(code, detail));
    const call = this.#callOf(exchange);
    if (call == null) return refusal(reading.tokens, 'refused:url', htmlReply(404, 'Not Found'));
    if (call === 'other-version') return refused('80200001', 'the URL has another version');
    const unauthorized = this.#authenticator.check(exchange.headers.authorization);
    if (unauthorized != null) return refused(unauthorized);
    if (call === 'other-project') return refused('80300002');
    const pushType = exchange.headers['push-type'];
    if (!isPushType(pushType)) return refused('80100001', 'push-type is not known');
    if (!String(exchange.headers['content-type']).startsWith('application/json')) {
      return refused('80100001', 'Content-Type must be application/json');
    }
    const body = reading.parsed;
    const fault =
      call === 'send' ? checkBody(exchange.body, body, pushType) : checkRevocation(body, pushType);
    if (fault != null || body == null) return refused(fault?.code ?? '80100003', fault?.detail);
    if (call === 'revoke') {
      const clears = placeOf(body.notifyId as number);
      return this.#answer(reading.tokens, { effect: { clears }, forced });
    }
    if (isTest(body) && !this.#mayTest()) return refused('80300029');
    const shows = shownBy(pushType, body);
    return this.#answer(reading.tokens, { effect: shows == null ? {} : { shows }, forced });
  }

  #callOf({ method, path }: Exchange): Call {
    if (method !== 'POST') return undefined;
    const { projectId, clientId } = this.context.material.harmony;
    const [, version, project] = SEND_PATH.exec(path) ?? [];
    if (project != null) {
      if (version !== API_VERSION) return 'other-version';
      return project === projectId ? 'send' : 'other-project';
    }
    const [, client] = REVOKE_PATH.exec(path) ?? [];
    if (client == null) return undefined;
    return client === clientId ? 'revoke' : 'other-project';
  }

  /** Counts what is allowed, as Huawei counts successful calls. */
  #mayTest(): boolean {
    const day = Math.floor(this.context.now() / DAY_MS);
    if (this.#tests.day !== day) this.#tests = { day, count: 0 };
    this.#tests.count += 1;
    return this.#tests.count <= TESTS_PER_DAY;
  }

  #judge(token: string, forced: string | undefined): Judged {
    if (!TOKEN.test(token)) {
      return { token, name: 'tokenFormatError', row: HARMONY_ANSWERS.tokenFormatError };
    }
    const name = (forced ?? harmonyAnswerOf(token)) as HarmonyAnswer | undefined;
    const row = name == null ? undefined : HARMONY_ANSWERS[name];
    if (name == null || row == null || !this.#turns.stands(token, row)) {
      return { token, name: ACCEPTED, row: undefined };
    }
    return { token, name, row };
  }

  #answer(
    tokens: readonly string[],
    { effect, forced }: { effect: Pick<Push, 'shows' | 'clears'>; forced: string | undefined },
  ): Decision {
    const { now, retryAfterSeconds, slowMs } = this.context;
    const judged = tokens.map((token) => this.#judge(token, forced));
    const recipient = (token: string) => ({ token, ...effect });
    // One token that stands for trouble with the whole request makes the trouble of all.
    const whole = judged.find(({ row }) => row != null && row.reasonKey == null && !row.delayed);
    if (whole != null) {
      return decideByAnswer({
        name: whole.name,
        answer: whole.row,
        context: { now: now(), retryAfterSeconds },
        slowMs,
        yes: allWell(),
        recipients: tokens.map(recipient),
      });
    }
    const isSlow = judged.some(({ row }) => row?.delayed === true);
    return {
      ending: { kind: 'reply', reply: summary(judged), ...(isSlow ? { delayMs: slowMs } : {}) },
      pushes: judged.map(({ token, name, row }) => {
        const accepted = row?.reasonKey == null;
        return { ...recipient(token), answer: name, accepted, delivered: accepted };
      }),
    };
  }
}

const parseObject = (body: Buffer): Json | undefined => {
  try {
    const value: unknown = JSON.parse(body.toString());
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
};

const allWell = (): Reply => harmonyReply(200, '80000000', 'Success');

/** All well, some refused, or all refused, with the refused tokens by their reason. */
const summary = (judged: readonly Judged[]): Reply => {
  const illegalTokens: Record<string, string[]> = {};
  let failure = 0;
  for (const { token, row } of judged) {
    if (row?.reasonKey == null) continue;
    failure += 1;
    (illegalTokens[row.reasonKey] ??= []).push(token);
  }
  if (failure === 0) return allWell();
  const success = judged.length - failure;
  const msg = JSON.stringify({ illegalTokens, success, failure });
  return success === 0 ? harmonyReply(400, '80300007', msg) : harmonyReply(200, '80100000', msg);
};

/** The device shows the first message with an id and drops the rest; a notifyId overwrites the one before. */
const shownBy = (pushType: PushType, body: Json): Push['shows'] => {
  const notification = notificationOf(pushType, body.payload);
  if (notification == null) return undefined;
  const { appMessageId, notifyId } = notification;
  const place = typeof notifyId === 'number' && notifyId >= 0 ? placeOf(notifyId) : undefined;
  if (typeof appMessageId === 'string') {
    return { replaces: `message ${appMessageId}`, ...(place == null ? {} : { place }) };
  }
  return place == null ? {} : { replaces: place };
};

const placeOf = (notifyId: number): string => `notify ${notifyId}`;
