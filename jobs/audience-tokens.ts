/** Finds the devices behind a list of tokens, and gives an id to tokens that have none. */
import { mongo, Types } from 'mongoose';
import { DEVICE_BYTES } from '../models/batch.js';
import type { TokenItem } from '../models/task.js';
import { tokenKey } from '../models/token-key.js';
import { DEFAULT_PROFILE } from '../models/vendor-profile.js';
import { type AudienceContext, type Candidate, devicesOf } from './candidate.js';
import type { DeviceView } from './eligibility.js';

/** So few are sent to in a moment: their devices are read whole at once, and not again. */
const FEW_TOKENS = 200;

interface Found extends Pick<DeviceView, '_id' | 'profile'> {
  readonly tokenKey: { toString(encoding: 'hex'): string };
}

const UNKNOWN_VENDOR = '';

/** The device id of a token that is not registered: the first bytes of its keyed hash. */
export const unregisteredId = (
  secret: Buffer,
  vendor: string | undefined,
  token: string,
): Types.ObjectId =>
  new Types.ObjectId(tokenKey(secret, vendor ?? UNKNOWN_VENDOR, token).subarray(0, DEVICE_BYTES));

const findDevices = async (
  { db, app, reads }: AudienceContext,
  keys: Buffer[],
): Promise<Map<string, (Found | DeviceView)[]>> => {
  const found: (Found | DeviceView)[] =
    keys.length <= FEW_TOKENS
      ? await reads.holders(app, keys)
      : await devicesOf(db)
          .find({ app, tokenKey: { $in: keys.map((key) => new mongo.Binary(key)) } })
          .project<Found>({ tokenKey: 1, profile: 1 })
          .toArray();
  const byKey = new Map<string, (Found | DeviceView)[]>();
  for (const device of found) {
    const key = device.tokenKey.toString('hex');
    byKey.set(key, [...(byKey.get(key) ?? []), device]);
  }
  return byKey;
};

/** The token as each vendor that could have issued it writes it. */
export const spellings = (
  vendors: AudienceContext['vendors'],
  token: string,
): (readonly [vendor: string, token: string])[] =>
  [...vendors].flatMap(([name, vendor]) => {
    const checked = vendor.token.validate(token);
    return checked.error == null ? [[name, checked.value] as const] : [];
  });

/** A token may match a device of each profile it is registered in; the caller's vendor and profile narrow it down. */
export const resolveTokens = async (
  context: AudienceContext,
  items: readonly TokenItem[],
): Promise<Candidate[]> => {
  const { secret, vendors } = context;
  const keysOf = ({ token, vendor }: TokenItem): Buffer[] =>
    vendor == null
      ? spellings(vendors, token).map(([name, spelling]) => tokenKey(secret, name, spelling))
      : [tokenKey(secret, vendor, token)];
  const keyed = items.map((item) => ({ item, keys: keysOf(item) }));
  const devices = await findDevices(
    context,
    keyed.flatMap(({ keys }) => keys),
  );

  const byId = new Map<string, Candidate>();
  for (const { item, keys } of keyed) {
    const matches = keys
      .flatMap((key) => devices.get(key.toString('hex')) ?? [])
      .filter(({ profile }) => item.profile == null || item.profile === profile);
    for (const device of matches) {
      const id = device._id;
      byId.set(id.toHexString(), { id, ...('token' in device ? { device } : {}) });
    }
    if (matches.length > 0) continue;
    const id = unregisteredId(secret, item.vendor, item.token);
    byId.set(id.toHexString(), {
      id,
      raw: {
        token: item.token,
        profile: item.profile ?? DEFAULT_PROFILE,
        ...(item.vendor == null ? {} : { vendor: item.vendor }),
      },
    });
  }
  return [...byId.values()];
};
