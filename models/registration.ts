/** Decides, without any I/O, what becomes of the devices when a token is registered. */
import { Types } from 'mongoose';
import { type ConsentChange, mergeConsent, noConsent, refusalsOf } from './consent.js';
import { type ConsentRecord, recordOfConsent } from './consent-record.js';
import type { Consent, Device } from './device.js';
import { changesHands, consentAfter, type DeviceFacts, STATED, withFacts } from './device-facts.js';

export interface Registration extends DeviceFacts {
  vendor: string;
  profile: string;
  /** Normalised by the vendor's schema. */
  token: string;
  installationId?: string;
  consent?: ConsentChange;
  /** What devices of its vendor run on, unless they say otherwise. */
  usualPlatform?: string;
}

/** A registration with its token's hash. */
export interface KeyedRegistration extends Registration {
  tokenKey: Buffer;
  /**
   * Absent: the caller may name any installation of the app. Else it must have presented the token that the installation
   * is known under: these are the hashes of the tokens it did present.
   */
  provenTokenKeys?: readonly Buffer[];
}

export interface RegistrationContext {
  readonly app: string;
  /** Id of the key that is used. */
  readonly by: string;
  readonly cause: 'registration' | 'import';
  readonly now: Date;
}

/** The devices that the registration's token and installation belong to now. */
export interface Held {
  readonly byToken?: Device;
  readonly byInstallation?: Device;
}

export interface Decision {
  readonly device: Device;
  readonly result: 'created' | 'updated' | 'unchanged';
  /** Another device that had the token; its history stays. */
  readonly removed?: Device;
  readonly record?: ConsentRecord;
}

/** When one device turns out to be another, what was refused on it lately is refused still. */
const withNewerRefusals = (kept: Consent, removed: Consent | undefined, now: Date): Consent => {
  const isNewer = removed?.at != null && (kept.at == null || removed.at > kept.at);
  return isNewer ? mergeConsent(kept, refusalsOf(removed), now) : kept;
};

const sameKey = (left: Uint8Array, right: Uint8Array): boolean => Buffer.compare(left, right) === 0;

/** The installation's device, unless the caller would take over a stranger's by naming it. */
const ownInstallation = ({ byInstallation }: Held, request: KeyedRegistration) => {
  const { provenTokenKeys } = request;
  const proven =
    byInstallation == null ||
    provenTokenKeys == null ||
    provenTokenKeys.some((key) => sameKey(key, byInstallation.tokenKey));
  return { proven, device: proven ? byInstallation : undefined };
};

const newDevice = (
  request: KeyedRegistration,
  { app, now }: RegistrationContext,
): Omit<Device, 'token' | 'tokenKey' | 'profile'> => ({
  _id: new Types.ObjectId(),
  app,
  vendor: request.vendor,
  tags: [],
  consent: noConsent(),
  state: 'active',
  registeredAt: now,
  createdAt: now,
  updatedAt: now,
});

const COMPARED = ['profile', 'token', 'installationId', ...STATED, 'state', 'consent'] as const;

const differs = (before: Device, after: Device): boolean =>
  COMPARED.some((name) => before[name] !== after[name]) ||
  before.tags.length !== after.tags.length ||
  before.tags.some((tag, index) => tag !== after.tags[index]);

/**
 * The same token is the same device; the same installation keeps its id, consent and tags under a new token. If that
 * token belongs to another device, this one is merged away: only its refusals are carried over, never its account.
 */
export const decideRegistration = (
  held: Held,
  request: KeyedRegistration,
  context: RegistrationContext,
): Decision => {
  const { now } = context;
  const installation = ownInstallation(held, request);
  const known = installation.device ?? held.byToken;
  const removed =
    held.byToken && known && !held.byToken._id.equals(known._id) ? held.byToken : undefined;
  const before = known ?? newDevice(request, context);

  const { vendor, profile, token, tokenKey, installationId } = request;
  const device: Device = {
    ...withFacts(before, request),
    vendor,
    profile,
    token,
    tokenKey,
    ...(installation.proven && installationId != null ? { installationId } : {}),
    state: 'active',
    registeredAt: now,
  };
  if (device.platform == null && request.usualPlatform != null) {
    device.platform = request.usualPlatform;
  }
  // An import tells what somebody knows; only the app itself is seen.
  if (context.cause === 'registration') device.lastSeenAt = now;
  delete device.stateReason;
  delete device.stateAt;

  const inherited = withNewerRefusals(before.consent, removed?.consent, now);
  const handed = changesHands(before, device);
  device.consent = consentAfter(inherited, request.consent, { handed, now });

  const changed = known == null || differs(known, device);
  if (changed) device.updatedAt = now;
  const result = known == null ? 'created' : changed ? 'updated' : 'unchanged';
  return {
    device,
    result,
    ...(removed ? { removed } : {}),
    ...(device.consent === before.consent
      ? {}
      : { record: recordOfConsent(device, handed ? 'account-changed' : context.cause, context) }),
  };
};
