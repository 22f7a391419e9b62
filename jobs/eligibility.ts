/** Who may be pushed to: one pure decision, taken at planning for honest counts and again right before sending. */
import type { mongo } from 'mongoose';
import type { NotRecallable, RecallManner } from '../adapters/adapter.js';
import type { Cap } from '../models/caps.js';
import { consentFor } from '../models/consent.js';
import type { Device } from '../models/device.js';
import type { Quiet } from './quiet.js';

/** What is read of a device to decide and to send; nothing else leaves the database. */
export const DEVICE_FIELDS = {
  app: 1,
  vendor: 1,
  profile: 1,
  token: 1,
  tokenKey: 1,
  account: 1,
  locale: 1,
  timeZone: 1,
  quietHours: 1,
  consent: 1,
  state: 1,
} as const;

/** As the driver reads it: bytes come as Binary. */
export type DeviceView = Omit<Pick<Device, '_id' | keyof typeof DEVICE_FIELDS>, 'tokenKey'> & {
  tokenKey: mongo.Binary;
};

/** By whom a device is known, and where it is reached. */
type Identity = 'token' | 'tokenKey' | 'account' | 'locale' | 'timeZone' | 'quietHours';

/** What is read to plan an audience of an app that has no suppression list: without the identity, which is most of a device. */
export const PLAN_FIELDS = { vendor: 1, profile: 1, consent: 1, state: 1 } as const;

/** A device that is decided about. */
export type JudgedDevice = Omit<DeviceView, Identity> & Partial<Pick<DeviceView, Identity>>;

/** Whether it was read with everything that sending needs. */
export const isWhole = (device: JudgedDevice): device is DeviceView =>
  device.token != null && device.tokenKey != null;

export const SUPPRESSED_REASONS = [
  'account-changed',
  'erased',
  'no-consent',
  'not-registered',
  'profile-changed',
  'purpose-off',
  'quiet-hours',
  'suppression-list',
  'token-gone',
  'vendor-not-configured',
] as const;
/** Of a recall; what follows is the vendor's reason. */
export type NotRecallableReason = `not-recallable:${string}`;
/** What follows is the name of the cap. */
export type CappedReason = `capped:${string}`;
export type SuppressedReason =
  | (typeof SUPPRESSED_REASONS)[number]
  | NotRecallableReason
  | CappedReason;

export interface Rules {
  readonly app: string;
  readonly purpose: string;
  /** `<vendor>/<profile>` of every profile that has settings. */
  readonly profiles: ReadonlySet<string>;
  /** Keyed hashes on the suppression list, in hex. */
  readonly onList: ReadonlySet<string>;
  readonly accountKeyOf: (account: string) => Buffer;
  /** Who is left in peace now; absent: nobody. Asked right before sending, not at planning. */
  readonly quiet?: Quiet;
  /** What counts this push; absent: nothing. Asked right before sending, too. */
  readonly caps?: readonly Cap[];
  /** For a recall: how each profile would take the push back. */
  readonly recalls?: ReadonlyMap<string, RecallManner | NotRecallable>;
}

/** What the audience or the batch says of a device, to be held against what it is now. */
export interface Expectation {
  /** Keyed hash of the account it was targeted by. */
  readonly accountKey?: Uint8Array;
  /** The batch's profile; absent at planning. */
  readonly vendor?: string;
  readonly profile?: string;
  /** When it got the push that is to be recalled. */
  readonly sentAt?: Date;
}

export const profileKey = (vendor: string, profile: string): string => `${vendor}/${profile}`;

const isOnList = (device: JudgedDevice, rules: Rules): boolean => {
  if (rules.onList.size === 0) return false;
  const { tokenKey, account } = device;
  if (tokenKey != null && rules.onList.has(tokenKey.toString('hex'))) return true;
  return account != null && rules.onList.has(rules.accountKeyOf(account).toString('hex'));
};

const hasChangedHands = (
  device: JudgedDevice,
  accountKey: Uint8Array | undefined,
  rules: Rules,
): boolean =>
  accountKey != null &&
  (device.account == null || !rules.accountKeyOf(device.account).equals(accountKey));

const placeFault = (
  device: JudgedDevice,
  { vendor = device.vendor, profile = device.profile }: Expectation,
  { profiles }: Rules,
): SuppressedReason | null => {
  if (device.state === 'gone') return 'token-gone';
  if (vendor !== device.vendor || profile !== device.profile) return 'profile-changed';
  return profiles.has(profileKey(device.vendor, device.profile)) ? null : 'vendor-not-configured';
};

/**
 * Why a push is not taken back from this device. That nothing is to be seen any more needs nobody's consent; a text in its
 * place does, like any other.
 */
const recallFault = (
  device: JudgedDevice,
  expected: Expectation,
  rules: Rules,
  recalls: NonNullable<Rules['recalls']>,
): SuppressedReason | null => {
  const fault = placeFault(device, expected, rules);
  if (fault != null) return fault;
  const manner = recalls.get(profileKey(device.vendor, device.profile)) ?? 'removed';
  if (typeof manner === 'object') return `not-recallable:${manner.reason}`;
  if (manner === 'removed') return null;
  const consent = consentFor(device.consent, rules.purpose);
  if (consent !== 'granted') return consent;
  // Somebody else may hold the device now: a text in the place of what they never saw is not for them.
  const { at, heldSince } = device.consent;
  const { sentAt } = expected;
  const isRenewed =
    sentAt != null && [at, heldSince].some((since) => since != null && since > sentAt);
  return isRenewed ? 'not-recallable:consent-renewed' : null;
};

/** Why this device must not get this task now; null when it may. Privacy comes first, so that its reason is the one told. */
export const suppressionOf = (
  device: JudgedDevice,
  expected: Expectation,
  rules: Rules,
): SuppressedReason | null => {
  if (device.app !== rules.app) return 'not-registered';
  if (isOnList(device, rules)) return 'suppression-list';
  if (rules.recalls != null) return recallFault(device, expected, rules, rules.recalls);
  if (hasChangedHands(device, expected.accountKey, rules)) return 'account-changed';
  const consent = consentFor(device.consent, rules.purpose);
  if (consent !== 'granted') return consent;
  return placeFault(device, expected, rules);
};
