/** Decides one request: the vendor's rules, bent by a fault if one is waiting. */
import { INTERNAL_ERROR } from './answers.js';
import {
  type Decision,
  type Ending,
  type Exchange,
  htmlReply,
  type Reading,
  type VendorRules,
} from './exchange.js';
import type { Fault, Faults } from './faults.js';

const REFUSED_STREAM = 7;

export interface Decided {
  readonly decision: Decision;
  /** The connection takes no further requests. */
  readonly sendsGoAway: boolean;
}

export const decideWithFaults = <Memory, Parsed>(
  rules: VendorRules<Memory, Parsed>,
  faults: Faults,
  exchange: Exchange<Memory>,
): Decided => {
  const reading = rules.read(exchange);
  const fault = faults.take(reading.endpoint, reading.tokens);
  const decision =
    fault == null ? rules.decide(exchange, reading) : bend(fault, rules, exchange, reading);
  return { decision, sendsGoAway: fault?.kind === 'goaway' };
};

const bend = <Memory, Parsed>(
  fault: Fault,
  rules: VendorRules<Memory, Parsed>,
  exchange: Exchange<Memory>,
  reading: Reading<Parsed>,
): Decision => {
  if (fault.kind === 'answer') return rules.decide(exchange, reading, fault.answer);
  if (fault.kind === 'goaway') return rules.decide(exchange, reading);
  if (fault.kind === 'slow') return delayed(rules.decide(exchange, reading), fault.delayMs ?? 0);
  const ending = endingOf(fault, rules);
  // Refused streams were not handled at all: nobody can say that they arrived.
  if (fault.kind === 'refused-stream') return { ending, pushes: [] };
  const pushes = fault.delivered
    ? rules.decide(exchange, reading).pushes
    : reading.tokens.map((token) => ({ token, delivered: false }));
  return {
    ending,
    pushes: pushes.map((push) => ({ ...push, answer: `fault:${fault.kind}`, accepted: false })),
  };
};

const delayed = (decision: Decision, delayMs: number): Decision =>
  decision.ending.kind === 'reply'
    ? { ...decision, ending: { ...decision.ending, delayMs } }
    : decision;

const endingOf = <Memory, Parsed>(fault: Fault, rules: VendorRules<Memory, Parsed>): Ending => {
  switch (fault.kind) {
    case 'too-many-requests':
      return { kind: 'reply', reply: rules.tooManyRequests(fault.retryAfterSeconds) };
    case 'unavailable':
      return { kind: 'reply', reply: rules.unavailable(fault.retryAfterSeconds) };
    case 'html-502':
      return { kind: 'reply', reply: htmlReply(502, 'Server Error') };
    case 'stream-reset':
      return { kind: 'reset', code: fault.code ?? INTERNAL_ERROR };
    case 'refused-stream':
      return { kind: 'reset', code: REFUSED_STREAM };
    case 'cut':
      return { kind: 'cut' };
    case 'answer':
    case 'goaway':
    case 'slow':
    case 'silent':
    case 'stop-accepting':
      return { kind: 'silent' };
  }
};
