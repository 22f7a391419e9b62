/** Google's token endpoint: takes an assertion signed by the service account, gives an access token. */
import { createPublicKey, randomBytes } from 'node:crypto';
import { type IncomingHttpHeaders } from 'node:http';
import { jsonReply, type Reply } from '../exchange.js';
import { isSignedBy, type Jwt, parseJwt } from '../jwt.js';
import { type FcmIdentity, TOKEN_PATH } from './credentials.js';

const GRANT_TYPE = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
/** Google's own endpoint had several names; libraries sign for one of them wherever they send the assertion. */
const AUDIENCES = [
  'https://oauth2.googleapis.com/token',
  'https://accounts.google.com/o/oauth2/token',
  'https://www.googleapis.com/oauth2/v4/token',
];
export const TOKEN_PATHS: readonly string[] = [TOKEN_PATH, '/o/oauth2/token', '/oauth2/v4/token'];
const SCOPES = [
  'https://www.googleapis.com/auth/firebase.messaging',
  'https://www.googleapis.com/auth/cloud-platform',
];
const MAX_LIFETIME_SECONDS = 3600;
const SKEW_SECONDS = 300;

/** https://www.rfc-editor.org/rfc/rfc6749#section-5.2 */
export const OAUTH_ERRORS = {
  invalid_grant: [400, 'Invalid JWT Signature.'],
  invalid_scope: [400, 'Invalid OAuth scope or ID token audience provided.'],
  invalid_client: [401, 'The OAuth client was not found.'],
  unauthorized_client: [401, 'Client is unauthorized to retrieve access tokens using this method.'],
  unsupported_grant_type: [400, 'Invalid grant_type'],
  invalid_request: [400, 'Bad Request'],
} as const;

export type OAuthError = keyof typeof OAUTH_ERRORS;

export const oauthRefusal = (error: OAuthError, description?: string): Reply =>
  jsonReply(OAUTH_ERRORS[error][0], {
    error,
    error_description: description ?? OAUTH_ERRORS[error][1],
  });

export interface TokenIssuerParts {
  readonly identity: FcmIdentity;
  readonly now: () => number;
  readonly expiresInSeconds: number;
}

export type TokenState = 'valid' | 'expired' | 'unknown';

/** Gives out access tokens and knows them again. */
export class TokenIssuer {
  readonly #publicKey;
  readonly #expiresAtMs = new Map<string, number>();

  constructor(readonly parts: TokenIssuerParts) {
    this.#publicKey = createPublicKey(parts.identity.privateKey);
  }

  stateOf(token: string): TokenState {
    const expiresAtMs = this.#expiresAtMs.get(token);
    if (expiresAtMs == null) return 'unknown';
    return this.parts.now() < expiresAtMs ? 'valid' : 'expired';
  }

  /** Answers a request for a token. */
  grant(headers: IncomingHttpHeaders, body: string): Reply {
    if (!String(headers['content-type']).startsWith('application/x-www-form-urlencoded')) {
      return oauthRefusal('invalid_request', 'The body must be form-urlencoded');
    }
    const form = new URLSearchParams(body);
    if (form.get('grant_type') !== GRANT_TYPE) return oauthRefusal('unsupported_grant_type');
    const jwt = parseJwt(form.get('assertion') ?? '');
    if (jwt == null) return oauthRefusal('invalid_grant', 'Invalid JWT: Failed to parse');
    return this.#refusalOf(jwt) ?? this.#issue();
  }

  #refusalOf({ header, claims, ...rest }: Jwt): Reply | undefined {
    const { identity } = this.parts;
    if (claims.iss !== identity.clientEmail) {
      return oauthRefusal('invalid_grant', 'Invalid grant: account not found');
    }
    const isOurKey = header.kid == null || header.kid === identity.privateKeyId;
    const jwt = { header, claims, ...rest };
    if (header.alg !== 'RS256' || !isOurKey || !isSignedBy(jwt, 'RS256', this.#publicKey)) {
      return oauthRefusal('invalid_grant');
    }
    // The name that this simulator is reached by does not matter: any URL with its path is its own.
    const audience = String(claims.aud);
    if (!AUDIENCES.includes(audience) && !isOwnAudience(audience)) {
      return oauthRefusal('invalid_grant', 'Invalid JWT: Failed audience check.');
    }
    if (!this.#isTimely(claims.iat, claims.exp)) {
      return oauthRefusal(
        'invalid_grant',
        'Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat and exp values in the JWT claim.',
      );
    }
    const scopes = typeof claims.scope === 'string' ? claims.scope.split(' ') : [];
    return scopes.some((scope) => SCOPES.includes(scope))
      ? undefined
      : oauthRefusal('invalid_scope');
  }

  #isTimely(iat: unknown, exp: unknown): boolean {
    if (typeof iat !== 'number' || typeof exp !== 'number') return false;
    const nowSeconds = this.parts.now() / 1000;
    return (
      exp > iat &&
      exp - iat <= MAX_LIFETIME_SECONDS &&
      iat <= nowSeconds + SKEW_SECONDS &&
      exp > nowSeconds - SKEW_SECONDS
    );
  }

  #issue(): Reply {
    const { now, expiresInSeconds } = this.parts;
    const token = `ya29.${randomBytes(96).toString('base64url')}`;
    this.#expiresAtMs.set(token, now() + expiresInSeconds * 1000);
    return jsonReply(200, {
      access_token: token,
      expires_in: expiresInSeconds,
      token_type: 'Bearer',
    });
  }
}

const isOwnAudience = (audience: string): boolean =>
  URL.canParse(audience) &&
  ['localhost', '127.0.0.1', '[::1]'].includes(new URL(audience).hostname) &&
  new URL(audience).pathname === TOKEN_PATH;
