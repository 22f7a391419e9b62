/** Consent: what a device agreed to, how a change is merged into it, and whether a purpose is covered. */
import { DEFAULT_PURPOSE } from './app.js';
import type { Consent, Grant } from './device.js';

export type ConsentDecision = 'granted' | 'no-consent' | 'purpose-off';

/** A part of consent that a caller states; what is missing stays as it is. */
export interface ConsentChange {
  push?: Grant;
  purposes?: Record<string, Grant>;
  policyVersion?: string;
  source?: string;
  /** When the person decided; absent: now. */
  at?: Date;
}

/**
 * Whether a device may be pushed to for a purpose; asked at plan and again at dispatch. No recorded grant of `push` means
 * no. The default purpose needs no grant of its own, yet its denial counts.
 */
export const consentFor = (consent: Consent, purpose: string): ConsentDecision => {
  if (consent.push !== 'granted') return 'no-consent';
  const own = Object.hasOwn(consent.purposes, purpose) ? consent.purposes[purpose] : undefined;
  if (purpose === DEFAULT_PURPOSE && own == null) return 'granted';
  return own === 'granted' ? 'granted' : 'purpose-off';
};

const purposesEqual = (left: Record<string, Grant>, right: Record<string, Grant>): boolean => {
  const names = Object.keys(left);
  return (
    names.length === Object.keys(right).length && names.every((name) => left[name] === right[name])
  );
};

const sameDecision = (left: Consent, right: Consent): boolean =>
  left.push === right.push &&
  left.policyVersion === right.policyVersion &&
  left.source === right.source &&
  purposesEqual(left.purposes, right.purposes);

/**
 * `before` with `change` laid over it, or `before` itself when that decides nothing new. A change made before the last
 * recorded one only withdraws: an old grant that arrives late (a resent form, last week's export) must not undo a newer
 * refusal. A date in the future counts as now, else it would block the next grant.
 */
export const mergeConsent = (before: Consent, change: ConsentChange, now: Date): Consent => {
  const at = change.at && change.at < now ? change.at : now;
  const late = before.at != null && at < before.at;
  const decide = (next: Grant | undefined, previous: Grant | undefined): Grant | undefined =>
    next == null || (late && next === 'granted') ? previous : next;

  const purposes = { ...before.purposes };
  for (const [purpose, grant] of Object.entries(change.purposes ?? {})) {
    const decided = decide(grant, purposes[purpose]);
    if (decided) purposes[purpose] = decided;
  }
  const push = decide(change.push, before.push);
  const policyVersion = late
    ? before.policyVersion
    : (change.policyVersion ?? before.policyVersion);
  const source = late ? before.source : (change.source ?? before.source);
  const after: Consent = {
    ...(push ? { push } : {}),
    purposes,
    ...(policyVersion == null ? {} : { policyVersion }),
    ...(source == null ? {} : { source }),
    at: late && before.at ? before.at : at,
    ...(before.heldSince == null ? {} : { heldSince: before.heldSince }),
  };
  return sameDecision(before, after) ? before : after;
};

/** What is refused in a consent, as a change: it is carried over when two devices turn out to be one. */
export const refusalsOf = (consent: Consent): ConsentChange => ({
  ...(consent.push === 'denied' ? { push: 'denied' } : {}),
  purposes: Object.fromEntries(
    Object.entries(consent.purposes).filter(([, grant]) => grant === 'denied'),
  ),
  ...(consent.at ? { at: consent.at } : {}),
});

export const noConsent = (): Consent => ({ purposes: {} });
