/** Settings and a token for the contract test, with a key made when it is first asked for. */
import { generateKeyPairSync } from 'node:crypto';
import type { VendorExample } from '../vendor-samples.js';

export const TOKEN = 'MAMzLgExampleTokenOfAPhoneThatNobodyOwnsAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA1';

let madeKey: string | undefined;
const privateKey = (): string => {
  madeKey ??= generateKeyPairSync('rsa', { modulusLength: 2048 })
    .privateKey.export({ type: 'pkcs8', format: 'pem' })
    .toString();
  return madeKey;
};

export const example: VendorExample = {
  settings: () => ({
    serviceAccount: {
      project_id: '736430079244623456',
      key_id: 'a1b2c3d4e5f60718293a4b5c6d7e8f90',
      private_key: privateKey(),
      sub_account: '114840999',
      auth_uri: 'https://oauth-login.cloud.huawei.com/oauth2/v3/authorize',
      token_uri: 'https://oauth-login.cloud.huawei.com/oauth2/v3/token',
    },
    categories: { service: 'EXPRESS', offers: 'MARKETING' },
  }),
  token: TOKEN,
};
