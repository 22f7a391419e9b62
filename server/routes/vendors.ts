/** A vendor's credentials and settings in an app: tried, sealed, stored; secrets are never shown again. */
import type { Vendor } from '../../adapters/adapter.js';
import type { App } from '../../models/app.js';
import type { Rest } from '../../models/rest.js';
import {
  type VendorProfile,
  vendorProfileId,
  vendorProfileModel,
} from '../../models/vendor-profile.js';
import { openSecrets, sealSettings } from '../../models/vendor-settings.js';
import { validated } from '../middleware/validation.js';
import type { ApiParts } from '../parts.js';
import { problem } from '../problems.js';
import { type Route, route } from '../route.js';
import { appParams } from '../schemas/apps.js';
import {
  anySettings,
  everySettings,
  probeQuery,
  profileAnswer,
  profileStoredAnswer,
  profilesAnswer,
  type VendorParams,
  vendorParams,
} from '../schemas/vendors.js';
import { refusePrivateEndpoints } from '../vendor-endpoints.js';
import { probe } from '../vendor-probe.js';
import { withKeptSecrets } from '../vendor-secrets.js';

const PATH = '/v1/apps/:app/vendors/:vendor{/:profile}';

const EXAMPLE_STORED = {
  vendor: 'sandbox',
  profile: 'default',
  settings: { latencyMs: 0, slowMs: 1000, apiKey: { set: true } },
  revision: 1,
  updatedAt: '2026-11-22T10:00:00.000Z',
};
const EXAMPLE_PROFILE = {
  ...EXAMPLE_STORED,
  breaker: {
    state: 'open',
    reason: 'Apple cannot verify the key: check teamId, keyId and privateKey',
    since: '2026-11-22T10:05:00.000Z',
    nextProbeAt: '2026-11-22T10:05:40.000Z',
  },
};

type Stored = Pick<VendorProfile, '_id' | 'vendor' | 'profile' | 'settings' | 'secrets'> & {
  revision: number;
  updatedAt: Date;
};

const shown = ({ vendors, secretBox }: ApiParts, stored: Stored) => {
  const { vendor, profile, settings, revision, updatedAt } = stored;
  const secrets = openSecrets(stored, vendors.get(vendor) ?? { secrets: [] }, secretBox);
  const marks = Object.fromEntries(Object.keys(secrets).map((key) => [key, { set: true }]));
  return { vendor, profile, settings: { ...settings, ...marks }, revision, updatedAt };
};

/** Whether pushes go through it now, as all workers know it. */
const breakerOf = (rest: Rest | undefined) => {
  if (rest == null) return { state: 'closed' };
  const { probing, reason, since, nextProbeAt } = rest;
  return { state: probing ? 'half-open' : 'open', reason, since, nextProbeAt };
};

const vendorNamed = ({ vendors }: ApiParts, name: string): Vendor => {
  const vendor = vendors.get(name);
  if (vendor == null) throw problem('NOT_FOUND');
  return vendor;
};

const store = async (
  { connection, secretBox, adapters }: ApiParts,
  app: App,
  params: VendorParams,
  settings: Record<string, unknown>,
  vendor: Vendor,
): Promise<VendorProfile> => {
  const id = vendorProfileId(app._id, params.vendor, params.profile);
  const stored = await vendorProfileModel(connection)
    .findOneAndUpdate(
      { _id: id },
      {
        $set: {
          app: app._id,
          vendor: params.vendor,
          profile: params.profile,
          ...sealSettings(id, settings, vendor, secretBox),
          updatedAt: new Date(adapters.now()),
        },
        $inc: { revision: 1 },
      },
      { upsert: true, returnDocument: 'after' },
    )
    .orFail()
    .lean();
  return stored;
};

const putVendor = (parts: ApiParts): Route =>
  route<VendorParams, { probe?: 'skip' }, Record<string, unknown>>({
    method: 'put',
    path: PATH,
    id: 'storeVendor',
    tag: 'vendors',
    summary: "Store a vendor's credentials and settings",
    description:
      'Before they are stored, the vendor is asked with a token that belongs to nobody. A secret that is left out ' +
      'stays as it is, unless a URL changes with it; null removes it.',
    params: vendorParams(parts.vendors.keys()),
    query: probeQuery,
    body: anySettings,
    documentedBody: everySettings(parts.vendors),
    answers: {
      200: {
        description: 'They are stored',
        schema: profileStoredAnswer,
        example: { ...EXAMPLE_STORED, probe: { result: 'ok' } },
      },
    },
    problems: ['CREDENTIAL_REFUSED', 'ENDPOINT_FORBIDDEN'],
    example: { params: { vendor: 'sandbox' }, body: { apiKey: 'made-up-for-this-example' } },
    handle: async ({ app, params, query, body }) => {
      const vendor = vendorNamed(parts, params.vendor);
      const id = vendorProfileId(app._id, params.vendor, params.profile);
      const before = await vendorProfileModel(parts.connection).findById(id).lean();
      const merged = withKeptSecrets(body, before, vendor, parts.secretBox);
      const settings = validated(vendor.settings, merged);
      if (!parts.allowPrivateEndpoints) await refusePrivateEndpoints(settings);
      const tried =
        query.probe === 'skip'
          ? { result: 'skipped' as const }
          : await probe(vendor, settings, parts.adapters);
      const stored = await store(parts, app, params, settings, vendor);
      parts.engine.vendorChanged(app._id, params.vendor, params.profile);
      return { status: 200, body: { ...shown(parts, stored), probe: tried } };
    },
  });

const getVendor = (parts: ApiParts): Route =>
  route<VendorParams>({
    method: 'get',
    path: PATH,
    id: 'getVendor',
    tag: 'vendors',
    summary: "A vendor's settings, without the secrets",
    params: vendorParams(parts.vendors.keys()),
    answers: {
      200: { description: 'The settings', schema: profileAnswer, example: EXAMPLE_PROFILE },
    },
    example: { params: { vendor: 'sandbox' } },
    handle: async ({ app, params }) => {
      const id = vendorProfileId(app._id, params.vendor, params.profile);
      const stored = await vendorProfileModel(parts.connection).findById(id).lean();
      if (stored == null) throw problem('NOT_FOUND');
      const rests = await parts.engine.rests(app._id);
      return {
        status: 200,
        body: { ...shown(parts, stored), breaker: breakerOf(rests.get(stored._id)) },
      };
    },
  });

const listVendors = (parts: ApiParts): Route =>
  route({
    method: 'get',
    path: '/v1/apps/:app/vendors',
    id: 'listVendors',
    tag: 'vendors',
    summary: 'All vendor profiles of the app',
    params: appParams,
    answers: {
      200: {
        description: 'The profiles',
        schema: profilesAnswer,
        example: { items: [EXAMPLE_PROFILE] },
      },
    },
    handle: async ({ app }) => {
      const stored = await vendorProfileModel(parts.connection)
        .find({ app: app._id })
        .sort({ vendor: 1, profile: 1 })
        .lean();
      const rests = await parts.engine.rests(app._id);
      const items = stored.map((each) => ({
        ...shown(parts, each),
        breaker: breakerOf(rests.get(each._id)),
      }));
      return { status: 200, body: { items } };
    },
  });

const deleteVendor = ({ connection, engine, vendors }: ApiParts): Route =>
  route<VendorParams>({
    method: 'delete',
    path: PATH,
    id: 'deleteVendor',
    tag: 'vendors',
    summary: "Forget a vendor's credentials and settings",
    params: vendorParams(vendors.keys()),
    answers: { 204: { description: 'They are forgotten' } },
    example: { params: { vendor: 'sandbox' } },
    handle: async ({ app, params }) => {
      const id = vendorProfileId(app._id, params.vendor, params.profile);
      const deleted = await vendorProfileModel(connection).deleteOne({ _id: id });
      if (deleted.deletedCount === 0) throw problem('NOT_FOUND');
      engine.vendorChanged(app._id, params.vendor, params.profile);
      return { status: 204 };
    },
  });

export const vendorRoutes = (parts: ApiParts): Route[] => [
  listVendors(parts),
  getVendor(parts),
  putVendor(parts),
  deleteVendor(parts),
];
