/** Tells a vendor that answers nobody from one that is busy with a few: trouble in a row, over some time, and no answer between. */
import type { Outcome } from '../adapters/adapter.js';
import { TEMPLATE_REFUSED } from './refused-template.js';

/** So many pushes in a row without a proper answer. */
export const STORM_PUSHES = 20;
/**
 * From the first of them, by when it was sent, to the last. A connection that breaks takes hundreds of pushes with it in one
 * instant and means nothing; pushes that time out have waited long enough when the first of them does.
 */
export const STORM_MS = 1_000;

/** `unanswered`: the vendor's trouble. `answered`: it works, whatever it says. `ours`: says nothing about the vendor. */
export type Sign = 'refused' | 'unanswered' | 'answered' | 'ours';

/** Reasons of our own making: a stop, a cancel, a bug. */
const OURS: ReadonlySet<string> = new Set(['aborted', 'closed', 'internal', 'adapter-broken']);

export const signOf = (outcome: Outcome): Sign => {
  switch (outcome.kind) {
    case 'account-refused':
      return 'refused';
    case 'accepted':
    case 'token-gone':
      return 'answered';
    case 'message-refused':
      return outcome.reason === TEMPLATE_REFUSED ? 'ours' : 'answered';
    case 'try-later':
      if (outcome.cause === 'turn' || OURS.has(outcome.reason)) return 'ours';
      // A vendor that speaks of this one device is well, and so is one that refuses our rate in clear words; one that fails,
      // perhaps for our rate, may be down.
      return outcome.cause === 'device' || (outcome.cause === 'rate' && !outcome.mayHaveArrived)
        ? 'answered'
        : 'unanswered';
  }
};

export interface Storm {
  readonly pushes: number;
  /** The reason of the last. */
  readonly code: string;
}

export interface Storms {
  /** The outcomes of pushes that were sent at `sentAtMs`, in their order; what they make a storm of, if they do. */
  hear(profile: string, outcomes: Iterable<Outcome>, sentAtMs: number): Storm | null;
  forget(profile: string): void;
}

/** `now`: monotonic milliseconds, as `sentAtMs`. */
export const createStorms = (now: () => number): Storms => {
  const rows = new Map<string, { pushes: number; sinceMs: number; code: string }>();
  const hearOne = (profile: string, outcome: Outcome, sentAtMs: number): void => {
    const sign = signOf(outcome);
    if (sign === 'answered') rows.delete(profile);
    if (sign !== 'unanswered' || outcome.kind !== 'try-later') return;
    const row = rows.get(profile) ?? { pushes: 0, sinceMs: sentAtMs };
    rows.set(profile, {
      pushes: row.pushes + 1,
      sinceMs: Math.min(row.sinceMs, sentAtMs),
      code: outcome.reason,
    });
  };
  return {
    hear(profile, outcomes, sentAtMs) {
      for (const outcome of outcomes) hearOne(profile, outcome, sentAtMs);
      const row = rows.get(profile);
      if (row == null || row.pushes < STORM_PUSHES || now() - row.sinceMs < STORM_MS) return null;
      return { pushes: row.pushes, code: row.code };
    },
    forget: (profile) => void rows.delete(profile),
  };
};
