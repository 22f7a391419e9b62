/** String literals (RFC 7541 section 5.2). Octets are characters of Latin-1, so that no value is changed by decoding it. */
import { HpackError } from './hpack-error.js';
import { decodeHuffman, huffmanBytes, mostDecodedBytes, writeHuffman } from './huffman.js';
import { type Cursor, MOST_INTEGER_BYTES, readInteger, writeInteger } from './integers.js';

const HUFFMAN_FLAG = 0x80;
const HUFFMAN_LENGTH = { pattern: HUFFMAN_FLAG, prefixBits: 7 };
const PLAIN_LENGTH = { pattern: 0, prefixBits: 7 };

const WIDE = /[^\0-\xff]/;

const SHARED_BYTES = 4096;
const sharedScratch = Buffer.allocUnsafeSlow(SHARED_BYTES);

/** Up to here, characters one by one are faster than a call of `toString` or `write`. */
const SHORT_BYTES = 8;

const textOf = (bytes: Buffer, start: number, end: number): string => {
  if (end - start > SHORT_BYTES) return bytes.toString('latin1', start, end);
  let text = '';
  for (let at = start; at < end; at += 1) text += String.fromCharCode(bytes[at]!);
  return text;
};

const readHuffman = (bytes: Buffer, start: number, end: number): string => {
  const most = mostDecodedBytes(end - start);
  const scratch = most <= SHARED_BYTES ? sharedScratch : Buffer.allocUnsafe(most);
  return textOf(scratch, 0, decodeHuffman(bytes, start, end, scratch));
};

export const readString = (cursor: Cursor): string => {
  const { bytes } = cursor;
  const isHuffman = (bytes[cursor.at]! & HUFFMAN_FLAG) !== 0;
  const length = readInteger(cursor, 7);
  const start = cursor.at;
  const end = start + length;
  if (end > bytes.length) throw new HpackError('The block ends inside a string');
  cursor.at = end;
  return isHuffman ? readHuffman(bytes, start, end) : textOf(bytes, start, end);
};

/** The most that `writeString` and `writePlainString` can need. */
export const mostStringBytes = (text: string): number => MOST_INTEGER_BYTES + text.length;

/** Throws a RangeError, which does not repeat the text, unless every character is an octet. */
export const refuseWideCharacters = (text: string): void => {
  if (WIDE.test(text)) throw new RangeError('A header field has a character that is not an octet');
};

// What writes a string relies on its characters being octets, and returns where the next octet goes.

/** Never Huffman-coded: for what is written once and should cost little. */
export const writePlainString = (target: Buffer, at: number, text: string): number => {
  const start = writeInteger(target, at, PLAIN_LENGTH, text.length);
  const end = start + text.length;
  if (end > target.length) throw new RangeError('There is no room for a header field');
  if (text.length > SHORT_BYTES) target.write(text, start, 'latin1');
  else for (let at = start; at < end; at += 1) target[at] = text.charCodeAt(at - start);
  return end;
};

/** Huffman-coded where that is shorter. */
export const writeString = (target: Buffer, at: number, text: string): number => {
  const coded = huffmanBytes(text);
  if (coded >= text.length) return writePlainString(target, at, text);
  return writeHuffman(target, writeInteger(target, at, HUFFMAN_LENGTH, coded), text);
};
