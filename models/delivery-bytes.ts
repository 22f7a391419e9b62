/**
 * Delivery rows as BSON, all of a report in one buffer, in a fraction of the time that the driver takes: a task writes one for
 * each device. Gives the bytes that the driver gives; a test holds the two against each other.
 */
import type { Delivery } from './delivery.js';

/** Element types, as in bsonspec.org version 1.1. */
const STRING = 0x02;
const BINARY = 0x05;
const OBJECT_ID = 0x07;
const DATE = 0x09;
const INT32 = 0x10;

const INT32_BYTES = 4;
/** Of a row whose texts are empty, with room to spare. */
const PLAIN_ROW_BYTES = 128;
/** Of UTF-8, for each unit of a string. */
const MOST_BYTES_A_UNIT = 3;
const TWO_TO_32 = 0x1_0000_0000;

/** `_id` and `d` up to their bytes, which are all that differs. */
const ID_HEAD = Buffer.from([BINARY, 0x5f, 0x69, 0x64, 0, 24, 0, 0, 0, 0]);
const DEVICE_HEAD = Buffer.from([OBJECT_ID, 0x64, 0]);
const ID_BYTES = 24;
const DEVICE_BYTES = 12;

const textBytes = (text: string | undefined): number =>
  text === undefined ? 0 : text.length * MOST_BYTES_A_UNIT;

const mostBytes = ({ s, r, v, p, m }: Delivery): number =>
  PLAIN_ROW_BYTES + textBytes(s) + textBytes(r) + textBytes(v) + textBytes(p) + textBytes(m);

class RowWriter {
  at = 0;
  /** Where state, reason, vendor and profile of the last row stand, and its attempts and time: mostly the next has the same. */
  private last: Delivery | undefined;
  private middleStart = 0;
  private middleEnd = 0;
  private tailStart = 0;

  constructor(private bytes: Buffer) {}

  get written(): Buffer {
    return this.bytes.subarray(0, this.at);
  }

  row(row: Delivery): void {
    this.reserve(mostBytes(row));
    const { bytes, last } = this;
    const start = this.at;
    this.at += INT32_BYTES;
    this.copy(ID_HEAD);
    bytes.set(row._id.buffer.subarray(0, ID_BYTES), this.at);
    this.at += ID_BYTES;
    this.copy(DEVICE_HEAD);
    bytes.set(row.d.id, this.at);
    this.at += DEVICE_BYTES;
    this.middle(row, last);
    if (row.m !== undefined) this.text(0x6d, row.m);
    this.tail(row, last);
    if (row.f !== undefined) this.date(0x66, row.f);
    bytes[this.at++] = 0;
    bytes.writeInt32LE(this.at - start, start);
    this.last = row;
  }

  private middle(row: Delivery, last: Delivery | undefined): void {
    const start = this.at;
    if (last?.s === row.s && last.r === row.r && last.v === row.v && last.p === row.p) {
      this.bytes.copyWithin(start, this.middleStart, this.middleEnd);
      this.at += this.middleEnd - this.middleStart;
    } else {
      this.text(0x73, row.s);
      if (row.r !== undefined) this.text(0x72, row.r);
      if (row.v !== undefined) this.text(0x76, row.v);
      if (row.p !== undefined) this.text(0x70, row.p);
    }
    this.middleStart = start;
    this.middleEnd = this.at;
  }

  private tail({ n, t }: Delivery, last: Delivery | undefined): void {
    const { bytes } = this;
    const start = this.at;
    if (last?.n === n && last.t === t) {
      bytes.copyWithin(start, this.tailStart, this.tailStart + TAIL_BYTES);
    } else {
      bytes[start] = INT32;
      bytes[start + 1] = 0x6e;
      bytes[start + 2] = 0;
      bytes.writeInt32LE(n, start + 3);
      this.at = start + INT32_FIELD_BYTES;
      this.date(0x74, t);
    }
    this.tailStart = start;
    this.at = start + TAIL_BYTES;
  }

  private date(name: number, date: Date): void {
    const { bytes, at } = this;
    const ms = date.getTime();
    bytes[at] = DATE;
    bytes[at + 1] = name;
    bytes[at + 2] = 0;
    bytes.writeUInt32LE(((ms % TWO_TO_32) + TWO_TO_32) % TWO_TO_32, at + 3);
    bytes.writeInt32LE(Math.floor(ms / TWO_TO_32), at + 7);
    this.at = at + DATE_FIELD_BYTES;
  }

  private text(name: number, text: string): void {
    const { bytes } = this;
    bytes[this.at] = STRING;
    bytes[this.at + 1] = name;
    bytes[this.at + 2] = 0;
    const lengthAt = this.at + 3;
    const end = lengthAt + INT32_BYTES + bytes.write(text, lengthAt + INT32_BYTES);
    bytes[end] = 0;
    bytes.writeInt32LE(end + 1 - lengthAt - INT32_BYTES, lengthAt);
    this.at = end + 1;
  }

  private copy(head: Buffer): void {
    this.bytes.set(head, this.at);
    this.at += head.length;
  }

  private reserve(more: number): void {
    if (this.at + more <= this.bytes.length) return;
    const larger = Buffer.allocUnsafe(2 * (this.at + more));
    larger.set(this.written);
    this.bytes = larger;
  }
}

/** Type, a name of one letter, and the value. */
const INT32_FIELD_BYTES = 7;
const DATE_FIELD_BYTES = 11;
/** `n` and `t`. */
const TAIL_BYTES = INT32_FIELD_BYTES + DATE_FIELD_BYTES;

/** One after the other. The row's `_id` and `d` must have their 24 and 12 bytes. */
export const deliveryBytes = (rows: readonly Delivery[]): Buffer => {
  const [first] = rows;
  if (first === undefined) return Buffer.alloc(0);
  const writer = new RowWriter(Buffer.allocUnsafe(rows.length * mostBytes(first)));
  for (const row of rows) writer.row(row);
  return writer.written;
};
