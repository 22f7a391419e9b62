/** Which vendor profiles rest, as this process knows it. Time is counted from when a thing was learnt, by the monotonic clock. */
import type { Rest } from '../models/rest.js';

/** `probe` is meant for one push that asks again. */
export type BreakerState = 'closed' | 'open' | 'half-open';

/** Without a turn it could not be stored yet. */
export type KnownRest = Omit<Rest, 'turn'> & Partial<Pick<Rest, 'turn'>>;

/** Longer than a vendor may take to answer the probe: then the process that sent it has died, and another one asks. */
export const PROBE_PATIENCE_MS = 60_000;

export interface BreakerView {
  get(profile: string): KnownRest | undefined;
  /** Whether it is too early to ask again. */
  isWaiting(profile: string): boolean;
  learn(rest: KnownRest): void;
  forget(profile: string): void;
  all(): readonly KnownRest[];
}

const stateOf = ({ probing }: KnownRest): BreakerState => (probing ? 'half-open' : 'open');

/** `now`: monotonic milliseconds. `changed` hears every change of state. */
export const createBreakerView = (
  now: () => number,
  changed: (profile: string, state: BreakerState) => void = () => undefined,
): BreakerView => {
  const known = new Map<string, { rest: KnownRest; learntAtMs: number }>();
  return {
    get: (profile) => known.get(profile)?.rest,
    isWaiting(profile) {
      const entry = known.get(profile);
      if (entry == null) return false;
      const { rest, learntAtMs } = entry;
      return now() - learntAtMs < (rest.probing ? PROBE_PATIENCE_MS : rest.restMs);
    },
    learn(rest) {
      const before = known.get(rest._id)?.rest;
      known.set(rest._id, { rest, learntAtMs: now() });
      if (before == null || stateOf(before) !== stateOf(rest)) changed(rest._id, stateOf(rest));
    },
    forget(profile) {
      if (known.delete(profile)) changed(profile, 'closed');
    },
    all: () => [...known.values()].map(({ rest }) => rest),
  };
};
