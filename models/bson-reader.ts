/**
 * Decodes BSON of the types that devices are made of, in a fraction of the time that the driver takes: a task reads each of its
 * devices twice. Gives the values that the driver gives; a test holds the two against each other.
 */
import { mongo, Types } from 'mongoose';

/** Element types, as in bsonspec.org version 1.1. */
const TYPE = {
  double: 0x01,
  string: 0x02,
  document: 0x03,
  array: 0x04,
  binary: 0x05,
  objectId: 0x07,
  boolean: 0x08,
  date: 0x09,
  null: 0x0a,
  int32: 0x10,
  int64: 0x12,
} as const;

const INT32_BYTES = 4;
const INT64_BYTES = 8;
const OBJECT_ID_BYTES = 12;
/** Of the length and the subtype, before the bytes of a binary. */
const BINARY_HEAD_BYTES = 5;
/** Its bytes have a length of their own. */
const OLD_BINARY = 0x02;
const TWO_TO_32 = 0x1_0000_0000;

/** Names of fields are few and come again and again: looked up, they need not be decoded. */
const MOST_WORDS = 4_096;
const LONGEST_WORD = 24;
interface Word {
  readonly bytes: Uint8Array;
  readonly text: string;
}
/** By hash; of those that share one, the first. Never of a value: what it says of somebody must not outlive their document. */
const words: (Word | undefined)[] = new Array<undefined>(MOST_WORDS).fill(undefined);

/** Of a type that is not decoded here. */
export class UnknownType extends Error {}

const isSame = (bytes: Uint8Array, start: number, known: Uint8Array): boolean => {
  for (let index = 0; index < known.length; index += 1) {
    if (bytes[start + index] !== known[index]) return false;
  }
  return true;
};

const nameAt = (bytes: Buffer, start: number, end: number): string => {
  const length = end - start;
  if (length > LONGEST_WORD) return bytes.toString('utf8', start, end);
  let hash = length;
  for (let index = start; index < end; index += 1) hash = (hash * 31 + bytes[index]!) | 0;
  const place = (hash ^ (hash >>> 12)) & (MOST_WORDS - 1);
  const known = words[place];
  if (known?.bytes.length === length && isSame(bytes, start, known.bytes)) return known.text;
  const text = bytes.toString('utf8', start, end);
  if (known == null) words[place] = { bytes: Uint8Array.from(bytes.subarray(start, end)), text };
  return text;
};

const int32At = (bytes: Buffer, at: number): number =>
  bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);

const int64At = (bytes: Buffer, at: number): number => {
  const value = int32At(bytes, at + INT32_BYTES) * TWO_TO_32 + (int32At(bytes, at) >>> 0);
  if (!Number.isSafeInteger(value)) throw new UnknownType();
  return value;
};

const binaryAt = (bytes: Buffer, at: number): mongo.Binary => {
  const subtype = bytes[at + INT32_BYTES]!;
  if (subtype === OLD_BINARY) throw new UnknownType();
  const start = at + BINARY_HEAD_BYTES;
  return new mongo.Binary(bytes.subarray(start, start + int32At(bytes, at)), subtype);
};

/** Stands somewhere in some bytes. What it gives of binaries are views of them. */
export class BsonReader {
  private at = 0;

  constructor(private readonly bytes: Buffer) {}

  document(): Record<string, unknown> {
    const { bytes } = this;
    const end = this.at + int32At(bytes, this.at) - 1;
    const found: Record<string, unknown> = {};
    this.at += INT32_BYTES;
    while (this.at < end) {
      const type = bytes[this.at]!;
      const name = this.name();
      // An own field, whatever it is called.
      if (name === '__proto__') throw new UnknownType();
      found[name] = this.value(type);
    }
    this.at = end + 1;
    return found;
  }

  private array(): unknown[] {
    const { bytes } = this;
    const end = this.at + int32At(bytes, this.at) - 1;
    const found: unknown[] = [];
    this.at += INT32_BYTES;
    while (this.at < end) {
      const type = bytes[this.at]!;
      this.skipName();
      found.push(this.value(type));
    }
    this.at = end + 1;
    return found;
  }

  private name(): string {
    const start = this.at + 1;
    this.skipName();
    return nameAt(this.bytes, start, this.at - 1);
  }

  private skipName(): void {
    let end = this.at + 1;
    while (this.bytes[end] !== 0) end += 1;
    this.at = end + 1;
  }

  private value(type: number): unknown {
    const { bytes, at } = this;
    switch (type) {
      case TYPE.string: {
        const start = at + INT32_BYTES;
        this.at = start + int32At(bytes, at);
        return bytes.toString('utf8', start, this.at - 1);
      }
      case TYPE.document:
        return this.document();
      case TYPE.array:
        return this.array();
      case TYPE.binary:
        this.at += BINARY_HEAD_BYTES + int32At(bytes, at);
        return binaryAt(bytes, at);
      case TYPE.objectId:
        this.at += OBJECT_ID_BYTES;
        return new Types.ObjectId(bytes.subarray(at, this.at));
      case TYPE.boolean:
        this.at += 1;
        return bytes[at] === 1;
      case TYPE.date:
        this.at += INT64_BYTES;
        return new Date(int64At(bytes, at));
      case TYPE.null:
        return null;
      case TYPE.int32:
        this.at += INT32_BYTES;
        return int32At(bytes, at);
      case TYPE.int64:
        this.at += INT64_BYTES;
        return int64At(bytes, at);
      case TYPE.double:
        this.at += INT64_BYTES;
        return bytes.readDoubleLE(at);
      default:
        throw new UnknownType();
    }
  }
}
