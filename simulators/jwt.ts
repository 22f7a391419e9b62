/** Reads and verifies JSON Web Tokens in compact form; the caller decides what a fault is called. */
import { constants, type KeyObject, verify } from 'node:crypto';
import { LRUCache } from 'lru-cache';

export type JwtAlgorithm = 'RS256' | 'PS256' | 'ES256';

export interface Jwt {
  readonly header: Readonly<Record<string, unknown>>;
  readonly claims: Readonly<Record<string, unknown>>;
  readonly signed: Buffer;
  readonly signature: Buffer;
}

const BASE64URL = /^[\w-]+$/;

const objectIn = (part: string): Record<string, unknown> | undefined => {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString());
    return typeof value === 'object' && value != null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
};

/** Undefined when it is not three base64url parts with two JSON objects. */
export const parseJwt = (text: string): Jwt | undefined => {
  const parts = text.split('.');
  const [head, body, signature] = parts;
  if (parts.length !== 3 || !parts.every((part) => BASE64URL.test(part))) return undefined;
  if (head == null || body == null || signature == null) return undefined;
  const header = objectIn(head);
  const claims = objectIn(body);
  if (header == null || claims == null) return undefined;
  return {
    header,
    claims,
    signed: Buffer.from(`${head}.${body}`),
    signature: Buffer.from(signature, 'base64url'),
  };
};

/** ES256 signatures are the raw 64 bytes r and s, not DER. */
export const isSignedBy = (jwt: Jwt, algorithm: JwtAlgorithm, key: KeyObject): boolean => {
  switch (algorithm) {
    case 'RS256':
      return verify('sha256', jwt.signed, key, jwt.signature);
    case 'PS256':
      return verify(
        'sha256',
        jwt.signed,
        { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 },
        jwt.signature,
      );
    case 'ES256':
      return verify('sha256', jwt.signed, { key, dsaEncoding: 'ieee-p1363' }, jwt.signature);
  }
};

const REMEMBERED_TOKENS = 500;

/** Remembers what was found out about a token string, so that a signature is verified once and not with every push. */
export const rememberByToken = <Finding extends object>(
  examine: (text: string) => Finding,
): ((text: string) => Finding) => {
  const findings = new LRUCache<string, Finding>({ max: REMEMBERED_TOKENS });
  return (text) => {
    let finding = findings.get(text);
    if (finding == null) {
      finding = examine(text);
      findings.set(text, finding);
    }
    return finding;
  };
};
