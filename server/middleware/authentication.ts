/** Finds out who calls: a key of an app, or the operator. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Request } from 'express';
import type { Scope } from '../../models/key.js';
import type { Directory } from '../directory.js';
import { type ProblemError, problem } from '../problems.js';

export interface Caller {
  /** `operator`, or the key's id. */
  readonly keyId: string;
  /** The app the key belongs to; the operator belongs to none. */
  readonly app?: string;
  /** The operator has every scope. */
  readonly scopes: readonly Scope[] | 'all';
}

export const OPERATOR: Caller = { keyId: 'operator', scopes: 'all' };

const BEARER = /^Bearer +([\x21-\x7e]+)$/i;

const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest();

const unauthenticated = (fault: string, detail: string): ProblemError =>
  problem('UNAUTHENTICATED', {
    detail,
    headers: { 'WWW-Authenticate': `Bearer realm="pigeonpost"${fault}` },
  });

const refused = (): ProblemError =>
  unauthenticated(', error="invalid_token"', 'The key is unknown, wrong or revoked');

/** Rejects with UNAUTHENTICATED; unknown, wrong and revoked keys are told apart nowhere. */
export const authenticator = (directory: Directory, operatorKey: string) => {
  const operatorHash = sha256(operatorKey);
  return async (req: Request): Promise<Caller> => {
    const presented = BEARER.exec(req.get('authorization') ?? '')?.[1];
    if (presented == null) {
      throw unauthenticated('', 'Send the header Authorization: Bearer <id>.<secret>');
    }
    if (timingSafeEqual(sha256(presented), operatorHash)) return OPERATOR;
    const dot = presented.indexOf('.');
    const key = dot < 1 ? null : await directory.key(presented.slice(0, dot));
    if (key == null || !timingSafeEqual(sha256(presented.slice(dot + 1)), key.hash)) {
      throw refused();
    }
    return { keyId: key._id, app: key.app, scopes: key.scopes };
  };
};
