/** The project and the service account that the FCM simulator knows. */
import { generateKeyPair } from 'node:crypto';
import { promisify } from 'node:util';

export interface FcmIdentity {
  readonly projectId: string;
  readonly projectNumber: string;
  readonly clientEmail: string;
  readonly clientId: string;
  readonly privateKeyId: string;
  /** PEM, PKCS #8. */
  readonly privateKey: string;
}

/** The JSON file that Google hands out, with this simulator's token endpoint. */
export interface ServiceAccount {
  readonly type: 'service_account';
  readonly project_id: string;
  readonly private_key_id: string;
  readonly private_key: string;
  readonly client_email: string;
  readonly client_id: string;
  readonly auth_uri: string;
  readonly token_uri: string;
  readonly auth_provider_x509_cert_url: string;
  readonly client_x509_cert_url: string;
  readonly universe_domain: string;
}

export interface FcmCredentials {
  readonly serviceAccount: ServiceAccount;
  readonly tokenUrl: string;
  readonly projectId: string;
}

const RSA_BITS = 2048;

export const createFcmIdentity = async (): Promise<FcmIdentity> => {
  const { privateKey } = await promisify(generateKeyPair)('rsa', {
    modulusLength: RSA_BITS,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  return {
    projectId: 'pigeon-simulator',
    projectNumber: '100000000001',
    clientEmail: 'push@pigeon-simulator.iam.gserviceaccount.com',
    clientId: '100000000000000000001',
    privateKeyId: '00000000000000000000000000000000000000f1',
    privateKey,
  };
};

export const TOKEN_PATH = '/token';

export const fcmCredentials = (identity: FcmIdentity, url: string): FcmCredentials => {
  const tokenUrl = `${url}${TOKEN_PATH}`;
  return {
    tokenUrl,
    projectId: identity.projectId,
    serviceAccount: {
      type: 'service_account',
      project_id: identity.projectId,
      private_key_id: identity.privateKeyId,
      private_key: identity.privateKey,
      client_email: identity.clientEmail,
      client_id: identity.clientId,
      auth_uri: 'https://accounts.google.com/o/oauth2/auth',
      token_uri: tokenUrl,
      auth_provider_x509_cert_url: 'https://www.googleapis.com/oauth2/v1/certs',
      client_x509_cert_url: `https://www.googleapis.com/robot/v1/metadata/x509/${encodeURIComponent(identity.clientEmail)}`,
      universe_domain: 'googleapis.com',
    },
  };
};
