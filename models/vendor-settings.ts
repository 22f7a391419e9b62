/** Parts a vendor's settings into what may be shown and what is sealed, and puts them together again. */
import type { SecretBox } from './secret-box.js';
import type { VendorProfile } from './vendor-profile.js';

/** The part of a vendor that says which settings are secret. */
export interface SecretKeys {
  readonly secrets: readonly string[];
}

type Settings = Record<string, unknown>;

const place = (id: string): string => `vendor_profiles/${id}`;

const chosen = (settings: Settings, isChosen: (key: string) => boolean): Settings =>
  Object.fromEntries(Object.entries(settings).filter(([key]) => isChosen(key)));

/** For the profile with this id; its secrets do not open under another one. Settings must survive JSON. */
export const sealSettings = (
  id: string,
  settings: Settings,
  { secrets }: SecretKeys,
  box: SecretBox,
): Pick<VendorProfile, 'settings' | 'secrets'> => {
  const secret = chosen(settings, (key) => secrets.includes(key));
  return {
    settings: chosen(settings, (key) => !secrets.includes(key)),
    secrets: box.seal(JSON.stringify(secret), place(id)),
  };
};

/** The secret settings alone, as far as the vendor still knows them. Throws under another master key. */
export const openSecrets = (
  profile: Pick<VendorProfile, '_id' | 'secrets'>,
  { secrets }: SecretKeys,
  box: SecretBox,
): Settings => {
  const opened = JSON.parse(box.open(profile.secrets, place(profile._id)).toString()) as Settings;
  return chosen(opened, (key) => secrets.includes(key));
};

/** All settings, as the vendor's `open` takes them. Throws under another master key. */
export const openSettings = (
  profile: Pick<VendorProfile, '_id' | 'settings' | 'secrets'>,
  vendor: SecretKeys,
  box: SecretBox,
): Settings => ({ ...profile.settings, ...openSecrets(profile, vendor, box) });
