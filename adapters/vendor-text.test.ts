import { expect } from 'chai';
import fc from 'fast-check';
import { vendorText } from './vendor-text.js';

describe('vendorText', () => {
  it('keeps ordinary words', () => {
    expect(vendorText('Invalid value at "ttl"', [])).to.equal('Invalid value at "ttl"');
  });

  it('takes out every repeat of every token', () => {
    const targets = [{ token: 'first:1' }, { token: 'second' }];
    expect(vendorText('first:1, second and first:1', targets)).to.equal(
      '[token], [token] and [token]',
    );
  });

  it('takes out what looks like a token that was cut short', () => {
    expect(vendorText(`Bad token ${'aB3_'.repeat(20)}`, [])).to.equal('Bad token [...]');
  });

  it('is one line of bounded length without control characters', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 2000, unit: 'binary' }), (said) => {
        const text = vendorText(said, []) ?? '';
        expect(text).to.have.length.at.most(301);
        expect(text).not.to.match(/[\n\r\p{Cc}]/u);
      }),
    );
  });

  it('is nothing when the vendor says nothing in words', () => {
    for (const said of [undefined, null, 42, {}, '', ' \n']) {
      expect(vendorText(said, [])).to.be.undefined;
    }
  });
});
