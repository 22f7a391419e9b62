/** The project and the service account key that the Push Kit simulator knows. */
import { generateKeyPair } from 'node:crypto';
import { promisify } from 'node:util';

export interface HarmonyIdentity {
  readonly projectId: string;
  readonly clientId: string;
  readonly keyId: string;
  readonly subAccount: string;
  /** PEM, PKCS #8. */
  readonly privateKey: string;
}

/** The JSON file of the API Console. */
export interface HarmonyServiceAccount {
  readonly project_id: string;
  readonly key_id: string;
  readonly private_key: string;
  readonly sub_account: string;
  readonly auth_uri: string;
  readonly token_uri: string;
  readonly auth_provider_cert_uri: string;
  readonly client_cert_uri: string;
}

export interface HarmonyCredentials {
  readonly serviceAccount: HarmonyServiceAccount;
  readonly projectId: string;
  /** For the path of a revocation. */
  readonly clientId: string;
}

/** Huawei hands out 4096 bits; half of them take a tenth of the time to make and behave the same. */
const RSA_BITS = 2048;

export const createHarmonyIdentity = async (): Promise<HarmonyIdentity> => {
  const { privateKey } = await promisify(generateKeyPair)('rsa', {
    modulusLength: RSA_BITS,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  return {
    projectId: '100000000000000001',
    clientId: '100000001',
    keyId: '00000000000000000000000000000a11',
    subAccount: '110000001',
    privateKey,
  };
};

export const harmonyCredentials = (identity: HarmonyIdentity): HarmonyCredentials => ({
  projectId: identity.projectId,
  clientId: identity.clientId,
  serviceAccount: {
    project_id: identity.projectId,
    key_id: identity.keyId,
    private_key: identity.privateKey,
    sub_account: identity.subAccount,
    auth_uri: 'https://oauth-login.cloud.huawei.com/oauth2/v3/authorize',
    token_uri: 'https://oauth-login.cloud.huawei.com/oauth2/v3/token',
    auth_provider_cert_uri: 'https://oauth-login.cloud.huawei.com/oauth2/v3/certs',
    client_cert_uri: 'https://oauth-login.cloud.huawei.com/oauth2/v3/x509',
  },
});
