/** What a caller may register: a server anything in its app, a client key only what it proves. */
import type { App } from '../models/app.js';
import { openIdentitySecret } from '../models/app-secrets.js';
import { MAX_ATTRIBUTES } from '../models/attributes.js';
import type { RegistrationRequest } from '../models/bulk-registration.js';
import { type AccountProof, readAccountProof } from './account-proof.js';
import { deviceContext, isClient } from './device-context.js';
import { limitProblem } from './limit-problem.js';
import type { ApiParts } from './parts.js';
import { type ProblemError, problem } from './problems.js';
import type { Registrar } from './registrar.js';
import type { Call } from './route.js';
import type { RegistrationBody } from './schemas/devices.js';
import { normaliseToken, usualPlatform, vendorToken } from './vendor-token.js';

type RegistrationCall = Call<unknown, unknown, RegistrationBody>;

/** A phone tells what it is, not what a backend thinks of it. */
const refuseKnowledge = ({ tags, attributes }: RegistrationBody): void => {
  const errors = Object.entries({ tags, attributes }).flatMap(([field, value]) =>
    value === undefined ? [] : [{ field, detail: 'Must not be set by a client key' }],
  );
  if (errors.length === 0) return;
  throw problem('SCOPE_MISSING', { detail: 'Tags and attributes need devices:write', errors });
};

const checkProof = async (
  { vendors, secretBox, adapters }: ApiParts,
  app: App,
  { vendor, account, accountProof }: RegistrationBody,
  token: string,
): Promise<AccountProof> => {
  const proof =
    accountProof == null || account == null
      ? undefined
      : await readAccountProof(
          accountProof,
          { account, token },
          {
            secret: openIdentitySecret(secretBox, app),
            now: new Date(adapters.now()),
            normalise: (given) => normaliseToken(vendors, { vendor, token: given }).token,
          },
        );
  if (proof) return proof;
  throw problem('ACCOUNT_PROOF_INVALID', {
    detail:
      'accountProof must be a JWT over this account and this token, signed, not expired, and expiring within a day',
    errors: [{ field: 'accountProof', detail: 'Must prove the account' }],
  });
};

interface Shown {
  readonly token: string;
  readonly client: boolean;
  readonly accountProof: AccountProof | undefined;
}

const requestOf = (
  { vendors }: ApiParts,
  { body }: RegistrationCall,
  { token, client, accountProof }: Shown,
): RegistrationRequest => {
  const { previousToken, accountProof: _, ...stated } = body;
  const request: RegistrationRequest = {
    ...stated,
    token,
    ...usualPlatform(vendors, body.vendor),
    // A server may lift any erasure; what it passes on besides takes nothing from it.
    ...(client && accountProof ? { accountProof } : {}),
  };
  if (previousToken != null) {
    const before = { vendor: body.vendor, token: previousToken };
    return { ...request, proof: { previousToken: vendorToken(vendors, before, 'previousToken') } };
  }
  return client ? { ...request, proof: {} } : request;
};

export const tooManyAttributes = (): ProblemError =>
  problem('VALIDATION_FAILED', {
    errors: [
      {
        field: 'attributes',
        detail: `Must be at most ${MAX_ATTRIBUTES} with those that the device has`,
      },
    ],
  });

const GRANT = 'Needs consent.push granted in the same request, after the erasure';
const LIFTED_BY = {
  token: GRANT,
  account: `${GRANT}; of a client key also an accountProof with an iat after it`,
  installationId: `${GRANT}; of a client key also the erased token, as token or previousToken`,
};

/** The device's id. Throws what the caller is told. */
export const register = async (
  parts: ApiParts,
  registrar: Registrar,
  call: RegistrationCall,
): Promise<string> => {
  const { app, caller, body } = call;
  const client = isClient(caller);
  const token = vendorToken(parts.vendors, body);
  if (client) refuseKnowledge(body);
  // Leaving an account needs no proof: the phone's next owner must be able to.
  const needsProof = body.accountProof != null || (client && body.account != null);
  const accountProof = needsProof ? await checkProof(parts, app, body, token) : undefined;
  const request = requestOf(parts, call, { token, client, accountProof });
  const context = deviceContext(parts, call);
  const result = await registrar(context, request);
  if (result.kind !== 'refused') return result.id.toHexString();
  if (result.reason === 'busy') {
    throw problem('STORAGE_UNAVAILABLE', { headers: { 'Retry-After': '1' } });
  }
  if (result.reason === 'too-many-attributes') throw tooManyAttributes();
  if (result.reason !== 'suppressed') throw limitProblem(result.reason, context);
  throw problem('SUPPRESSED', {
    errors: [{ field: result.field, detail: LIFTED_BY[result.field] }],
  });
};
