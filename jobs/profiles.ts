/** The vendor profiles of an app, their settings opened and an adapter at hand for each. */
import type { Adapter, AdapterDeps, Vendor } from '../adapters/adapter.js';
import { createKept } from '../models/kept.js';
import type { VendorProfile } from '../models/vendor-profile.js';
import { openSettings } from '../models/vendor-settings.js';
import { profileKey } from './eligibility.js';
import type { JobParts } from './parts.js';

export interface OpenProfile {
  readonly id: string;
  readonly vendor: Vendor;
  readonly profile: string;
  readonly settings: Record<string, unknown>;
  /** Rises with every change of the settings. */
  readonly revision: number;
  /** As the operator set it; null for no limit, absent for what the vendor declares. */
  readonly ratePerSecond?: number | null;
  /** Opened on first use. */
  adapter(): Adapter;
}

export interface Profiles {
  /** By `<vendor>/<profile>`. */
  of(app: string): Promise<ReadonlyMap<string, OpenProfile>>;
  /** Read the settings of this app again before the next use. */
  changed(app: string): void;
  close(): Promise<void>;
}

/** Settings that another process changed are noticed after so long. */
const FRESH_MS = 1_000;

/** Settings that were stored untried may not work: then the account is at fault, as if its vendor had said so. */
const openAdapter = (
  vendor: Vendor,
  settings: Record<string, unknown>,
  deps: AdapterDeps,
): Adapter => {
  try {
    return vendor.open(settings, deps);
  } catch (error) {
    const detail = error instanceof Error ? error.message : 'The settings cannot be used';
    const refuse: Adapter['send'] = async (_message, targets) =>
      targets.map(() => ({ kind: 'account-refused', reason: 'settings-unusable', detail }));
    return { send: refuse, recall: ({ message }, ...rest) => refuse(message, ...rest) };
  }
};

export const createProfiles = (
  parts: Pick<JobParts, 'db' | 'vendors' | 'secretBox' | 'adapterDeps' | 'monotonic'>,
): Profiles => {
  /** By id; replaced when the revision changes. */
  const open = new Map<string, OpenProfile & { close(): Promise<void> }>();

  const openProfile = (stored: VendorProfile, vendor: Vendor): OpenProfile => {
    const current = open.get(stored._id);
    if (current?.revision === stored.revision) return current;
    const settings = openSettings(stored, vendor, parts.secretBox);
    let adapter: Adapter | undefined;
    const profile = {
      id: stored._id,
      vendor,
      profile: stored.profile,
      settings,
      revision: stored.revision,
      ...(stored.ratePerSecond === undefined ? {} : { ratePerSecond: stored.ratePerSecond }),
      adapter: () => (adapter ??= openAdapter(vendor, settings, parts.adapterDeps)),
      close: async () => adapter?.close?.(),
    };
    open.set(stored._id, profile);
    void current?.close().catch(() => undefined);
    return profile;
  };

  const read = async (app: string): Promise<ReadonlyMap<string, OpenProfile>> => {
    const stored = await parts.db
      .collection<VendorProfile>('vendor_profiles')
      .find({ app })
      .toArray();
    const known = stored.flatMap((profile) => {
      const vendor = parts.vendors.get(profile.vendor);
      return vendor == null
        ? []
        : [[profileKey(profile.vendor, profile.profile), openProfile(profile, vendor)] as const];
    });
    return new Map(known);
  };

  const apps = createKept(read, { keptMs: FRESH_MS, monotonic: parts.monotonic });

  return {
    of: async (app) => (await apps.get(app)) ?? new Map<string, OpenProfile>(),
    changed: (app) => apps.forget(app),
    async close() {
      await Promise.allSettled([...open.values()].map((profile) => profile.close()));
      open.clear();
      apps.clear();
    },
  };
};
