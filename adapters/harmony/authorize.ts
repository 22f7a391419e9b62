/** Proves to Huawei who pushes: a JWT that the service account signs itself, without asking a token server. */
import { createPrivateKey, type KeyObject } from 'node:crypto';
import { SignJWT } from 'jose';
import type { AdapterDeps } from '../adapter.js';
import type { Authorizer } from '../http-adapter.js';
import { fingerprint, signedToken } from '../signed-token.js';
import type { ServiceAccount } from './settings.js';

// https://developer.huawei.com/consumer/cn/doc/harmonyos-guides/push-jwt-token
const AUDIENCE = 'https://oauth-login.cloud.huawei.com/oauth2/v3/token';
const LIFETIME_SECONDS = 3600;
const RENEW_AFTER_MS = 50 * 60_000;
const MIN_KEY_BITS = 2048;

export interface Authorization {
  readonly authorizer: Authorizer;
  /** Which requests may share a connection. */
  readonly credential: string;
}

const readKey = (pem: string): KeyObject => {
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch (cause) {
    throw new Error('serviceAccount.private_key is not a private key that can be read', { cause });
  }
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  if (key.asymmetricKeyType !== 'rsa' || bits < MIN_KEY_BITS) {
    throw new Error(
      `serviceAccount.private_key must be an RSA key of ${MIN_KEY_BITS} bits or more`,
    );
  }
  return key;
};

/** Throws with words for an operator when the key cannot work. */
export const authorize = (account: ServiceAccount, deps: AdapterDeps): Authorization => {
  const key = readKey(account.private_key);
  const name = `harmony/${account.sub_account}/${account.key_id}/${fingerprint(key)}`;
  const authorizer = signedToken({
    credentials: deps.credentials,
    now: deps.now,
    cacheKey: name,
    renewAfterMs: RENEW_AFTER_MS,
    scheme: 'Bearer',
    sign: (issuedAtSeconds) =>
      new SignJWT()
        .setProtectedHeader({ alg: 'PS256', typ: 'JWT', kid: account.key_id })
        .setIssuer(account.sub_account)
        .setAudience(AUDIENCE)
        .setIssuedAt(issuedAtSeconds)
        .setExpirationTime(issuedAtSeconds + LIFETIME_SECONDS)
        .sign(key),
  });
  return { authorizer, credential: name };
};
