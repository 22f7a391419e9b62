import { expect } from 'chai';
import fc from 'fast-check';
import { HpackError } from './hpack-error.js';
import { MOST_INTEGER_BYTES, readInteger, writeInteger } from './integers.js';

const read = (hex: string, prefixBits: number): number =>
  readInteger({ bytes: Buffer.from(hex, 'hex'), at: 0 }, prefixBits);

describe('integers (RFC 7541 section 5.1)', () => {
  it('are read as they were written, whatever the other bits of their first octet', () => {
    const head = fc.record({
      prefixBits: fc.integer({ min: 1, max: 8 }),
      others: fc.integer({ min: 0, max: 255 }),
    });
    const value = fc.oneof(fc.nat(300), fc.nat(2 ** 28 - 1));
    fc.assert(
      fc.property(head, value, ({ prefixBits, others }, written) => {
        const bytes = Buffer.alloc(MOST_INTEGER_BYTES + 1);
        const pattern = (others << prefixBits) & 0xff;
        const end = writeInteger(bytes, 1, { pattern, prefixBits }, written);
        const cursor = { bytes: bytes.subarray(0, end), at: 1 };
        expect(readInteger(cursor, prefixBits)).to.equal(written);
        expect(cursor.at).to.equal(end);
        expect((bytes[1]! >>> prefixBits) << prefixBits).to.equal(pattern);
      }),
    );
  });

  it('need no octet after a prefix that is not all ones', () => {
    expect(read('1e', 5)).to.equal(30);
    expect(read('1f00', 5)).to.equal(31);
  });

  it('may have zeros in front, up to four octets', () => {
    expect(read('1f80808000', 5)).to.equal(31);
    expect(() => read('1f8080808000', 5)).to.throw(HpackError, 'too large');
  });

  it('are refused when they are too large', () => {
    expect(read('ffffffff7f', 8)).to.equal(255 + 2 ** 28 - 1);
    expect(() => read('ffffffffff7f', 8)).to.throw(HpackError, 'too large');
    expect(() => read(`ff${'ff'.repeat(100)}`, 8)).to.throw(HpackError, 'too large');
  });

  for (const hex of ['', '1f', '1f80', '1fffff']) {
    it(`are refused when the block ends inside: "${hex}"`, () => {
      expect(() => read(hex, 5)).to.throw(HpackError, 'ends inside an integer');
    });
  }
});
