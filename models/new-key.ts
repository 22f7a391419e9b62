/** Makes keys: the document that is kept, and the text that its owner sees once. */
import { createHash, randomBytes } from 'node:crypto';
import type { Key, Scope } from './key.js';

const ID_BYTES = 9;
const SECRET_BYTES = 32;

export interface NewKey {
  readonly document: Key;
  /** `<id>.<secret>`: what follows `Bearer `. */
  readonly text: string;
}

export interface NewKeyOptions {
  readonly app: string;
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly createdAt: Date;
}

export const newKey = ({ app, name, scopes, createdAt }: NewKeyOptions): NewKey => {
  const id = randomBytes(ID_BYTES).toString('hex');
  const secret = randomBytes(SECRET_BYTES).toString('base64url');
  const hash = createHash('sha256').update(secret).digest();
  return {
    document: { _id: id, app, name, scopes: [...scopes], hash, createdAt },
    text: `${id}.${secret}`,
  };
};
