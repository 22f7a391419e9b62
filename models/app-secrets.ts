/** The two secrets of an app: one keys the hashes of tokens and accounts, one signs account proofs. */
import { hkdfSync, randomBytes } from 'node:crypto';
import { type App, hashSecretContext, identitySecretContext } from './app.js';
import type { SecretBox } from './secret-box.js';

const SECRET_BYTES = 32;

export interface NewAppSecrets {
  /** As the app's document keeps them. */
  readonly sealed: Pick<App, 'hashSecret' | 'identitySecret'>;
  /** Shown once. Its UTF-8 bytes are the HS256 key of account proofs. */
  readonly identitySecret: string;
}

export const newAppSecrets = (box: SecretBox, app: string): NewAppSecrets => {
  const identitySecret = randomBytes(SECRET_BYTES).toString('base64url');
  return {
    sealed: {
      hashSecret: box.seal(randomBytes(SECRET_BYTES), hashSecretContext(app)),
      identitySecret: box.seal(identitySecret, identitySecretContext(app)),
    },
    identitySecret,
  };
};

/** What `tokenKey` and `accountKey` take. Throws under another master key. */
export const openHashSecret = (box: SecretBox, app: Pick<App, '_id' | 'hashSecret'>): Buffer =>
  box.open(app.hashSecret, hashSecretContext(app._id));

/** The HS256 key of account proofs. Throws under another master key. */
export const openIdentitySecret = (
  box: SecretBox,
  app: Pick<App, '_id' | 'identitySecret'>,
): Buffer => box.open(app.identitySecret, identitySecretContext(app._id));

/** The key of unsubscribe links, from the app's opened hash secret: of the two secrets, nobody outside knows it. */
export const unsubscribeKey = (hashSecret: Buffer): Uint8Array =>
  new Uint8Array(hkdfSync('sha256', hashSecret, '', 'unsubscribe-links', SECRET_BYTES));
