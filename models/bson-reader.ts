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

/** Of a type that is not decoded here. */
export class UnknownType extends Error {}

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

/** A field of this type, of which nothing else is known yet. */
const fieldOf = (type: number): Field => ({
  type,
  name: '',
  headStart: 0,
  headBytes: 0,
  textStart: 0,
  textBytes: -1,
  text: '',
  fields: [],
});

/**
 * A field as it stood in the document before: the next one of a page mostly has the same, and often with the same text. Known
 * for as long as the page is read: what it says of somebody does not outlive their document.
 */
interface Field {
  readonly type: number;
  readonly name: string;
  /** Where type and name stand, with the zero behind them. */
  readonly headStart: number;
  readonly headBytes: number;
  /** Where its last text stands, with its length before it. */
  textStart: number;
  textBytes: number;
  text: string;
  /** Of a document, or of the documents of an array. */
  readonly fields: Field[];
}

/** Stands somewhere in some bytes. What it gives of binaries are views of them. */
export class BsonReader {
  private at = 0;
  private readonly fields: Field[] = [];

  constructor(private readonly bytes: Buffer) {}

  document(fields = this.fields): Record<string, unknown> {
    const { bytes } = this;
    const end = this.at + int32At(bytes, this.at) - 1;
    const found: Record<string, unknown> = {};
    this.at += INT32_BYTES;
    for (let place = 0; this.at < end; place += 1) {
      let field = fields[place];
      if (field === undefined || !this.takes(field)) {
        // This document may lack what the one before had.
        const next = fields[place + 1];
        if (next !== undefined && this.takes(next)) {
          field = next;
          place += 1;
        } else {
          field = this.newField();
          fields[place] = field;
        }
      }
      found[field.name] = this.value(field);
    }
    this.at = end + 1;
    return found;
  }

  private array(fields: Field[]): unknown[] {
    const { bytes } = this;
    const end = this.at + int32At(bytes, this.at) - 1;
    const found: unknown[] = [];
    this.at += INT32_BYTES;
    while (this.at < end) {
      const type = bytes[this.at]!;
      this.skipName();
      if (type === TYPE.document) found.push(this.document(fields));
      else found.push(this.value(fieldOf(type)));
    }
    this.at = end + 1;
    return found;
  }

  /** Moves behind type and name if they are those of this field. */
  private takes({ headStart, headBytes }: Field): boolean {
    if (!this.isSame(this.at, headStart, headBytes)) return false;
    this.at += headBytes;
    return true;
  }

  private isSame(start: number, knownStart: number, length: number): boolean {
    const { bytes } = this;
    for (let offset = 0; offset < length; offset += 1) {
      if (bytes[start + offset] !== bytes[knownStart + offset]) return false;
    }
    return true;
  }

  private newField(): Field {
    const { bytes, at } = this;
    this.skipName();
    const name = bytes.toString('utf8', at + 1, this.at - 1);
    // An own field, whatever it is called.
    if (name === '__proto__') throw new UnknownType();
    return { ...fieldOf(bytes[at]!), name, headStart: at, headBytes: this.at - at };
  }

  private skipName(): void {
    let end = this.at + 1;
    while (this.bytes[end] !== 0) end += 1;
    this.at = end + 1;
  }

  private string(field: Field): string {
    const { bytes, at } = this;
    const textBytes = INT32_BYTES + int32At(bytes, at);
    this.at = at + textBytes;
    if (textBytes === field.textBytes && this.isSame(at, field.textStart, textBytes)) {
      return field.text;
    }
    field.textStart = at;
    field.textBytes = textBytes;
    field.text = bytes.toString('utf8', at + INT32_BYTES, this.at - 1);
    return field.text;
  }

  private value(field: Field): unknown {
    const { bytes, at } = this;
    switch (field.type) {
      case TYPE.string:
        return this.string(field);
      case TYPE.document:
        return this.document(field.fields);
      case TYPE.array:
        return this.array(field.fields);
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
