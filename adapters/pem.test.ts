import { expect } from 'chai';
import Joi from 'joi';
import { certificates } from '../test/support/certificates.js';
import { certificatesPem } from './pem.js';

const settings = Joi.object({ ca: certificatesPem() });
const refusalOf = (ca: string): string => settings.validate({ ca }).error?.message ?? '';
const block = (base64: string, kind = 'CERTIFICATE'): string =>
  `-----BEGIN ${kind}-----\n${base64}\n-----END ${kind}-----\n`;

describe('Certificates in settings', () => {
  it('are one or several, with words between them, and are kept as they came', async () => {
    const { ca, cert } = await certificates();
    for (const pem of [
      ca,
      `${ca}\n${cert}`,
      `# ours\n${ca}# theirs\n${cert.replaceAll('\n', '\r\n')}`,
    ]) {
      expect(settings.validate({ ca: pem })).to.deep.equal({ value: { ca: pem } });
    }
  });

  it('can be read, each of them', async () => {
    const { ca } = await certificates();
    const garbage = Buffer.from('no certificate, but base64 all the same').toString('base64');
    const faults = [
      'a friend',
      block(garbage),
      ca + block(garbage),
      block('@@@@'),
      ca.slice(0, -30),
      ca + ca.slice(0, 200),
    ];
    for (const pem of faults) expect(refusalOf(pem), pem).to.include('"ca" must be certificates');
  });

  it('hold no key, and the refusal does not repeat it', async () => {
    const { ca, key } = await certificates();
    const refusal = refusalOf(ca + key);
    expect(refusal).to.include('"ca" must be certificates');
    expect(refusal).not.to.include(key.split('\n')[1]);
  });
});
