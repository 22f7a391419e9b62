/** Proves to Apple who pushes: with a provider token signed by a `.p8` key, or with a TLS client certificate. */
import { createPrivateKey, type KeyObject } from 'node:crypto';
import { SignJWT } from 'jose';
import type { Origin } from '../../transport/transport.js';
import type { AdapterDeps } from '../adapter.js';
import { type Authorizer, CredentialRefused } from '../http-adapter.js';
import { fingerprint, signedToken } from '../signed-token.js';
import { type ClientCertificate, readCertificate } from './certificate.js';
import type { ApnsSettings } from './settings.js';

// https://developer.apple.com/documentation/usernotifications/establishing-a-token-based-connection-to-apns
/** Apple refuses a provider token that is older than an hour. */
const RENEW_AFTER_MS = 50 * 60_000;
/** Apple refuses a second new provider token within 20 minutes. */
const KEEP_FOR_MS = 20 * 60_000;

export interface Authorization {
  readonly authorizer: Authorizer;
  /** Which requests may share a connection: Apple binds it to the first key it sees. */
  readonly credential: string;
  readonly tls?: Pick<NonNullable<Origin['tls']>, 'cert' | 'key'>;
}

/** Throws with words for an operator unless it is an EC key on P-256. */
export const readSigningKey = (pem: string): KeyObject => {
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch (cause) {
    throw new Error('privateKey is not a private key that can be read: it must be the .p8 file', {
      cause,
    });
  }
  if (key.asymmetricKeyType !== 'ec' || key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') {
    throw new Error('privateKey must be an EC key on the curve P-256, as the .p8 file holds it');
  }
  return key;
};

const withKey = (pem: string, settings: ApnsSettings, deps: AdapterDeps): Authorization => {
  const { environment, teamId = '', keyId = '' } = settings;
  const key = readSigningKey(pem);
  const name = `${teamId}/${keyId}/${fingerprint(key)}`;
  const authorizer = signedToken({
    credentials: deps.credentials,
    now: deps.now,
    // One token serves both environments: Apple counts renewals by key.
    cacheKey: `apns/${name}`,
    renewAfterMs: RENEW_AFTER_MS,
    // A token that Apple calls expired so early is as good as any other that our clock can date; the connection is not.
    keepForMs: KEEP_FOR_MS,
    scheme: 'bearer',
    sign: (issuedAtSeconds) =>
      new SignJWT()
        .setProtectedHeader({ alg: 'ES256', kid: keyId })
        .setIssuer(teamId)
        .setIssuedAt(issuedAtSeconds)
        .sign(key),
  });
  return { authorizer, credential: `${environment}/${name}` };
};

const NO_HEADERS = {};

const certificateAuthorizer = (
  { expiresAt }: ClientCertificate,
  now: () => number,
): Authorizer => ({
  async headers() {
    // Apple would only close the connection, which looks like trouble on the way.
    if (now() < expiresAt.getTime()) return NO_HEADERS;
    const day = expiresAt.toISOString().slice(0, 10);
    throw new CredentialRefused('certificate-expired', `The certificate expired on ${day}`);
  },
  async drop() {},
});

/** Throws with words for an operator when the key or the certificate cannot work. */
export const authorize = (settings: ApnsSettings, deps: AdapterDeps): Authorization => {
  const { environment, privateKey, certificate } = settings;
  if (privateKey != null) return withKey(privateKey, settings, deps);
  if (certificate == null) throw new Error('Either privateKey or certificate is required');
  const read = readCertificate(certificate, environment, deps.now());
  return {
    authorizer: certificateAuthorizer(read, deps.now),
    credential: `${environment}/certificate/${fingerprint(read.privateKey)}`,
    tls: { cert: read.cert, key: read.key },
  };
};
