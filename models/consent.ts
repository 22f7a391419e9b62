/** Consent: what a device agreed to, how a change is merged into it, and whether a purpose is covered. */
import { DEFAULT_PURPOSE } from './app.js';
import type { Consent, Grant } from './device.js';
import { ALL_PURPOSES } from './suppression.js';

export type ConsentDecision = 'granted' | 'no-consent' | 'purpose-off' | 'consent-outdated';

/** A part of consent that a caller states; what is missing stays as it is. */
export interface ConsentChange {
  push?: Grant;
  purposes?: Record<string, Grant>;
  /** Of the text that was agreed to; stands for every purpose that the change names, unless `policyVersions` does. */
  policyVersion?: string;
  /** By purpose. */
  policyVersions?: Record<string, string>;
  source?: string;
  /** When the person decided; absent: now. */
  at?: Date;
}

/** Purposes have names of the caller's choice: `constructor` is one. */
const own = <Value>(values: Readonly<Record<string, Value>> = {}, name: string) =>
  Object.hasOwn(values, name) ? values[name] : undefined;

const isGranted = ({ push, purposes }: Consent, purpose: string): boolean =>
  (own(purposes, purpose) ?? (purpose === DEFAULT_PURPOSE ? push : undefined)) === 'granted';

/**
 * Whether a device may be pushed to for a purpose; asked at plan and again at dispatch. No recorded grant of `push` means
 * no. The default purpose needs no grant of its own, yet its denial counts. `current`: the versions of the purpose's text
 * that a grant still counts for; absent: it counts whatever it was given for.
 */
export const consentFor = (
  consent: Consent,
  purpose: string,
  current?: ReadonlySet<string>,
): ConsentDecision => {
  if (consent.push !== 'granted') return 'no-consent';
  if (!isGranted(consent, purpose)) return 'purpose-off';
  return current == null || current.has(own(consent.policyVersions, purpose) ?? '')
    ? 'granted'
    : 'consent-outdated';
};

const sameEntries = (
  left: Readonly<Record<string, string>> = {},
  right: Readonly<Record<string, string>> = {},
): boolean => {
  const names = Object.keys(left);
  return (
    names.length === Object.keys(right).length && names.every((name) => left[name] === right[name])
  );
};

const sameDecision = (left: Consent, right: Consent): boolean =>
  left.push === right.push &&
  left.policyVersion === right.policyVersion &&
  left.source === right.source &&
  sameEntries(left.purposes, right.purposes) &&
  sameEntries(left.policyVersions, right.policyVersions);

/** What the change says of each purpose. `push` alone is the grant of the default one. */
const grantsIn = ({ push, purposes = {} }: ConsentChange): [purpose: string, grant: Grant][] => {
  const named = Object.entries(purposes);
  const isImplied = push != null && !Object.hasOwn(purposes, DEFAULT_PURPOSE);
  return isImplied ? [...named, [DEFAULT_PURPOSE, push]] : named;
};

/** For which version each grant was given. One that is stated again without a version is no new one. */
const mergeVersions = (
  before: Consent,
  change: ConsentChange,
  { late }: { late: boolean },
): Record<string, string> => {
  const versions = { ...before.policyVersions };
  for (const [purpose, grant] of grantsIn(change)) {
    if (late && grant === 'granted') continue;
    const version = own(change.policyVersions, purpose) ?? change.policyVersion;
    if (grant === 'granted' && version != null) versions[purpose] = version;
    else if (grant === 'denied' || !isGranted(before, purpose)) delete versions[purpose];
  }
  return versions;
};

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
    const decided = decide(grant, own(purposes, purpose));
    if (decided) purposes[purpose] = decided;
  }
  const push = decide(change.push, before.push);
  const policyVersion = late
    ? before.policyVersion
    : (change.policyVersion ?? before.policyVersion);
  const policyVersions = mergeVersions(before, change, { late });
  const source = late ? before.source : (change.source ?? before.source);
  const after: Consent = {
    ...(push ? { push } : {}),
    purposes,
    ...(policyVersion == null ? {} : { policyVersion }),
    ...(Object.keys(policyVersions).length === 0 ? {} : { policyVersions }),
    ...(source == null ? {} : { source }),
    at: late && before.at ? before.at : at,
    ...(before.heldSince == null ? {} : { heldSince: before.heldSince }),
  };
  return sameDecision(before, after) ? before : after;
};

/** What a change grants, and when; of a late one, too. */
export const grantedIn = (
  { push, purposes = {}, at }: ConsentChange,
  now: Date,
): { purposes: string[]; at: Date } => ({
  purposes: [
    ...(push === 'granted' ? [ALL_PURPOSES] : []),
    ...Object.keys(purposes).filter((purpose) => purposes[purpose] === 'granted'),
  ],
  at: at != null && at < now ? at : now,
});

/** What is refused in a consent, as a change: it is carried over when two devices turn out to be one. */
export const refusalsOf = (consent: Consent): ConsentChange => ({
  ...(consent.push === 'denied' ? { push: 'denied' } : {}),
  purposes: Object.fromEntries(
    Object.entries(consent.purposes).filter(([, grant]) => grant === 'denied'),
  ),
  ...(consent.at ? { at: consent.at } : {}),
});

export const noConsent = (): Consent => ({ purposes: {} });
