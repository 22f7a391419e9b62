/** A vendor's credentials and settings in an app: tried, sealed, stored; secrets are never shown again. */
import type { Vendor } from '../../adapters/adapter.js';
import type { App } from '../../models/app.js';
import { dbOf } from '../../models/database.js';
import { pacingFactors, USED_OF_QUOTA } from '../../models/pacing.js';
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
  givenVendorRate,
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
  ratePerSecond: 2000,
  currentRatePerSecond: 1950,
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

type Stored = Omit<VendorProfile, 'app'>;

const rateOf = ({ vendors }: ApiParts, { vendor, ratePerSecond }: Stored): number | null =>
  ratePerSecond === undefined ? (vendors.get(vendor)?.pacing?.perSecond ?? null) : ratePerSecond;

/** `factor`: of its full rate, how much is allowed at present. */
const shown = (parts: ApiParts, stored: Stored, factor: number) => {
  const { vendor, profile, settings, revision, updatedAt } = stored;
  const known = parts.vendors.get(vendor) ?? { secrets: [] };
  const secrets = openSecrets(stored, known, parts.secretBox);
  const marks = Object.fromEntries(Object.keys(secrets).map((key) => [key, { set: true }]));
  const ratePerSecond = rateOf(parts, stored);
  return {
    vendor,
    profile,
    settings: { ...settings, ...marks },
    ratePerSecond,
    currentRatePerSecond:
      ratePerSecond == null ? null : Math.round(ratePerSecond * USED_OF_QUOTA * factor),
    revision,
    updatedAt,
  };
};

const allShown = async (parts: ApiParts, stored: readonly Stored[]) => {
  const factors = await pacingFactors(
    dbOf(parts.connection),
    stored.map(({ _id }) => _id),
  );
  return stored.map((each) => shown(parts, each, factors.get(each._id) ?? 1));
};

/** Whether pushes go through it now, as all workers know it. */
const breakerOf = (rest: Rest | undefined) => {
  if (rest == null) return { state: 'closed' };
  const { probing, reason, since, nextProbeAt } = rest;
  return { state: probing ? 'half-open' : 'open', reason, since, nextProbeAt };
};

const withBreakers = async (parts: ApiParts, app: App, stored: readonly Stored[]) => {
  const [profiles, rests] = await Promise.all([
    allShown(parts, stored),
    stored.length === 0 ? new Map<string, Rest>() : parts.engine.rests(app._id),
  ]);
  return profiles.map((profile, index) => ({
    ...profile,
    breaker: breakerOf(rests.get(stored[index]?._id ?? '')),
  }));
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
  { settings, ratePerSecond }: { settings: Record<string, unknown>; ratePerSecond?: number | null },
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
          ...(ratePerSecond === undefined ? {} : { ratePerSecond }),
          updatedAt: new Date(adapters.now()),
        },
        ...(ratePerSecond === undefined ? { $unset: { ratePerSecond: '' } } : {}),
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
      'stays as it is, unless a URL changes with it; null removes it. `ratePerSecond` stands beside the settings, and a ' +
      'change of it takes effect within a second.',
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
    example: {
      params: { vendor: 'sandbox' },
      body: { apiKey: 'made-up-for-this-example', ratePerSecond: 2000 },
    },
    handle: async ({ app, params, query, body: { ratePerSecond: givenRate, ...given } }) => {
      const vendor = vendorNamed(parts, params.vendor);
      const rate = validated(givenVendorRate, { ratePerSecond: givenRate });
      const id = vendorProfileId(app._id, params.vendor, params.profile);
      const before = await vendorProfileModel(parts.connection).findById(id).lean();
      const merged = withKeptSecrets(given, before, vendor, parts.secretBox);
      const settings = validated(vendor.settings, merged);
      if (!parts.allowPrivateEndpoints) await refusePrivateEndpoints(settings);
      const tried =
        query.probe === 'skip'
          ? { result: 'skipped' as const }
          : await probe(vendor, settings, parts.adapters);
      const stored = await store(parts, app, params, { settings, ...rate }, vendor);
      parts.engine.vendorChanged(app._id, params.vendor, params.profile);
      const [profile] = await allShown(parts, [stored]);
      return { status: 200, body: { ...profile, probe: tried } };
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
      const [profile] = await withBreakers(parts, app, [stored]);
      return { status: 200, body: profile };
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
      return { status: 200, body: { items: await withBreakers(parts, app, stored) } };
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
