/** Integers with a prefix of 1 to 8 bits (RFC 7541 section 5.1), and the place in a block that is read next. */
import { HpackError } from './hpack-error.js';

export interface Cursor {
  bytes: Buffer;
  at: number;
}

/** Four octets after the prefix carry 28 bits: beyond any length or index that fits in a header block. */
const MOST_VALUE_BITS = 28;
/** What `writeInteger` can need: a prefix octet, and 31 bits in groups of seven. */
export const MOST_INTEGER_BYTES = 6;

/** Reads the low `prefixBits` of the octet at the cursor, and what follows. */
export const readInteger = (cursor: Cursor, prefixBits: number): number => {
  const { bytes } = cursor;
  if (cursor.at >= bytes.length) throw new HpackError('The block ends inside an integer');
  const full = (1 << prefixBits) - 1;
  let value = bytes[cursor.at++]! & full;
  if (value < full) return value;
  for (let shift = 0; shift < MOST_VALUE_BITS; shift += 7) {
    if (cursor.at >= bytes.length) throw new HpackError('The block ends inside an integer');
    const octet = bytes[cursor.at++]!;
    value += (octet & 0x7f) << shift;
    if (octet < 0x80) return value;
  }
  throw new HpackError('An integer is too large');
};

/** A number of the high bits of its first octet, which tell what the integer means. */
export interface IntegerHead {
  readonly pattern: number;
  readonly prefixBits: number;
}

/** Returns where the next octet goes. */
export const writeInteger = (
  target: Uint8Array,
  at: number,
  { pattern, prefixBits }: IntegerHead,
  value: number,
): number => {
  const full = (1 << prefixBits) - 1;
  if (value < full) {
    target[at] = pattern | value;
    return at + 1;
  }
  target[at] = pattern | full;
  let rest = value - full;
  let next = at + 1;
  while (rest >= 0x80) {
    target[next] = 0x80 | (rest & 0x7f);
    rest >>>= 7;
    next += 1;
  }
  target[next] = rest;
  return next + 1;
};
