/** A certificate authority for one run, and the certificates it signs. */
import { generate } from 'selfsigned';

export interface KeyPair {
  /** PEM. */
  readonly cert: string;
  /** PEM, PKCS #8. */
  readonly key: string;
}

/** Names a server certificate is good for: loopback, and the real hosts for those who redirect them here. */
const SERVER_NAMES = [
  'localhost',
  'fcm.googleapis.com',
  'oauth2.googleapis.com',
  'accounts.google.com',
  'www.googleapis.com',
  'api.push.apple.com',
  'api.sandbox.push.apple.com',
  'push-api.cloud.huawei.com',
];
const SERVER_ADDRESSES = ['127.0.0.1', '::1'];

const VALID_MS = 365 * 86_400_000;
const BACKDATED_MS = 3_600_000;

const options = () => ({
  keyType: 'ec' as const,
  algorithm: 'sha256',
  // A client whose clock is a little slow must not stumble over a brand-new certificate.
  notBeforeDate: new Date(Date.now() - BACKDATED_MS),
  notAfterDate: new Date(Date.now() + VALID_MS),
});

/** A new authority; its key never leaves the process unless the caller writes it. */
export const createAuthority = async (): Promise<KeyPair> => {
  const made = await generate([{ name: 'commonName', value: 'Push simulators CA' }], {
    ...options(),
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    ],
  });
  return { cert: made.cert, key: made.private };
};

export const issueServerCertificate = async (authority: KeyPair): Promise<KeyPair> => {
  const made = await generate([{ name: 'commonName', value: 'localhost' }], {
    ...options(),
    ca: authority,
    extensions: [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: [
          ...SERVER_NAMES.map((value) => ({ type: 2 as const, value })),
          ...SERVER_ADDRESSES.map((ip) => ({ type: 7 as const, ip })),
        ],
      },
    ],
  });
  return { cert: made.cert, key: made.private };
};

/** Object identifier of the subject's user id, where Apple writes the bundle id. */
const USER_ID = '0.9.2342.19200300.100.1.1';

export interface ClientCertificateParts {
  readonly commonName: string;
  readonly userId: string;
}

export const issueClientCertificate = async (
  authority: KeyPair,
  { commonName, userId }: ClientCertificateParts,
): Promise<KeyPair> => {
  const made = await generate(
    [
      { name: 'commonName', value: commonName },
      { name: USER_ID, value: userId },
    ],
    {
      ...options(),
      ca: authority,
      extensions: [
        { name: 'basicConstraints', cA: false, critical: true },
        { name: 'keyUsage', digitalSignature: true, critical: true },
        { name: 'extKeyUsage', clientAuth: true },
      ],
    },
  );
  return { cert: made.cert, key: made.private };
};
