/** Makes APNs client certificates for tests: none is ever kept in a file. */
import { generateKeyPairSync } from 'node:crypto';
import forge from 'node-forge';

export interface MadeCertificate {
  readonly cert: string;
  readonly key: string;
  /** Base64 of a PKCS#12 file. */
  p12(passphrase: string, algorithm?: '3des' | 'aes256'): string;
}

/** `marks`: the last arcs of 1.2.840.113635.100.6.3, 1 for the sandbox and 2 for production. */
export const makeCertificate = ({
  notAfter = new Date(Date.now() + 86_400_000),
  marks = [1, 2] as readonly number[],
} = {}): MadeCertificate => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const forgeKey = forge.pki.privateKeyFromPem(key);
  const certificate = forge.pki.createCertificate();
  certificate.publicKey = forge.pki.setRsaPublicKey(forgeKey.n, forgeKey.e);
  certificate.serialNumber = '01';
  certificate.validity.notBefore = new Date(notAfter.getTime() - 365 * 86_400_000);
  certificate.validity.notAfter = notAfter;
  const name = [{ name: 'commonName', value: 'Apple Push Services: com.example.shop' }];
  certificate.setSubject(name);
  certificate.setIssuer(name);
  certificate.setExtensions(
    marks.map((arc) => ({ id: `1.2.840.113635.100.6.3.${arc}`, value: '\x05\x00' })),
  );
  certificate.sign(forgeKey, forge.md.sha256.create());
  return {
    cert: forge.pki.certificateToPem(certificate),
    key,
    p12(passphrase, algorithm = '3des') {
      const asn1 = forge.pkcs12.toPkcs12Asn1(forgeKey, [certificate], passphrase, { algorithm });
      return forge.util.encode64(forge.asn1.toDer(asn1).getBytes());
    },
  };
};
