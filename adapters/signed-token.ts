/** Proves who we are with a token that we sign ourselves, and that all processes share through the credential cache. */
import { createHash, type KeyObject } from 'node:crypto';
import { decodeJwt } from 'jose';
import type { CredentialCache } from './adapter.js';
import type { Authorizer } from './http-adapter.js';

export interface SignedTokenParts {
  readonly credentials: CredentialCache;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Must name the private key itself (`fingerprint`): whoever has the same cache key is handed the same token. */
  readonly cacheKey: string;
  /** A token that is older is replaced before it is used again. */
  readonly renewAfterMs: number;
  /** A token that is younger is kept even if the vendor calls it stale; default 0. */
  readonly keepForMs?: number;
  /** How the token is announced: `Bearer`. */
  readonly scheme: string;
  readonly sign: (issuedAtSeconds: number) => Promise<string>;
}

interface Current {
  readonly token: string;
  readonly issuedAtMs: number;
  readonly headers: { readonly authorization: string };
}

export const signedToken = (parts: SignedTokenParts): Authorizer => {
  const { credentials, cacheKey, renewAfterMs, keepForMs = 0 } = parts;
  let current: Current | undefined;
  // Requests wait for a renewal that is under way, or they would be handed the token that is being replaced.
  let renewing: Promise<Current> | undefined;

  const ageMs = (of: Current): number => parts.now() - of.issuedAtMs;

  const obtain = async (): Promise<Current> => {
    const token = await credentials.get(cacheKey, renewAfterMs, () =>
      parts.sign(Math.floor(parts.now() / 1000)),
    );
    current = {
      token,
      issuedAtMs: (decodeJwt(token).iat ?? 0) * 1000,
      headers: { authorization: `${parts.scheme} ${token}` },
    };
    return current;
  };

  const renew = (before: Promise<void> = Promise.resolve()): Promise<Current> => {
    renewing ??= before.then(obtain).finally(() => {
      renewing = undefined;
    });
    return renewing;
  };

  return {
    async headers() {
      if (current && ageMs(current) < renewAfterMs) return current.headers;
      return (await renew()).headers;
    },
    async drop(stale) {
      if (current == null || stale['authorization'] !== current.headers.authorization) return;
      if (ageMs(current) < keepForMs) return;
      const { token } = current;
      current = undefined;
      await renew(credentials.drop(cacheKey, token));
    },
  };
};

/**
 * Names a private key without telling it. Two tenants that claim the same team and key id share tokens and connections
 * only if both hold the key.
 */
export const fingerprint = (privateKey: KeyObject): string =>
  createHash('sha256')
    .update(privateKey.export({ type: 'pkcs8', format: 'der' }))
    .digest('base64url')
    .slice(0, 22);
