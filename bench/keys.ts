/** Made-up keys of the kinds that vendors give out, as PEM. */
import { generateKeyPairSync } from 'node:crypto';

const publicKeyEncoding = { type: 'spki', format: 'pem' } as const;
const privateKeyEncoding = { type: 'pkcs8', format: 'pem' } as const;

/** P-256, as Apple's. */
export const ecKey = (): string =>
  generateKeyPairSync('ec', { namedCurve: 'P-256', publicKeyEncoding, privateKeyEncoding })
    .privateKey;

export const rsaKey = (): string =>
  generateKeyPairSync('rsa', { modulusLength: 2_048, publicKeyEncoding, privateKeyEncoding })
    .privateKey;
