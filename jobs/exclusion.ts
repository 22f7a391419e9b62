/** Who is left out of an audience that streams: devices that a list names, found while they pass. */
import type { Exclude } from '../models/task.js';
import { tokenKey } from '../models/token-key.js';
import { spellings } from './audience-tokens.js';
import type { AudienceContext } from './candidate.js';
import type { DeviceView } from './eligibility.js';

type Passing = Pick<DeviceView, '_id' | 'profile'> &
  Partial<Pick<DeviceView, 'account' | 'tokenKey'>>;

export interface Exclusion {
  /** What has to be read of a device besides. */
  readonly fields: Readonly<Partial<Record<'account' | 'tokenKey', 1>>>;
  readonly leavesOut: (device: Passing) => boolean;
}

const ANY_PROFILE = '';

/** By the hashes of its spellings: a token may be given without its vendor, and without its profile. */
const tokenTest = (
  { secret, vendors }: AudienceContext,
  items: NonNullable<Exclude['tokens']>,
): Exclusion['leavesOut'] => {
  const places = new Set<string>();
  for (const { token, vendor, profile = ANY_PROFILE } of items) {
    for (const [name, spelling] of spellings(vendors, token)) {
      if (vendor != null && vendor !== name) continue;
      places.add(`${tokenKey(secret, name, spelling).toString('hex')}/${profile}`);
    }
  }
  return (device) => {
    const key = device.tokenKey?.toString('hex');
    return places.has(`${key}/${ANY_PROFILE}`) || places.has(`${key}/${device.profile}`);
  };
};

/** Undefined when nobody is left out by name. Lists are bounded, and so is what is held here. */
export const exclusionOf = (
  context: AudienceContext,
  { accounts = [], devices = [], tokens = [] }: Exclude,
): Exclusion | undefined => {
  const tests: Exclusion['leavesOut'][] = [];
  if (devices.length > 0) {
    const ids = new Set(devices);
    tests.push(({ _id }) => ids.has(_id.toHexString()));
  }
  if (accounts.length > 0) {
    const names = new Set(accounts);
    tests.push(({ account }) => account != null && names.has(account));
  }
  if (tokens.length > 0) tests.push(tokenTest(context, tokens));
  if (tests.length === 0) return undefined;
  return {
    fields: {
      ...(accounts.length > 0 ? { account: 1 } : {}),
      ...(tokens.length > 0 ? { tokenKey: 1 } : {}),
    },
    leavesOut: (device) => tests.some((test) => test(device)),
  };
};
