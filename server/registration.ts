/** What a caller may register: a server anything in its app, a client key only what it proves. */
import type { App } from '../models/app.js';
import { openIdentitySecret } from '../models/app-secrets.js';
import { type RegistrationRequest, registerDevices } from '../models/bulk-registration.js';
import { provesAccount } from './account-proof.js';
import { deviceContext, isClient } from './device-context.js';
import type { ApiParts } from './parts.js';
import { problem } from './problems.js';
import type { Call } from './route.js';
import type { RegistrationBody } from './schemas/devices.js';
import { normaliseToken, vendorToken } from './vendor-token.js';

type RegistrationCall = Call<unknown, unknown, RegistrationBody>;

const refuseTags = (): never => {
  throw problem('SCOPE_MISSING', {
    detail: 'Tags need devices:write',
    errors: [{ field: 'tags', detail: 'Must not be set by a client key' }],
  });
};

const checkProof = async (
  { vendors, secretBox, adapters }: ApiParts,
  app: App,
  { vendor, account, accountProof }: RegistrationBody,
  token: string,
): Promise<void> => {
  const proven =
    accountProof != null &&
    account != null &&
    (await provesAccount(
      accountProof,
      { account, token },
      {
        secret: openIdentitySecret(secretBox, app),
        now: new Date(adapters.now()),
        normalise: (given) => normaliseToken(vendors, { vendor, token: given }).token,
      },
    ));
  if (proven) return;
  throw problem('ACCOUNT_PROOF_INVALID', {
    detail: 'accountProof must be a JWT over this account and this token, signed and not expired',
    errors: [{ field: 'accountProof', detail: 'Must prove the account' }],
  });
};

const requestOf = (
  { vendors }: ApiParts,
  { body }: RegistrationCall,
  { token, client }: { token: string; client: boolean },
): RegistrationRequest => {
  const { previousToken, accountProof: _, ...stated } = body;
  const request: RegistrationRequest = { ...stated, token };
  if (previousToken != null) {
    const before = { vendor: body.vendor, token: previousToken };
    return { ...request, proof: { previousToken: vendorToken(vendors, before, 'previousToken') } };
  }
  return client ? { ...request, proof: {} } : request;
};

/** The device's id. Throws what the caller is told. */
export const register = async (parts: ApiParts, call: RegistrationCall): Promise<string> => {
  const { app, caller, body } = call;
  const client = isClient(caller);
  const token = vendorToken(parts.vendors, body);
  if (client && body.tags != null) refuseTags();
  // Leaving an account needs no proof: the phone's next owner must be able to.
  if (body.accountProof != null || (client && body.account != null)) {
    await checkProof(parts, app, body, token);
  }
  const [result] = await registerDevices({ ...deviceContext(parts, call), cause: 'registration' }, [
    requestOf(parts, call, { token, client }),
  ]);
  if (result == null) throw new Error('A registration has no result');
  if (result.kind !== 'refused') return result.id.toHexString();
  if (result.reason === 'busy') {
    throw problem('STORAGE_UNAVAILABLE', { headers: { 'Retry-After': '1' } });
  }
  throw problem('SUPPRESSED', {
    errors: [{ field: result.field, detail: 'Needs consent.push granted in the same request' }],
  });
};
