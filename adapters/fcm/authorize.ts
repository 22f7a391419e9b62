/**
 * Mints Google access tokens for a service account. google-auth-library signs and asks; the request leaves through our
 * transport, so that proxy, authorities, deadlines and forbidden addresses are the same as for pushes.
 */
import { type Credentials, type gaxios, JWT } from 'google-auth-library';
import { type Origin, type Transport, TransportError } from '../../transport/transport.js';
import type { AdapterDeps } from '../adapter.js';
import { type Authorizer, type CredentialHeaders, CredentialRefused } from '../http-adapter.js';
import { vendorText } from '../vendor-text.js';
import type { FcmSettings, ServiceAccount } from './settings.js';

const SCOPE = 'https://www.googleapis.com/auth/firebase.messaging';
const TIMEOUT_MS = 15_000;
/** The longest that Google takes. */
const ASSERTION_SECONDS = 3_600;
const RENEW_BEFORE_MS = 300_000;
/** A token that is old but alive still serves when a new one cannot be had; this near its end it does not. */
const LAST_USE_BEFORE_MS = 10_000;

/** https://datatracker.ietf.org/doc/html/rfc6749#section-5.2, and what Google means by it. */
const WORDS_BY_ERROR = new Map([
  [
    'invalid_grant',
    'Google refuses the service account: its key or account was deleted, the key is not its own, or the clock of this machine is wrong',
  ],
  ['invalid_client', 'Google knows no such service account'],
  ['unauthorized_client', 'The service account may not have access tokens for Firebase messaging'],
  ['invalid_scope', 'The service account may not have access tokens for Firebase messaging'],
]);

interface AccessToken {
  readonly headers: CredentialHeaders;
  readonly renewAtMs: number;
  readonly lastUseAtMs: number;
}

/** A fetch for google-auth-library whose requests all go to the token endpoint of the settings. */
const throughTransport = (transport: Transport, origin: Origin, path: string): typeof fetch => {
  return async (_url, init) => {
    if (!(init?.body instanceof URLSearchParams)) throw new TypeError('No form to send');
    const reply = await transport.request(origin, {
      path,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: init.body.toString(),
      timeoutMs: TIMEOUT_MS,
    });
    return new Response(new Uint8Array(reply.body), { status: reply.status });
  };
};

/** The library's error holds the signed assertion, so nothing of it goes on but what is picked here. */
const faultOf = (error: unknown): Error => {
  const { cause, response } = error as gaxios.GaxiosError<{ error?: unknown } | undefined>;
  if (cause instanceof TransportError) return cause;
  const code = response?.data?.error;
  if (response == null || response.status >= 500 || typeof code !== 'string') {
    return new Error(
      `The token endpoint answers ${response?.status ?? 'nothing that can be read'}`,
    );
  }
  const words = WORDS_BY_ERROR.get(code) ?? 'Google refuses an access token';
  const { error_description: described } = response.data as { error_description?: unknown };
  const said = vendorText(described, []);
  return new CredentialRefused(
    vendorText(code, []) ?? 'refused',
    said == null ? words : `${words} (${said})`,
  );
};

const mint = async (
  { client_email: email, private_key: key }: ServiceAccount,
  { fetchImplementation, nowMs }: { fetchImplementation: typeof fetch; nowMs: number },
): Promise<{ token: string; lifetimeMs: number }> => {
  // Retries are the gateway's own: a batch that waits here could not be paused or cancelled.
  const transporterOptions = { fetchImplementation, retryConfig: { retry: 0 } };
  // The library would date it by the clock of this machine, which Google refuses when it is minutes off.
  const iat = Math.floor(nowMs / 1_000);
  const additionalClaims = { iat, exp: iat + ASSERTION_SECONDS };
  const jwt = new JWT({ email, key, scopes: [SCOPE], transporterOptions, additionalClaims });
  let tokens: Credentials;
  try {
    tokens = await jwt.authorize();
  } catch (error) {
    throw faultOf(error);
  }
  const { access_token: token, expiry_date: expiresAt } = tokens;
  // A header cannot hold anything else, and a page is not a token.
  if (typeof token !== 'string' || !/^[\x21-\x7e]+$/.test(token) || expiresAt == null) {
    throw new Error('The token endpoint answers without an access token');
  }
  return { token, lifetimeMs: expiresAt - Date.now() };
};

/** One token for all sends of an adapter; those that find none share one request for it. */
export const googleAuthorizer = (
  settings: Pick<FcmSettings, 'serviceAccount' | 'tokenEndpoint'>,
  origin: Pick<Origin, 'tls'>,
  { transport, now }: Pick<AdapterDeps, 'transport' | 'now'>,
): Authorizer => {
  const endpoint = new URL(settings.tokenEndpoint);
  const tokenOrigin: Origin = { ...origin, url: endpoint.origin, credential: 'google-oauth' };
  const fetchToken = throughTransport(
    transport,
    tokenOrigin,
    `${endpoint.pathname}${endpoint.search}`,
  );
  let current: AccessToken | undefined;
  let minting: Promise<CredentialHeaders> | undefined;

  const renew = async (): Promise<CredentialHeaders> => {
    const old = current;
    try {
      const askedAtMs = now();
      const { token, lifetimeMs } = await mint(settings.serviceAccount, {
        fetchImplementation: fetchToken,
        nowMs: askedAtMs,
      });
      current = {
        headers: { authorization: `Bearer ${token}` },
        renewAtMs: askedAtMs + lifetimeMs - Math.min(RENEW_BEFORE_MS, lifetimeMs / 2),
        lastUseAtMs: askedAtMs + lifetimeMs - LAST_USE_BEFORE_MS,
      };
      return current.headers;
    } catch (error) {
      const stillGood = old != null && old === current && now() < old.lastUseAtMs;
      if (stillGood && !(error instanceof CredentialRefused)) return old.headers;
      throw error;
    } finally {
      minting = undefined;
    }
  };

  return {
    async headers() {
      if (current && now() < current.renewAtMs) return current.headers;
      return (minting ??= renew());
    },
    async drop(stale) {
      if (current?.headers.authorization === stale.authorization) current = undefined;
    },
  };
};
