/** What callers state about a device, and what a change of it does to consent. */
import { type AttributeChange, attributeKeysOf, mergedAttributes } from './attributes.js';
import { type ConsentChange, mergeConsent, noConsent } from './consent.js';
import type { Consent, Device } from './device.js';
import { versionKey } from './expression/version.js';
import type { QuietWindow } from './quiet-hours.js';

/** What a caller may state about a device; what is missing stays as it is, null removes. */
export interface DeviceFacts {
  account?: string | null;
  tags?: string[];
  locale?: string | null;
  timeZone?: string | null;
  appVersion?: string | null;
  osVersion?: string | null;
  brand?: string | null;
  /** A device always has one where its vendor tells which. */
  platform?: string;
  attributes?: AttributeChange | null;
  quietHours?: QuietWindow | null;
}

const OPTIONAL_FACTS = [
  'account',
  'locale',
  'timeZone',
  'appVersion',
  'osVersion',
  'brand',
  'platform',
] as const;
/** What expressions compare in place of what was stated. */
const FACT_KEYS = ['appVersionKey', 'osVersionKey', 'attributeKeys'] as const;
/** All fields of a device that a statement of them changes, but for its tags. */
export const STATED = [...OPTIONAL_FACTS, 'attributes', 'quietHours', ...FACT_KEYS] as const;

type Facts = Pick<Device, 'tags' | (typeof STATED)[number]>;

const KEYS = { appVersion: 'appVersionKey', osVersion: 'osVersionKey' } as const;

const setVersionKeys = (after: Facts): void => {
  for (const name of ['appVersion', 'osVersion'] as const) {
    const version = after[name];
    const key = version == null ? undefined : versionKey(version);
    if (key == null) delete after[KEYS[name]];
    else after[KEYS[name]] = key;
  }
};

const setAttributes = (after: Facts, change: AttributeChange | null): void => {
  const attributes = mergedAttributes(after.attributes, change);
  if (attributes === after.attributes) return;
  delete after.attributes;
  delete after.attributeKeys;
  const keys = attributeKeysOf(attributes);
  if (attributes != null) after.attributes = attributes;
  if (keys != null) after.attributeKeys = keys;
};

const setQuietHours = (after: Facts, stated: QuietWindow | null): void => {
  const { quietHours } = after;
  if (stated == null) delete after.quietHours;
  // The same object where nothing is new: that is what a registration is held against.
  else if (quietHours?.from !== stated.from || quietHours.to !== stated.to) {
    after.quietHours = stated;
  }
};

/** `before` with the stated facts. */
export const withFacts = <Before extends Facts>(before: Before, facts: DeviceFacts): Before => {
  const after: Before = { ...before, tags: facts.tags ?? before.tags };
  for (const name of OPTIONAL_FACTS) {
    const value = facts[name];
    if (value === null) delete after[name];
    else if (value !== undefined) after[name] = value;
  }
  setVersionKeys(after);
  if (facts.attributes !== undefined) setAttributes(after, facts.attributes);
  if (facts.quietHours !== undefined) setQuietHours(after, facts.quietHours);
  return after;
};

/** Whether the device has left the account it belonged to. A first account is no change of hands. */
export const changesHands = (
  before: Pick<Device, 'account'>,
  after: Pick<Device, 'account'>,
): boolean => before.account != null && before.account !== after.account;

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
