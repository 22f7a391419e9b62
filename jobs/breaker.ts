/** Keeps batches away from a vendor profile whose account was refused, and lets one through now and then to ask again. */

const FIRST_REST_MS = 5_000;
const LONGEST_REST_MS = 5 * 60_000;
const GROWTH = 2;

export type BreakerState = 'closed' | 'open' | 'half-open';

interface Rest {
  until: number;
  restMs: number;
  reason: string;
  probing: boolean;
}

export interface Breaker {
  /** Milliseconds to wait, 0 to go ahead. The first to go ahead after a rest is the probe; others wait for it. */
  waitMs(profile: string): number;
  refused(profile: string, reason: string): void;
  succeeded(profile: string): void;
  /** The probe neither succeeded nor was refused: the next one may ask. */
  undecided(profile: string): void;
  /** New settings: what was known of the old ones is void. */
  reset(profile: string): void;
  state(profile: string): { state: BreakerState; reason?: string };
}

/** `now`: monotonic milliseconds. `changed` hears every change of state. */
export const createBreaker = (
  now: () => number,
  changed: (profile: string, state: BreakerState) => void = () => undefined,
): Breaker => {
  const rests = new Map<string, Rest>();
  const close = (profile: string): void => {
    if (rests.delete(profile)) changed(profile, 'closed');
  };
  return {
    waitMs(profile) {
      const rest = rests.get(profile);
      if (rest == null) return 0;
      const left = rest.until - now();
      if (left > 0) return left;
      if (rest.probing) return FIRST_REST_MS;
      rest.probing = true;
      changed(profile, 'half-open');
      return 0;
    },
    refused(profile, reason) {
      const before = rests.get(profile);
      // Batches that were on their way when the first refusal came do not lengthen the rest.
      if (before != null && !before.probing) return;
      const restMs =
        before == null ? FIRST_REST_MS : Math.min(before.restMs * GROWTH, LONGEST_REST_MS);
      rests.set(profile, { until: now() + restMs, restMs, reason, probing: false });
      changed(profile, 'open');
    },
    succeeded: close,
    undecided(profile) {
      const rest = rests.get(profile);
      if (rest != null) rest.probing = false;
    },
    reset: close,
    state(profile) {
      const rest = rests.get(profile);
      if (rest == null) return { state: 'closed' };
      return { state: rest.probing ? 'half-open' : 'open', reason: rest.reason };
    },
  };
};
