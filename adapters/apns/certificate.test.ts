import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { expect } from 'chai';
import { makeCertificate } from '../../test/support/apns-certificate.js';
import { readCertificate } from './certificate.js';

const NOW_MS = Date.now();
const made = makeCertificate();
const read = (
  setting: Parameters<typeof readCertificate>[0],
  environment = 'production' as const,
) => readCertificate(setting, environment, NOW_MS);

describe('reading an APNs certificate', () => {
  for (const algorithm of ['3des', 'aes256'] as const) {
    it(`opens a .p12 sealed with ${algorithm} into a pair that TLS takes`, () => {
      const { cert, key } = read({
        p12: made.p12('open sesame', algorithm),
        passphrase: 'open sesame',
      });
      expect(cert.replaceAll(/\s/g, '')).to.equal(made.cert.replaceAll(/\s/g, ''));
      expect(key).to.equal(made.key);
      expect(() => createSecureContext({ cert, key })).not.to.throw();
    });
  }

  it('opens a .p12 that was exported without a passphrase', () => {
    expect(read({ p12: made.p12('') }).key).to.equal(made.key);
  });

  it('takes a PEM pair, and a key that is sealed', () => {
    const sealed = createPrivateKey(made.key)
      .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'pw' })
      .toString();
    expect(read({ cert: made.cert, key: made.key }).key).to.equal(made.key);
    expect(read({ cert: made.cert, key: sealed, passphrase: 'pw' }).key).to.equal(made.key);
    expect(() => read({ cert: made.cert, key: sealed, passphrase: 'wrong' })).to.throw(
      'certificate.passphrase does not open certificate.key',
    );
  });

  it('knows when the certificate expires', () => {
    const notAfter = new Date('2031-05-06T07:08:09Z');
    const { cert, key } = makeCertificate({ notAfter });
    expect(read({ cert, key }).expiresAt).to.deep.equal(notAfter);
  });

  it('says what is wrong, and repeats neither file nor passphrase', () => {
    const passphrase = 'a-wrong-passphrase';
    const expired = makeCertificate({ notAfter: new Date('2020-02-03T04:05:06Z') });
    const other = generateKeyPairSync('rsa', { modulusLength: 2048 })
      .privateKey.export({ type: 'pkcs8', format: 'pem' })
      .toString();
    const faults: [Parameters<typeof readCertificate>[0], string][] = [
      [
        { p12: made.p12('right'), passphrase },
        'certificate.passphrase does not open certificate.p12',
      ],
      [{ p12: 'bm90IGEgcDEy' }, 'certificate.p12 is not a PKCS#12 file'],
      [{ cert: expired.cert, key: expired.key }, 'The certificate expired on 2020-02-03'],
      [
        { cert: made.cert, key: other },
        'The certificate and its private key do not belong together',
      ],
      [
        { cert: 'nothing', key: made.key },
        'certificate.cert is not a certificate that can be read',
      ],
      [
        { cert: made.cert, key: 'nothing' },
        'certificate.key is not a private key that can be read',
      ],
    ];
    for (const [setting, words] of faults) {
      expect(() => read(setting), words).to.throw(words);
      expect(() => read(setting), words).not.to.throw(passphrase);
    }
  });

  it('refuses a certificate that Apple has marked for the other environment only', () => {
    const sandboxOnly = makeCertificate({ marks: [1] });
    const setting = { cert: sandboxOnly.cert, key: sandboxOnly.key };
    expect(() => readCertificate(setting, 'production', NOW_MS)).to.throw(
      'The certificate is not for the environment production',
    );
    expect(readCertificate(setting, 'sandbox', NOW_MS).key).to.equal(sandboxOnly.key);
    const unmarked = makeCertificate({ marks: [] });
    expect(
      readCertificate({ cert: unmarked.cert, key: unmarked.key }, 'production', NOW_MS).key,
    ).to.equal(unmarked.key);
  });
});
