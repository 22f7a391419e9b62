/** Tokens as their vendors write them: held against the vendor's schema, and brought into its one form. */
import type { Vendor } from '../adapters/adapter.js';
import { check } from './middleware/validation.js';
import { type FieldError, problem } from './problems.js';

export type Vendors = ReadonlyMap<string, Vendor>;

/** What a registration is given beside what its caller states. */
export const usualPlatform = (vendors: Vendors, vendor: string): { usualPlatform?: string } => {
  const platform = vendors.get(vendor)?.platform;
  return platform == null ? {} : { usualPlatform: platform };
};

export type NormalisedToken =
  | { readonly token: string; readonly fault?: never }
  | { readonly token?: never; readonly fault: FieldError };

export const normaliseToken = (
  vendors: Vendors,
  { vendor, token }: { vendor: string; token: string },
  field = 'token',
): NormalisedToken => {
  const known = vendors.get(vendor);
  if (known == null) return { fault: { field: 'vendor', detail: 'Is not a vendor known here' } };
  const checked = known.token.validate(token);
  if (!checked.error) return { token: checked.value };
  // Its wording costs more than the check, and an import checks a million.
  const [fault] = check(known.token, token).errors ?? [];
  return { fault: { field, detail: fault?.detail ?? 'Is not a token of this vendor' } };
};

/** Throws VALIDATION_FAILED, naming `field`. */
export const vendorToken = (
  vendors: Vendors,
  given: { vendor: string; token: string },
  field?: string,
): string => {
  const { token, fault } = normaliseToken(vendors, given, field);
  if (fault) throw problem('VALIDATION_FAILED', { errors: [fault] });
  return token;
};
