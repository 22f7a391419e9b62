/** Settings and a token for the contract test, with a key made when it is first asked for. */
import { generateKeyPairSync } from 'node:crypto';
import type { VendorExample } from '../vendor-samples.js';

export const TOKEN = '740f4707bebcf74f9b7c25d48e3358945f6aa01da5ddb387462c7eaf61bb78ad';

let madeKey: string | undefined;
const signingKey = (): string => {
  madeKey ??= generateKeyPairSync('ec', { namedCurve: 'P-256' })
    .privateKey.export({ type: 'pkcs8', format: 'pem' })
    .toString();
  return madeKey;
};

export const example: VendorExample = {
  settings: () => ({
    teamId: 'TEAM123456',
    keyId: 'KEYID12345',
    privateKey: signingKey(),
    bundleId: 'com.example.shop',
  }),
  token: TOKEN,
};
