/** What callers state about a device, and what a change of it does to consent. */
import { type ConsentChange, mergeConsent, noConsent } from './consent.js';
import type { Consent, Device } from './device.js';

/** What a caller may state about a device; what is missing stays as it is, null removes. */
export interface DeviceFacts {
  account?: string | null;
  tags?: string[];
  locale?: string | null;
  timeZone?: string | null;
  appVersion?: string | null;
}

type Facts = Pick<Device, 'tags' | 'account' | 'locale' | 'timeZone' | 'appVersion'>;
export const OPTIONAL_FACTS = ['account', 'locale', 'timeZone', 'appVersion'] as const;

/** `before` with the stated facts. */
export const withFacts = <Before extends Facts>(before: Before, facts: DeviceFacts): Before => {
  const after: Before = { ...before, tags: facts.tags ?? before.tags };
  for (const name of OPTIONAL_FACTS) {
    const value = facts[name];
    if (value === null) delete after[name];
    else if (value !== undefined) after[name] = value;
  }
  return after;
};

/** Whether the device has left the account it belonged to. A first account is no change of hands. */
export const changesHands = (before: Facts, after: Facts): boolean =>
  before.account != null && before.account !== after.account;

/**
 * What the former holder agreed to binds nobody now; the dates tell the two apart, and keep grants of theirs that arrive late
 * from counting.
 */
export const consentAfter = (
  before: Consent,
  change: ConsentChange | undefined,
  { handed, now }: { handed: boolean; now: Date },
): Consent => {
  if (!handed) return change ? mergeConsent(before, change, now) : before;
  return { at: now, ...mergeConsent(noConsent(), change ?? {}, now), heldSince: now };
};
