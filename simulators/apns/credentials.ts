/** The teams, keys and certificates that the APNs simulator knows. */
import { generateKeyPair } from 'node:crypto';
import { promisify } from 'node:util';
import { issueClientCertificate, type KeyPair } from '../tls.js';

export type ApnsEnvironment = 'production' | 'sandbox';

export interface ApnsKey {
  /** PEM of the `.p8` file. */
  readonly p8: string;
  readonly keyId: string;
  readonly teamId: string;
  /** Absent: good for both. */
  readonly environment?: ApnsEnvironment;
}

export interface ApnsIdentity {
  readonly bundleId: string;
  readonly key: ApnsKey;
  /** A second key of the same team: on the connection of the first it is unrelated. */
  readonly otherKey: ApnsKey;
  readonly otherTeamKey: ApnsKey;
  readonly sandboxKey: ApnsKey;
  readonly productionKey: ApnsKey;
  readonly certificates: Readonly<Record<ApnsEnvironment, KeyPair>>;
}

export interface ApnsCredentials extends ApnsKey {
  readonly bundleId: string;
  /** A client certificate for this environment, instead of the key. */
  readonly certificate: KeyPair;
  /** Keys that something is wrong with, for those who test for it. */
  readonly otherKey: ApnsKey;
  readonly otherTeamKey: ApnsKey;
  readonly otherEnvironmentKey: ApnsKey;
  readonly otherEnvironmentCertificate: KeyPair;
}

const BUNDLE_ID = 'com.example.pigeon';
const TEAM_ID = 'PIGEONTEAM';
const OTHER_TEAM_ID = 'OTHERTEAM1';

const createKey = async (keyId: string, teamId: string): Promise<ApnsKey> => {
  const { privateKey } = await promisify(generateKeyPair)('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  return { p8: privateKey, keyId, teamId };
};

/** Apple names the environment in the subject. */
const COMMON_NAMES: Readonly<Record<ApnsEnvironment, string>> = {
  production: `Apple Push Services: ${BUNDLE_ID}`,
  sandbox: `Apple Development IOS Push Services: ${BUNDLE_ID}`,
};

/** The environment a certificate is for; undefined when Apple did not make it for push. */
export const environmentOfCertificate = (commonName: string): ApnsEnvironment | undefined => {
  if (commonName.startsWith('Apple Push Services: ')) return 'production';
  if (commonName.startsWith('Apple Development IOS Push Services: ')) return 'sandbox';
  return undefined;
};

const createCertificate = (authority: KeyPair, environment: ApnsEnvironment): Promise<KeyPair> =>
  issueClientCertificate(authority, {
    commonName: COMMON_NAMES[environment],
    userId: BUNDLE_ID,
  });

export const createApnsIdentity = async (authority: KeyPair): Promise<ApnsIdentity> => ({
  bundleId: BUNDLE_ID,
  key: await createKey('PIGEONKEY1', TEAM_ID),
  otherKey: await createKey('PIGEONKEY2', TEAM_ID),
  otherTeamKey: await createKey('OTHERKEY01', OTHER_TEAM_ID),
  sandboxKey: { ...(await createKey('SANDBOXKEY', TEAM_ID)), environment: 'sandbox' },
  productionKey: { ...(await createKey('PRODUCTKEY', TEAM_ID)), environment: 'production' },
  certificates: {
    production: await createCertificate(authority, 'production'),
    sandbox: await createCertificate(authority, 'sandbox'),
  },
});

export const apnsCredentials = (
  identity: ApnsIdentity,
  environment: ApnsEnvironment,
): ApnsCredentials => {
  const isSandbox = environment === 'sandbox';
  return {
    ...identity.key,
    bundleId: identity.bundleId,
    certificate: identity.certificates[environment],
    otherKey: identity.otherKey,
    otherTeamKey: identity.otherTeamKey,
    otherEnvironmentKey: isSandbox ? identity.productionKey : identity.sandboxKey,
    otherEnvironmentCertificate: identity.certificates[isSandbox ? 'production' : 'sandbox'],
  };
};
