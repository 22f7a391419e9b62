/** String literals (RFC 7541 section 5.2). Octets are characters of Latin-1, so that no value is changed by decoding it. */
import { HpackError } from './hpack-error.js';
import { decodeHuffman, huffmanBytes, mostDecodedBytes, writeHuffman } from './huffman.js';
import { type Cursor, MOST_INTEGER_BYTES, readInteger, writeInteger } from './integers.js';

const HUFFMAN_FLAG = 0x80;
const HUFFMAN_LENGTH = { pattern: HUFFMAN_FLAG, prefixBits: 7 };
const PLAIN_LENGTH = { pattern: 0, prefixBits: 7 };

const SHARED_BYTES = 4096;
const sharedScratch = Buffer.allocUnsafeSlow(SHARED_BYTES);

const readHuffman = (bytes: Buffer, start: number, end: number): string => {
  const most = mostDecodedBytes(end - start);
  const scratch = most <= SHARED_BYTES ? sharedScratch : Buffer.allocUnsafe(most);
  return scratch.toString('latin1', 0, decodeHuffman(bytes, start, end, scratch));
};

export const readString = (cursor: Cursor): string => {
  const { bytes } = cursor;
  const isHuffman = (bytes[cursor.at]! & HUFFMAN_FLAG) !== 0;
  const length = readInteger(cursor, 7);
  const start = cursor.at;
  const end = start + length;
  if (end > bytes.length) throw new HpackError('The block ends inside a string');
  cursor.at = end;
  return isHuffman ? readHuffman(bytes, start, end) : bytes.toString('latin1', start, end);
};

/** The most that `writeString` and `writePlainString` can need. */
export const mostStringBytes = (text: string): number => MOST_INTEGER_BYTES + text.length;

const writeOctets = (target: Uint8Array, at: number, text: string): number => {
  for (let index = 0; index < text.length; index += 1) target[at + index] = text.charCodeAt(index);
  return at + text.length;
};

/** Throws a RangeError, which does not repeat the text, when a character is not an octet. */
export const refuseWideCharacters = (text: string): void => {
  for (let index = 0; index < text.length; index += 1) {
    if (text.charCodeAt(index) > 0xff) {
      throw new RangeError('A header field has a character that is not an octet');
    }
  }
};

/** Never Huffman-coded: for what is written once and should cost little. */
export const writePlainString = (target: Uint8Array, at: number, text: string): number =>
  writeOctets(target, writeInteger(target, at, PLAIN_LENGTH, text.length), text);

/** Huffman-coded where that is shorter. Returns where the next octet goes. */
export const writeString = (target: Uint8Array, at: number, text: string): number => {
  refuseWideCharacters(text);
  const coded = huffmanBytes(text);
  if (coded >= text.length) return writePlainString(target, at, text);
  return writeHuffman(target, writeInteger(target, at, HUFFMAN_LENGTH, coded), text);
};
