/** The token that a caller presents to show that it speaks for a device; a key inside an app must present one. */
import type { Owner } from '../models/device-changes.js';
import { tokenKey } from '../models/token-key.js';
import { isClient } from './device-context.js';
import type { ApiParts } from './parts.js';
import { problem } from './problems.js';
import type { Call } from './route.js';
import { normaliseToken } from './vendor-token.js';

export interface PresentedBody {
  vendor?: string;
  profile: string;
  token?: string;
}

/** Undefined when none is presented and none is needed. Throws. */
export const presentedToken = (
  { vendors }: ApiParts,
  hashSecret: Buffer,
  { body, caller }: Pick<Call<unknown, unknown, PresentedBody>, 'body' | 'caller'>,
): Owner | undefined => {
  const { vendor, token, profile } = body;
  if (vendor == null || token == null) {
    if (!isClient(caller)) return undefined;
    const detail = 'Is required from a client key';
    throw problem('VALIDATION_FAILED', { errors: [{ field: 'token', detail }] });
  }
  const normalised = normaliseToken(vendors, { vendor, token }).token;
  // A token that no device can have is told from a wrong one by nothing.
  if (normalised == null) throw problem('NOT_FOUND');
  return { profile, tokenKey: tokenKey(hashSecret, vendor, normalised) };
};
