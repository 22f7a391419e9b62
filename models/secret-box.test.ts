import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import fc from 'fast-check';
import { secretBox } from './secret-box.js';

describe('the secret box', () => {
  const box = secretBox(randomBytes(32));
  const PLACE = 'apps/shop/hashSecret';

  it('opens what it sealed, whatever it is', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.string(), (plain, place) => {
        const opened = box.open(box.seal(Buffer.from(plain), place), place);
        expect(opened).to.deep.equal(Buffer.from(plain));
      }),
    );
    expect(box.open(box.seal('grüße', PLACE), PLACE).toString()).to.equal('grüße');
  });

  it('shows nothing of a secret, nor that two are the same', () => {
    const sealed = box.seal('the-plain-secret', PLACE);
    expect(sealed).to.match(/^v1\.[A-Za-z0-9_-]+$/);
    expect(Buffer.from(sealed.slice(3), 'base64url').toString('latin1')).not.to.include('plain');
    expect(box.seal('the-plain-secret', PLACE)).not.to.equal(sealed);
  });

  it('does not open what was moved elsewhere', () => {
    const sealed = box.seal('secret', PLACE);
    expect(() => box.open(sealed, 'apps/bank/hashSecret')).to.throw();
    expect(() => box.open(sealed, '')).to.throw();
  });

  it('does not open what was sealed under another master key', () => {
    const sealed = secretBox(randomBytes(32)).seal('secret', PLACE);
    expect(() => box.open(sealed, PLACE)).to.throw();
  });

  it('does not open what was changed in any bit, or cut', () => {
    const [version = '', encoded = ''] = box.seal('secret', PLACE).split('.');
    const bytes = Buffer.from(encoded, 'base64url');
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const changed = Buffer.from(bytes);
      changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      expect(() => box.open(`${version}.${changed.toString('base64url')}`, PLACE)).to.throw();
    }
    for (let length = 0; length < bytes.length; length += 1) {
      const short = bytes.subarray(0, length).toString('base64url');
      expect(() => box.open(`${version}.${short}`, PLACE)).to.throw();
    }
  });

  it('does not open formats it does not know', () => {
    const sealed = box.seal('secret', PLACE);
    for (const strange of ['', 'v1', sealed.replace('v1.', 'v2.'), sealed.slice(3)]) {
      expect(() => box.open(strange, PLACE)).to.throw('Unknown format');
    }
  });

  it('refuses a master key of the wrong length', () => {
    for (const length of [0, 16, 31, 33]) {
      expect(() => secretBox(Buffer.alloc(length))).to.throw('32 bytes');
    }
  });
});
