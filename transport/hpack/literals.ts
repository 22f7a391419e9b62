/** Literal representations (RFC 7541 section 6.2). */
import { type IntegerHead, MOST_INTEGER_BYTES, writeInteger } from './integers.js';
import { staticNameIndex } from './static-table.js';
import { mostStringBytes, refuseWideCharacters, writePlainString, writeString } from './strings.js';

/**
 * `index`: worth a place in the table. `without`: not. `never`: nor in the table of anybody who passes it on, such as
 * credentials and tokens (RFC 7541 section 7.1.3).
 */
export type Indexing = 'index' | 'without' | 'never';

export interface EncodableField {
  /** Lower-case. */
  readonly name: string;
  readonly value: string;
  readonly indexing: Indexing;
}

const HEADS: Readonly<Record<Indexing, IntegerHead>> = {
  index: { pattern: 0x40, prefixBits: 6 },
  without: { pattern: 0x00, prefixBits: 4 },
  never: { pattern: 0x10, prefixBits: 4 },
};

/**
 * The most that fields can need in any representation. Throws a RangeError when one of them cannot be written: what has
 * begun to be written may have changed the table.
 */
export const roomFor = (fields: readonly EncodableField[]): number => {
  let bytes = 0;
  for (const { name, value } of fields) {
    refuseWideCharacters(name);
    refuseWideCharacters(value);
    bytes += MOST_INTEGER_BYTES + mostStringBytes(name) + mostStringBytes(value);
  }
  return bytes;
};

export interface LiteralOptions {
  /** Where the table has the name, or 0. */
  readonly nameIndex: number;
  readonly indexing: Indexing;
}

export const writeLiteral = (
  target: Buffer,
  at: number,
  { name, value }: EncodableField,
  { nameIndex, indexing }: LiteralOptions,
): number => {
  let next = writeInteger(target, at, HEADS[indexing], nameIndex);
  if (nameIndex === 0) next = writeString(target, next, name);
  return writeString(target, next, value);
};

/** The beginning of a literal up to its value, for a name that many blocks have in common. */
export const literalHead = (name: string, indexing: 'without' | 'never'): Uint8Array => {
  refuseWideCharacters(name);
  const nameIndex = staticNameIndex(name);
  const head = Buffer.alloc(MOST_INTEGER_BYTES + mostStringBytes(name));
  let end = writeInteger(head, 0, HEADS[indexing], nameIndex);
  if (nameIndex === 0) end = writeString(head, end, name);
  return head.subarray(0, end);
};

/**
 * A literal that is not Huffman-coded, for values such as tokens that differ from request to request. Needs at most
 * `head.length + mostStringBytes(value)`. Every character of the value must be an octet: that is not looked at.
 */
export const writePlainLiteral = (
  target: Buffer,
  at: number,
  head: Uint8Array,
  value: string,
): number => {
  for (let index = 0; index < head.length; index += 1) target[at + index] = head[index]!;
  return writePlainString(target, at + head.length, value);
};
