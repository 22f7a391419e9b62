/** Reads an APNs client certificate (`.p12` or PEM) into the PEM pair that TLS takes, and says what is wrong with it. */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import forge from 'node-forge';
import type { CertificateSetting, Environment } from './settings.js';

export interface ClientCertificate {
  readonly cert: string;
  readonly key: string;
  readonly privateKey: KeyObject;
  readonly expiresAt: Date;
}

/**
 * OpenSSL 3 refuses the RC2 that Apple's Keychain seals a `.p12` with, so a `.p12` cannot be handed to TLS as it is;
 * node-forge, which @parse/node-apn reads it with too, opens it.
 */
const openP12 = (p12: string, passphrase: string): forge.pkcs12.Pkcs12Pfx => {
  let asn1: forge.asn1.Asn1;
  try {
    asn1 = forge.asn1.fromDer(forge.util.decode64(p12));
  } catch (cause) {
    throw new Error('certificate.p12 is not a PKCS#12 file', { cause });
  }
  try {
    return forge.pkcs12.pkcs12FromAsn1(asn1, false, passphrase);
  } catch (cause) {
    const isPassphrase = cause instanceof Error && /Invalid password/i.test(cause.message);
    throw new Error(
      isPassphrase
        ? 'certificate.passphrase does not open certificate.p12'
        : 'certificate.p12 is not a PKCS#12 file that can be read',
      { cause },
    );
  }
};

const pemOfP12 = (p12: string, passphrase: string): { cert: string; key: string } => {
  const bags = openP12(p12, passphrase).safeContents.flatMap(({ safeBags }) => safeBags);
  const keys = bags.flatMap(({ key }) => key ?? []);
  const certificates = bags.flatMap(({ cert }) => cert ?? []);
  const [key] = keys;
  if (!key) throw new Error('certificate.p12 holds no RSA private key');
  if (keys.length > 1) throw new Error('certificate.p12 holds more than one private key');
  if (certificates.length === 0) throw new Error('certificate.p12 holds no certificate');
  // TLS wants our own certificate first, whatever the order in the file.
  const isOurs = ({ publicKey }: forge.pki.Certificate): boolean =>
    (publicKey as forge.pki.rsa.PublicKey).n.equals(key.n);
  const inOrder = [...certificates.filter(isOurs), ...certificates.filter((one) => !isOurs(one))];
  return {
    cert: inOrder.map((certificate) => forge.pki.certificateToPem(certificate)).join(''),
    key: forge.pki.privateKeyToPem(key),
  };
};

const readKey = (pem: string, passphrase: string | undefined): KeyObject => {
  try {
    return createPrivateKey({ key: pem, ...(passphrase == null ? {} : { passphrase }) });
  } catch (cause) {
    const detail = pem.includes('ENCRYPTED')
      ? 'certificate.passphrase does not open certificate.key'
      : 'certificate.key is not a private key that can be read';
    throw new Error(detail, { cause });
  }
};

const readLeaf = (pem: string): X509Certificate => {
  try {
    return new X509Certificate(pem);
  } catch (cause) {
    throw new Error('certificate.cert is not a certificate that can be read', { cause });
  }
};

/** The last arc of 1.2.840.113635.100.6.3.x, DER-encoded: Apple marks with it which environment a certificate is for. */
const environmentMark = (arc: number): Buffer =>
  Buffer.from(`060a2a864886f7636406030${arc}`, 'hex');
const ENVIRONMENT_MARKS: Readonly<Record<Environment, Buffer>> = {
  sandbox: environmentMark(1),
  production: environmentMark(2),
};

const isForOtherEnvironment = (leaf: X509Certificate, environment: Environment): boolean => {
  const other = environment === 'production' ? 'sandbox' : 'production';
  return (
    leaf.raw.includes(ENVIRONMENT_MARKS[other]) &&
    !leaf.raw.includes(ENVIRONMENT_MARKS[environment])
  );
};

/** Throws with words for an operator, which repeat nothing secret. `nowMs`: milliseconds since 1970. */
export const readCertificate = (
  setting: CertificateSetting,
  environment: Environment,
  nowMs: number,
): ClientCertificate => {
  const pair = 'p12' in setting ? pemOfP12(setting.p12, setting.passphrase ?? '') : setting;
  const privateKey = readKey(pair.key, 'p12' in setting ? undefined : setting.passphrase);
  const leaf = readLeaf(pair.cert);
  const expiresAt = new Date(leaf.validTo);
  if (!leaf.checkPrivateKey(privateKey)) {
    throw new Error('The certificate and its private key do not belong together');
  }
  if (expiresAt.getTime() <= nowMs) {
    throw new Error(`The certificate expired on ${expiresAt.toISOString().slice(0, 10)}`);
  }
  if (isForOtherEnvironment(leaf, environment)) {
    throw new Error(`The certificate is not for the environment ${environment}`);
  }
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  return { cert: pair.cert, key, privateKey, expiresAt };
};
