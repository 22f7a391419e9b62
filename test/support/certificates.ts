/** Certificates for local TLS servers, made anew for each run: an authority, a server it vouches for, and clients. */
import { isIP } from 'node:net';
import { generate } from 'selfsigned';

export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

export interface Certificates extends Certificate {
  /** PEM of the authority that signed them. */
  readonly ca: string;
  /** A client certificate of the same authority. */
  readonly client: Certificate;
}

const name = (value: string): { name: string; value: string }[] => [{ name: 'commonName', value }];

const EC = { keyType: 'ec', curve: 'P-256', algorithm: 'sha256' } as const;

const signed = async (
  authority: Certificate,
  commonName: string,
  usage: 'serverAuth' | 'clientAuth',
  hosts: readonly string[],
): Promise<Certificate> => {
  const { cert, private: key } = await generate(name(commonName), {
    ...EC,
    ca: authority,
    extensions: [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, critical: true },
      { name: 'extKeyUsage', [usage]: true },
      {
        name: 'subjectAltName',
        altNames: hosts.map((host) =>
          isIP(host) === 0 ? { type: 2, value: host } : { type: 7, ip: host },
        ),
      },
    ],
  });
  return { cert, key };
};

export interface CertificateOptions {
  /** Names and addresses that the server's certificate is good for. */
  readonly hosts?: readonly string[];
}

/** A new authority with a certificate for a server, by default on this machine, and one for a client. */
export const makeCertificates = async ({
  hosts = ['localhost', '127.0.0.1', '::1'],
}: CertificateOptions = {}): Promise<Certificates> => {
  const { cert: ca, private: caKey } = await generate(name('Test authority'), {
    ...EC,
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    ],
  });
  const authority = { cert: ca, key: caKey };
  const [server, client] = await Promise.all([
    signed(authority, 'localhost', 'serverAuth', hosts),
    signed(authority, 'client', 'clientAuth', ['client']),
  ]);
  return { ...server, ca, client };
};

let shared: Promise<Certificates> | undefined;

/** The same certificates for all who ask in this process. */
export const certificates = (): Promise<Certificates> => (shared ??= makeCertificates());
