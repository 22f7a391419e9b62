/** Who a push comes from: a provider token that is really verified, or a client certificate. */
import { createPublicKey, type KeyObject } from 'node:crypto';
import type { Connection } from '../exchange.js';
import { isSignedBy, parseJwt, rememberByToken } from '../jwt.js';
import type { ApnsReason } from './answers.js';
import {
  type ApnsEnvironment,
  type ApnsIdentity,
  type ApnsKey,
  environmentOfCertificate,
} from './credentials.js';

/** What Apple remembers about a connection. */
export interface ApnsMemory {
  teamId?: string;
  keyId?: string;
  iat?: number;
  iatSinceMs?: number;
  /** Once an expired token came, the connection refuses everything. */
  isWedged: boolean;
  badTokens: number;
  /** Streams were opened up. */
  isTrusted: boolean;
}

export const newApnsMemory = (): ApnsMemory => ({
  isWedged: false,
  badTokens: 0,
  isTrusted: false,
});

const MAX_AGE_SECONDS = 3600;
const SKEW_SECONDS = 300;
const UPDATE_INTERVAL_MS = 20 * 60_000;

type Finding = { readonly key: ApnsKey; readonly iat: number } | { readonly reason: ApnsReason };

const INVALID: Finding = { reason: 'InvalidProviderToken' };

export interface AuthenticatorParts {
  readonly identity: ApnsIdentity;
  readonly environment: ApnsEnvironment;
  readonly now: () => number;
}

export class ApnsAuthenticator {
  readonly #keys: ReadonlyMap<string, { key: ApnsKey; publicKey: KeyObject }>;
  /** Only what does not change with time or connection is remembered. */
  readonly #examine = rememberByToken((text) => this.#findOut(text));

  constructor(readonly parts: AuthenticatorParts) {
    const { key, otherKey, otherTeamKey, sandboxKey, productionKey } = parts.identity;
    this.#keys = new Map(
      [key, otherKey, otherTeamKey, sandboxKey, productionKey].map((known) => [
        known.keyId,
        { key: known, publicKey: createPublicKey(known.p8) },
      ]),
    );
  }

  /** The topic of a certificate that is in order; the reason when it is not; undefined without one. */
  byCertificate({
    certificate,
  }: Connection<ApnsMemory>): { topic: string } | { reason: ApnsReason } | undefined {
    if (certificate == null) return undefined;
    const environment = environmentOfCertificate(certificate.subject.CN ?? '');
    const topic = certificate.subject.UID;
    if (!certificate.authorized || environment == null || topic == null) {
      return { reason: 'BadCertificate' };
    }
    return environment === this.parts.environment
      ? { topic }
      : { reason: 'BadCertificateEnvironment' };
  }

  /** Checks a provider token, and binds the connection to its team and key. */
  byToken(authorization: string | undefined, memory: ApnsMemory): ApnsReason | undefined {
    if (memory.isWedged) return 'ExpiredProviderToken';
    if (authorization == null || authorization === '') return 'MissingProviderToken';
    const [, token] = /^bearer (\S+)$/.exec(authorization) ?? [];
    if (token == null) return 'InvalidProviderToken';
    const finding = this.#examine(token);
    if ('reason' in finding) return finding.reason;
    return this.#checkTime(finding.iat, memory) ?? this.#bind(finding.key, finding.iat, memory);
  }

  #findOut(token: string): Finding {
    const jwt = parseJwt(token);
    if (jwt == null || jwt.header.alg !== 'ES256') return INVALID;
    const known = this.#keys.get(String(jwt.header.kid));
    if (known == null || !isSignedBy(jwt, 'ES256', known.publicKey)) return INVALID;
    const { iss, iat } = jwt.claims;
    if (iss !== known.key.teamId || typeof iat !== 'number' || !Number.isInteger(iat)) {
      return INVALID;
    }
    const { environment } = known.key;
    return environment != null && environment !== this.parts.environment
      ? { reason: 'BadEnvironmentKeyIdInToken' }
      : { key: known.key, iat };
  }

  #checkTime(iat: number, memory: ApnsMemory): ApnsReason | undefined {
    const ageSeconds = this.parts.now() / 1000 - iat;
    if (ageSeconds < -SKEW_SECONDS) return 'InvalidProviderToken';
    if (ageSeconds <= MAX_AGE_SECONDS) return undefined;
    memory.isWedged = true;
    return 'ExpiredProviderToken';
  }

  #bind(key: ApnsKey, iat: number, memory: ApnsMemory): ApnsReason | undefined {
    const nowMs = this.parts.now();
    if (memory.teamId != null && memory.teamId !== key.teamId) return 'InvalidProviderToken';
    if (memory.keyId != null && memory.keyId !== key.keyId) return 'UnrelatedKeyIdInToken';
    if (memory.iat !== iat) {
      const isSoon = memory.iatSinceMs != null && nowMs - memory.iatSinceMs < UPDATE_INTERVAL_MS;
      if (isSoon) return 'TooManyProviderTokenUpdates';
      memory.iat = iat;
      memory.iatSinceMs = nowMs;
    }
    memory.teamId = key.teamId;
    memory.keyId = key.keyId;
    return undefined;
  }
}
