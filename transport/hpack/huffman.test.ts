import { expect } from 'chai';
import fc from 'fast-check';
import { HpackError } from './hpack-error.js';
import { decodeHuffman, huffmanBytes, mostDecodedBytes, writeHuffman } from './huffman.js';
import { CODE_BITS, CODES } from './huffman-code.js';

const encode = (text: string): Buffer => {
  const target = Buffer.alloc(huffmanBytes(text));
  expect(writeHuffman(target, 0, text)).to.equal(target.length);
  return target;
};

const decode = (bytes: Buffer): string => {
  const target = Buffer.alloc(mostDecodedBytes(bytes.length));
  const written = decodeHuffman(bytes, 0, bytes.length, target);
  expect(written).to.be.at.most(target.length);
  return target.toString('latin1', 0, written);
};

/** Octets from bits, which must fill them. */
const octets = (bits: string): Buffer => {
  expect(bits.length % 8).to.equal(0);
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((octet) => Number.parseInt(octet, 2)));
};

const EVERY_OCTET = String.fromCharCode(...Array.from({ length: 256 }, (_, octet) => octet));

describe('the Huffman code (RFC 7541 appendix B)', () => {
  it('has the codes of the appendix', () => {
    const codeOf = (text: string): string => {
      const octet = text.charCodeAt(0);
      return CODES[octet]!.toString(2).padStart(CODE_BITS[octet]!, '0');
    };
    expect(codeOf('0')).to.equal('00000');
    expect(codeOf('a')).to.equal('00011');
    expect(codeOf(' ')).to.equal('010100');
    expect(codeOf('Z')).to.equal('11111101');
    expect(codeOf('\\')).to.equal('1111111111111110000');
    expect(codeOf('\0')).to.equal('1111111111000');
    expect(codeOf('\n')).to.equal('1'.repeat(28) + '00');
    expect(codeOf('\xf9')).to.equal('1'.repeat(27) + '0');
    expect(codeOf('\xff')).to.equal('11111111111111111111101110');
  });

  it('leaves no code unused but EOS, and none is the beginning of another', () => {
    // Kraft's sum of a complete prefix code is 1; EOS has thirty bits.
    let sum = 2 ** -30;
    for (const bits of CODE_BITS) sum += 2 ** -bits;
    expect(sum).to.equal(1);
    expect(decode(encode(EVERY_OCTET))).to.equal(EVERY_OCTET);
  });
});

describe('Huffman-coded strings (RFC 7541 section 5.2)', () => {
  it('are decoded to what was encoded', () => {
    const text = fc.oneof(
      fc.string({ unit: fc.constantFrom(...EVERY_OCTET) }),
      fc.string({ unit: fc.constantFrom(...'0123456789abcdef-') }),
    );
    fc.assert(fc.property(text, (written) => decode(encode(written)) === written));
  });

  it('take every octet beside every other', () => {
    for (const first of EVERY_OCTET) {
      const text = [...EVERY_OCTET].map((second) => first + second).join('');
      expect(decode(encode(text))).to.equal(text);
    }
  });

  it('may be empty', () => {
    expect(decode(Buffer.alloc(0))).to.equal('');
  });

  it('are padded with up to seven ones', () => {
    // 'a' is 00011, '0' is 00000, 'Z' is 11111101, 'X' is 11111100, ':' is 1011100.
    expect(decode(octets('00011111'))).to.equal('a');
    expect(decode(octets('10111001'))).to.equal(':');
    expect(decode(octets('11111101'))).to.equal('Z');
    expect(decode(octets('0001100000000110000011111101000001111111'))).to.equal('a0a0Z0');
  });

  const refused: [what: string, bits: string, message: string][] = [
    ['a whole octet of padding', '11111111', 'too much padding'],
    ['eight bits of padding after a code', '1111110111111111', 'too much padding'],
    ['fifteen bits of padding', '000111111111111111111111', 'too much padding'],
    ['padding of zeros', '00011000', 'padding'],
    ['padding with a zero at its end', '00011110', 'padding'],
    ['padding with a zero at its start', '10111000', 'padding'],
    ['a code that is cut off', '1111111111000000', 'padding'],
    ['EOS', '11111111111111111111111111111111', 'EOS'],
    ['EOS between octets', '0001111111111111111111111111111111100011', 'EOS'],
  ];
  for (const [what, bits, message] of refused) {
    it(`are refused with ${what}`, () => {
      expect(() => decode(octets(bits))).to.throw(HpackError, message);
    });
  }
});
