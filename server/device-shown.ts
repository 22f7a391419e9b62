/** How devices look in answers: a token shows only its ends. */
import type { ConsentRecord } from '../models/consent-record.js';
import type { Consent, Device } from '../models/device.js';
import { idCursor } from './cursor.js';

const HEAD = 6;
const TAIL = 4;
/** Of a shorter token, its ends would be too much. */
const SHORTEST = 3 * (HEAD + TAIL);

/** Enough to tell two tokens apart, not enough to push to one. */
export const maskedToken = (token: string): string =>
  token.length < SHORTEST ? '…' : `${token.slice(0, HEAD)}…${token.slice(-TAIL)}`;

const consentShown = ({ push, purposes, policyVersion, policyVersions, source, at }: Consent) => ({
  push,
  purposes,
  policyVersion,
  policyVersions,
  source,
  at,
});

// JSON leaves out what is undefined.
export const deviceShown = (device: Device) => ({
  id: device._id.toHexString(),
  vendor: device.vendor,
  profile: device.profile,
  token: maskedToken(device.token),
  installationId: device.installationId,
  account: device.account,
  tags: device.tags,
  locale: device.locale,
  timeZone: device.timeZone,
  appVersion: device.appVersion,
  osVersion: device.osVersion,
  quietHours: device.quietHours,
  brand: device.brand,
  platform: device.platform,
  attributes: device.attributes,
  consent: consentShown(device.consent),
  state: device.state,
  stateReason: device.stateReason,
  stateAt: device.stateAt,
  registeredAt: device.registeredAt,
  lastSeenAt: device.lastSeenAt,
  createdAt: device.createdAt,
  updatedAt: device.updatedAt,
});

/** A page out of one more device than asked for: that one tells that there is another page. */
export const devicesPage = (found: readonly Device[], limit: number) => {
  const page = found.slice(0, limit);
  const last = found.length > limit ? page.at(-1) : undefined;
  return { items: page.map(deviceShown), nextCursor: last && idCursor(last._id) };
};

/** Of an export: which device it is about. */
export const exportedRecord = (record: ConsentRecord) => ({
  id: record._id.toHexString(),
  device: record.device.toHexString(),
  ...recordShown(record),
});

export const RECORD_COLUMNS = [
  'id',
  'device',
  'at',
  'cause',
  'by',
  'push',
  'purposes',
  'policyVersion',
  'policyVersions',
  'source',
  'decidedAt',
] as const;

/** As a line of CSV; what is by purpose is JSON in a cell. */
export const recordCells = ({ _id, device, at, cause, by, consent }: ConsentRecord) => ({
  id: _id.toHexString(),
  device: device.toHexString(),
  at: at.toISOString(),
  cause,
  by,
  push: consent.push,
  purposes: JSON.stringify(consent.purposes),
  policyVersion: consent.policyVersion,
  policyVersions: consent.policyVersions && JSON.stringify(consent.policyVersions),
  source: consent.source,
  decidedAt: consent.at?.toISOString(),
});

export const recordShown = ({ consent, cause, by, at }: ConsentRecord) => ({
  consent: consentShown(consent),
  cause,
  by,
  at,
});
