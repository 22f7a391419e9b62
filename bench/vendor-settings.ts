/** Credentials that look like each vendor's, and the sink in that vendor's place. */
import { generateKeyPairSync } from 'node:crypto';
import type { BenchVendor } from './options.js';
import { FCM_PROJECT } from './pushes.js';
import type { Sink } from './sink.js';

const publicKeyEncoding = { type: 'spki', format: 'pem' } as const;
const privateKeyEncoding = { type: 'pkcs8', format: 'pem' } as const;

const ecKey = (): string =>
  generateKeyPairSync('ec', { namedCurve: 'P-256', publicKeyEncoding, privateKeyEncoding })
    .privateKey;

const rsaKey = (): string =>
  generateKeyPairSync('rsa', { modulusLength: 2_048, publicKeyEncoding, privateKeyEncoding })
    .privateKey;

const SETTINGS: Readonly<Record<BenchVendor, (url: string) => object>> = {
  apns: () => ({
    teamId: 'PIGEONTEAM',
    keyId: 'PIGEONKEY1',
    privateKey: ecKey(),
    bundleId: 'com.example.pigeon',
  }),
  fcm: (url) => ({
    serviceAccount: {
      type: 'service_account',
      project_id: FCM_PROJECT,
      client_email: `push@${FCM_PROJECT}.iam.gserviceaccount.com`,
      private_key: rsaKey(),
    },
    tokenEndpoint: `${url}/token`,
  }),
  harmony: () => ({
    serviceAccount: {
      project_id: FCM_PROJECT,
      key_id: 'PIGEONKEY1',
      private_key: rsaKey(),
      sub_account: '114840999',
    },
    categories: { service: 'EXPRESS' },
  }),
};

export const vendorSettings = (vendor: BenchVendor, { url, ca }: Pick<Sink, 'url' | 'ca'>) => ({
  ...SETTINGS[vendor](url),
  endpoint: url,
  ca,
});
