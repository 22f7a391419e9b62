/** Settings and a token that no project of Google's has. */
import { generateKeyPairSync } from 'node:crypto';
import { json, type VendorExample } from '../vendor-samples.js';

export const token = 'cXb9yV0aQ2mE:APA91bHnMadeUp_token-0123456789';
let privateKey: string | undefined;
const keyPem = (): string =>
  (privateKey ??= generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  }).privateKey);

export const example: VendorExample = {
  settings: () => ({
    serviceAccount: {
      type: 'service_account',
      project_id: 'parcels-1234',
      private_key_id: '0123456789abcdef',
      private_key: keyPem(),
      client_email: 'push@parcels-1234.iam.gserviceaccount.com',
      client_id: '100000000000000000001',
      token_uri: 'https://oauth2.googleapis.com/token',
    },
  }),
  token,
  credentialReplies: {
    '/token': json(200, { access_token: 'ya29.made-up', expires_in: 3599, token_type: 'Bearer' }),
  },
};
