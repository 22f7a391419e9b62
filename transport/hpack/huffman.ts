/** Huffman-coded strings (RFC 7541 section 5.2): decoded by tables that take up to eight bits at a time. */
import { HpackError } from './hpack-error.js';
import { CODE_BITS, CODES } from './huffman-code.js';

/** No code is shorter than five bits. */
export const mostDecodedBytes = (codedBytes: number): number => Math.ceil((codedBytes * 8) / 5);

/**
 * One table of 256 entries for each run of eight bits that is not yet a whole code; the first is for the start of a
 * code. An entry, chosen by the next eight bits, is `bits << 8 | octet` when a code ends within them, `NEXT_TABLE |
 * table << 8` when it goes on, and 0 when only EOS can come of it.
 */
const NEXT_TABLE = 0x8000;
const decoding: number[] = new Array<number>(256).fill(0);

const enter = (octet: number): void => {
  const code = CODES[octet]!;
  let bits = CODE_BITS[octet]!;
  let table = 0;
  for (; bits > 8; bits -= 8) {
    const place = table + ((code >>> (bits - 8)) & 0xff);
    if (decoding[place] === 0) {
      decoding[place] = NEXT_TABLE | decoding.length;
      for (let entry = 0; entry < 256; entry += 1) decoding.push(0);
    }
    table = decoding[place]! & ~NEXT_TABLE;
  }
  const first = table + ((code << (8 - bits)) & 0xff);
  decoding.fill((bits << 8) | octet, first, first + (1 << (8 - bits)));
};
for (let octet = 0; octet < 256; octet += 1) enter(octet);
const DECODING = Uint16Array.from(decoding);

/** Decodes `bytes` from `start` to `end` into `target`, which must hold `mostDecodedBytes`; returns how many it wrote. */
export const decodeHuffman = (
  bytes: Uint8Array,
  start: number,
  end: number,
  target: Uint8Array,
): number => {
  let written = 0;
  let held = 0;
  let bits = 0;
  let table = 0;
  for (let at = start; at < end; at += 1) {
    held = ((held << 8) | bytes[at]!) & 0xffff;
    bits += 8;
    while (bits >= 8) {
      const entry = DECODING[table + ((held >>> (bits - 8)) & 0xff)]!;
      if (entry < NEXT_TABLE) {
        if (entry === 0) throw new HpackError('A Huffman-coded string contains EOS');
        target[written++] = entry;
        bits -= entry >>> 8;
        table = 0;
      } else {
        table = entry & ~NEXT_TABLE;
        bits -= 8;
      }
    }
  }
  while (bits > 0) {
    const entry = DECODING[table + ((held << (8 - bits)) & 0xff)]!;
    if (entry === 0 || entry >>> 8 > bits) break;
    target[written++] = entry;
    bits -= entry >>> 8;
    table = 0;
  }
  // What is left is padding: fewer than eight bits, the first ones of EOS.
  if (table !== 0) {
    throw new HpackError('A Huffman-coded string ends inside a code or has too much padding');
  }
  const ones = (1 << bits) - 1;
  if ((held & ones) !== ones)
    throw new HpackError('The padding of a Huffman-coded string is not EOS');
  return written;
};

/** What `writeHuffman` needs. */
export const huffmanBytes = (text: string): number => {
  let bits = 0;
  for (let at = 0; at < text.length; at += 1) bits += CODE_BITS[text.charCodeAt(at)]!;
  return (bits + 7) >>> 3;
};

/** Returns where the next octet goes. */
export const writeHuffman = (target: Uint8Array, at: number, text: string): number => {
  let next = at;
  let held = 0;
  let bits = 0;
  for (let index = 0; index < text.length; index += 1) {
    const octet = text.charCodeAt(index);
    const code = CODES[octet]!;
    let left = CODE_BITS[octet]!;
    while (left > 0) {
      // Seven bits that are held and thirty of a code would not fit in 32.
      const taken = left > 24 ? left - 16 : left;
      left -= taken;
      held = (held << taken) | ((code >>> left) & ((1 << taken) - 1));
      bits += taken;
      while (bits >= 8) {
        bits -= 8;
        target[next++] = held >>> bits;
      }
    }
  }
  // RFC 7541 section 5.2: padded with the first bits of EOS, which are ones.
  if (bits > 0) target[next++] = (held << (8 - bits)) | (0xff >>> bits);
  return next;
};
