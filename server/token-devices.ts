/** The device ids under which a token's deliveries may stand in a report. */
import type { Types } from 'mongoose';
import { unregisteredId } from '../jobs/audience-tokens.js';
import type { App } from '../models/app.js';
import { openHashSecret } from '../models/app-secrets.js';
import { deviceModel } from '../models/device.js';
import { tokenKey } from '../models/token-key.js';
import type { ApiParts } from './parts.js';
import { normaliseToken } from './vendor-token.js';

/** Registered devices with this token, and the ids that it has as a token nobody registered; in order. */
export const devicesOfToken = async (
  { connection, secretBox, vendors }: ApiParts,
  app: App,
  token: string,
): Promise<Types.ObjectId[]> => {
  const secret = openHashSecret(secretBox, app);
  const ofVendors = [...vendors.keys()].map((vendor) => ({
    vendor,
    token: normaliseToken(vendors, { vendor, token }).token ?? token,
  }));
  const keys = ofVendors.map((each) => tokenKey(secret, each.vendor, each.token));
  const devices = await deviceModel(connection)
    .find({ app: app._id, tokenKey: { $in: keys } }, { _id: 1 })
    .lean();
  const ids = [
    ...devices.map(({ _id }) => _id),
    ...ofVendors.map((each) => unregisteredId(secret, each.vendor, each.token)),
    // A task may have named it without a vendor.
    unregisteredId(secret, undefined, token),
  ];
  return ids.sort((left, right) => Buffer.compare(left.id, right.id));
};
