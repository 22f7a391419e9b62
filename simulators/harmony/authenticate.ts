/** Verifies the signed token that a Push Kit request carries. */
import { createPublicKey } from 'node:crypto';
import { isSignedBy, parseJwt, rememberByToken } from '../jwt.js';
import type { HarmonyCode } from './answers.js';
import type { HarmonyIdentity } from './credentials.js';

const AUDIENCE = 'https://oauth-login.cloud.huawei.com/oauth2/v3/token';
const MAX_LIFETIME_SECONDS = 86_400;
const SKEW_SECONDS = 300;

type Finding = { readonly iat: number; readonly exp: number } | { readonly code: HarmonyCode };

const REFUSED: Finding = { code: '80200001' };

export class HarmonyAuthenticator {
  readonly #publicKey;
  /** Only what does not change with time is remembered. */
  readonly #examine = rememberByToken((text) => this.#findOut(text));

  constructor(
    readonly identity: HarmonyIdentity,
    readonly now: () => number,
  ) {
    this.#publicKey = createPublicKey(identity.privateKey);
  }

  /** The code of the refusal; undefined for a good token. */
  check(authorization: string | undefined): HarmonyCode | undefined {
    const [, token] = /^Bearer (\S+)$/.exec(authorization ?? '') ?? [];
    if (token == null) return '80200001';
    const finding = this.#examine(token);
    if ('code' in finding) return finding.code;
    const nowSeconds = this.now() / 1000;
    if (finding.exp <= nowSeconds) return '80200005';
    return finding.iat > nowSeconds + SKEW_SECONDS ? '80200001' : undefined;
  }

  #findOut(token: string): Finding {
    const jwt = parseJwt(token);
    if (jwt == null || jwt.header.alg !== 'PS256') return REFUSED;
    if (jwt.header.kid !== this.identity.keyId) return REFUSED;
    if (!isSignedBy(jwt, 'PS256', this.#publicKey)) return REFUSED;
    const { iss, aud, iat, exp } = jwt.claims;
    if (iss !== this.identity.subAccount || aud !== AUDIENCE) return REFUSED;
    if (!Number.isInteger(iat) || !Number.isInteger(exp) || Number(exp) <= Number(iat)) {
      return REFUSED;
    }
    return Number(exp) - Number(iat) > MAX_LIFETIME_SECONDS
      ? { code: '80300036' }
      : { iat: Number(iat), exp: Number(exp) };
  }
}
