/** Seals secrets at rest: AES-256-GCM under the master key, bound to where they are kept. */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

const VERSION = 'v1';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

export interface SecretBox {
  /** `context` names the place (`apps/shop/hashSecret`); a sealed text moved elsewhere does not open. */
  seal(plain: Buffer | string, context: string): string;
  /** Throws when the master key or the context is not the one it was sealed with. */
  open(sealed: string, context: string): Buffer;
}

/** `masterKey`: 32 bytes. */
export const secretBox = (masterKey: Buffer): SecretBox => {
  if (masterKey.length !== 32) throw new Error('The master key must have 32 bytes');
  return {
    seal(plain, context) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv('aes-256-gcm', masterKey, nonce).setAAD(Buffer.from(context));
      const text = Buffer.concat([cipher.update(plain), cipher.final()]);
      return `${VERSION}.${Buffer.concat([nonce, cipher.getAuthTag(), text]).toString('base64url')}`;
    },
    open(sealed, context) {
      const [version, encoded] = sealed.split('.');
      if (version !== VERSION || encoded == null)
        throw new Error('Unknown format of a sealed secret');
      const bytes = Buffer.from(encoded, 'base64url');
      const decipher = createDecipheriv('aes-256-gcm', masterKey, bytes.subarray(0, NONCE_BYTES), {
        authTagLength: TAG_BYTES,
      })
        .setAAD(Buffer.from(context))
        .setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
      return Buffer.concat([
        decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES)),
        decipher.final(),
      ]);
    },
  };
};
