/** Lays new vendor settings over the stored secrets: what is left out stays. */

import type { SecretBox } from '../models/secret-box.js';
import type { VendorProfile } from '../models/vendor-profile.js';
import { openSecrets, type SecretKeys } from '../models/vendor-settings.js';
import { problem } from './problems.js';
import { urlOf, urlSettings } from './vendor-endpoints.js';

type Settings = Record<string, unknown>;

/** Whether a URL is given that differs from the stored one. */
const movesUrl = (given: Settings, before: Settings): boolean =>
  urlSettings(given).some(([key, { href }]) => urlOf(before[key])?.href !== href);

/**
 * The settings to validate and store. Throws VALIDATION_FAILED when a URL changes under a kept secret: whoever may write
 * settings but has never seen the secret could have it sent to a server of their own.
 */
export const withKeptSecrets = (
  given: Settings,
  before: VendorProfile | null,
  vendor: SecretKeys,
  box: SecretBox,
): Settings => {
  const kept = before == null ? {} : openSecrets(before, vendor, box);
  const keptKeys = Object.keys(kept).filter((key) => !Object.hasOwn(given, key));
  if (keptKeys.length > 0 && movesUrl(given, before?.settings ?? {})) {
    throw problem('VALIDATION_FAILED', {
      errors: keptKeys.map((field) => ({
        field,
        detail: 'Must be given again when a URL changes',
      })),
    });
  }
  const merged = { ...kept, ...given };
  const isRemoved = (key: string): boolean => vendor.secrets.includes(key) && merged[key] === null;
  return Object.fromEntries(Object.entries(merged).filter(([key]) => !isRemoved(key)));
};
