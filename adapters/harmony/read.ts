/** Reads Huawei's answer about all the tokens of one request. */
import type { TransportReply } from '../../transport/transport.js';
import type { Outcome, Target } from '../adapter.js';
import type { StaleCredential } from '../http-adapter.js';
import { vendorText } from '../vendor-text.js';
import { illegalTokens } from './illegal-tokens.js';
import {
  BY_CODE,
  BY_TOKEN_REASON,
  STALE_CODES,
  tooFast,
  trouble,
  type Verdict,
} from './verdicts.js';

const SUCCESS = '80000000';
const PARTIAL = '80100000';
const ALL_INVALID = '80300007';
const AUTH_ERROR = '80200001';
const FLOW_CONTROL = 503;

/** What may condemn a token. */
export const TOKEN_GONE_CODES = [
  'tokenFormatError',
  'tokenPlatformNotSupport',
  'noRight',
  ALL_INVALID,
] as const;

interface HuaweiAnswer {
  readonly code?: string;
  readonly msg?: unknown;
  readonly requestId?: string;
}

const parsed = (body: Buffer): HuaweiAnswer => {
  try {
    const { code, msg, requestId } = (JSON.parse(body.toString()) ?? {}) as Record<string, unknown>;
    return {
      ...(/^\d{4,12}$/.test(String(code)) ? { code: String(code) } : {}),
      msg,
      ...(typeof requestId === 'string' && requestId !== '' ? { requestId } : {}),
    };
  } catch {
    return {};
  }
};

const outcomeOf = (verdict: Verdict, reason: string): Outcome => ({ ...verdict, reason });

/** Seen in reports and as a label, so only what looks like one of Huawei's keys; never something that repeats a token. */
const wordOf = (key: string): string =>
  /^[A-Za-z][A-Za-z0-9_]{2,47}$/.test(key) ? key : 'unknown-token-reason';

const outcomeOfToken = (reason: string): Outcome => {
  const verdict = BY_TOKEN_REASON.get(reason);
  if (verdict) return outcomeOf(verdict, reason);
  const detail = 'Huawei refuses the token for a reason unknown to us';
  return { kind: 'message-refused', reason: wordOf(reason), detail };
};

/** `others`: the outcome of the tokens that the reply does not list. */
const byToken = (
  reasons: ReadonlyMap<string, string>,
  targets: readonly Target[],
  others: Outcome,
): Outcome[] =>
  targets.map(({ token }) => {
    const reason = reasons.get(token);
    return reason == null ? others : outcomeOfToken(reason);
  });

const withVendorText = (verdict: Verdict, msg: unknown, targets: readonly Target[]): Verdict => {
  const said = vendorText(msg, targets);
  return verdict.kind === 'message-refused' && said != null
    ? { ...verdict, detail: verdict.detail == null ? said : `${verdict.detail} (${said})` }
    : verdict;
};

/** The vendor's code is missing or unknown. */
const byStatus = (status: number, code: string | undefined): Verdict => {
  if (status >= 500 || code?.startsWith('81')) return trouble;
  if (code != null) {
    return { kind: 'message-refused', detail: 'Huawei gives a code unknown to us' };
  }
  if (status === 404) {
    const detail = 'Huawei knows no such address: check endpoint and serviceAccount.project_id';
    return { kind: 'account-refused', detail };
  }
  const { mayHaveArrived: _, ...unanswered } = trouble as Extract<Verdict, { kind: 'try-later' }>;
  // A front end's page says nothing about the message; one that says 200 may have let it through.
  return status < 400 ? trouble : unanswered;
};

const stale = (code: string, targets: readonly Target[]): StaleCredential => {
  const detail = STALE_CODES.get(code) ?? '';
  const refused: Outcome = { kind: 'account-refused', reason: code, detail };
  return { kind: 'stale-credential', otherwise: targets.map(() => refused) };
};

const readPartial = (answer: HuaweiAnswer, targets: readonly Target[]): Outcome[] => {
  const reasons = illegalTokens(answer.msg);
  if (reasons) return byToken(reasons, targets, accepted(answer));
  // Some got it and some did not, and the text does not say who: another try shows it.
  const unsure: Outcome = { ...trouble, reason: PARTIAL, cause: 'device' } as Outcome;
  return targets.map(() => unsure);
};

const accepted = ({ requestId }: HuaweiAnswer): Outcome => ({
  kind: 'accepted',
  ...(requestId == null ? {} : { messageId: requestId }),
});

export const read = (
  reply: TransportReply,
  targets: readonly Target[],
): Outcome[] | StaleCredential => {
  const { status } = reply;
  const answer = parsed(reply.body);
  const { code, msg } = answer;
  const all = (verdict: Verdict, reason: string): Outcome[] =>
    targets.map(() => outcomeOf(verdict, reason));

  if (status >= 500 || (status !== 200 && (code === SUCCESS || code === PARTIAL))) {
    return all(status === FLOW_CONTROL ? tooFast : trouble, code ?? `http-${status}`);
  }
  if (code === SUCCESS) return targets.map(() => accepted(answer));
  if (code === PARTIAL) return readPartial(answer, targets);
  if (code === ALL_INVALID) {
    // Without reasons, a mistake in our own project could look the same.
    const others: Outcome = { kind: 'token-gone', reason: ALL_INVALID, ambiguous: true };
    return byToken(illegalTokens(msg) ?? new Map(), targets, others);
  }
  if (code != null && STALE_CODES.has(code)) return stale(code, targets);
  if (code == null && status === 401) return stale(AUTH_ERROR, targets);
  const verdict = (code == null ? undefined : BY_CODE.get(code)) ?? byStatus(status, code);
  return all(withVendorText(verdict, msg, targets), code ?? `http-${status}`);
};
