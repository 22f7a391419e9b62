/** Credentials that look like each vendor's, and the sink in that vendor's place. */
import { ecKey, rsaKey } from './keys.js';
import type { BenchVendor } from './options.js';
import { FCM_PROJECT } from './pushes.js';
import type { Sink } from './sink.js';

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
