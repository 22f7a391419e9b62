/**
 * Header lists to header blocks (RFC 7541 sections 2 and 6). One encoder for each connection: blocks must leave in the order
 * in which they were made, and every one that was made must leave, or the peer's table is no longer ours.
 *
 * A request costs little when its constant fields are prepared:
 *
 *     let at = encoder.begin(target, offset);
 *     at = writePlainLiteral(target, at, PATH, path);
 *     at = encoder.write(target, at, constants);
 */
import { DEFAULT_TABLE_BYTES, DynamicTable } from './dynamic-table.js';
import { fieldBytes } from './header-field.js';
import { MOST_INTEGER_BYTES, writeInteger } from './integers.js';
import { type EncodableField, roomFor, writeLiteral } from './literals.js';
import { Prepared } from './prepared.js';
import { STATIC_FIELDS, staticFieldIndex, staticNameIndex } from './static-table.js';

export type { EncodableField, Indexing } from './literals.js';
export { literalHead, writePlainLiteral } from './literals.js';
export type { Prepared } from './prepared.js';

/** Whatever the peer offers: constant headers need no more, and looking through a larger table would cost. */
const OUR_TABLE_BYTES = DEFAULT_TABLE_BYTES;

const INDEXED = { pattern: 0x80, prefixBits: 7 };
const SIZE_UPDATE = { pattern: 0x20, prefixBits: 5 };

/** What `begin` can need. */
export const MOST_BEGINNING_BYTES = 2 * MOST_INTEGER_BYTES;

export class HpackEncoder {
  private readonly table = new DynamicTable(OUR_TABLE_BYTES);
  /** The smallest size since the last block, when the size has changed since. */
  private smallestBytes: number | undefined;

  /** The peer's SETTINGS_HEADER_TABLE_SIZE; it is told of the size in use at the start of the next block. */
  setMaxTableBytes(bytes: number): void {
    const size = Math.min(bytes, OUR_TABLE_BYTES);
    if (size === this.table.mostBytes) return;
    this.smallestBytes = Math.min(this.smallestBytes ?? size, size);
    this.table.resize(size);
  }

  encode(fields: readonly EncodableField[]): Buffer {
    const target = Buffer.allocUnsafe(MOST_BEGINNING_BYTES + roomFor(fields));
    return target.subarray(0, this.writeFields(target, this.begin(target, 0), fields));
  }

  /** Fields that many blocks have in common. */
  prepare(fields: readonly EncodableField[]): Prepared {
    return new Prepared(fields);
  }

  encodePrepared(prepared: Prepared): Buffer {
    const target = Buffer.allocUnsafe(MOST_BEGINNING_BYTES + prepared.mostBytes);
    return target.subarray(0, this.write(target, this.begin(target, 0), prepared));
  }

  /**
   * Comes first in each block that is written in parts: the table size updates that are due. Like all that write, it
   * returns where the next octet goes.
   */
  begin(target: Buffer, at: number): number {
    if (this.smallestBytes === undefined) return at;
    const { mostBytes } = this.table;
    let next = at;
    // RFC 7541 section 4.2: the smallest size in between counts too, because it evicted.
    if (this.smallestBytes < mostBytes) {
      next = writeInteger(target, next, SIZE_UPDATE, this.smallestBytes);
    }
    this.smallestBytes = undefined;
    return writeInteger(target, next, SIZE_UPDATE, mostBytes);
  }

  /** Needs at most `prepared.mostBytes`. */
  write(target: Buffer, at: number, prepared: Prepared): number {
    const { table } = this;
    if (prepared.holdsFor(table)) return prepared.copy(target, at);
    const { revision } = table;
    const end = this.writeFields(target, at, prepared.fields);
    // What inserts is not to be repeated: the next time, the fields are in the table.
    if (table.revision === revision) prepared.keep(target.subarray(at, end), table);
    return end;
  }

  private writeFields(target: Buffer, at: number, fields: readonly EncodableField[]): number {
    let next = at;
    for (const field of fields) next = this.writeField(target, next, field);
    return next;
  }

  private writeField(target: Buffer, at: number, field: EncodableField): number {
    const { name, value, indexing } = field;
    // RFC 7541 section 7.1.3: what is never to be indexed is a literal everywhere.
    const index = indexing === 'never' ? 0 : this.indexOf(name, value);
    if (index > 0) return writeInteger(target, at, INDEXED, index);
    const nameIndex = staticNameIndex(name) || this.dynamicIndex(this.table.findName(name));
    if (indexing !== 'index' || !this.isWorthIndexing(field)) {
      const literal = indexing === 'never' ? 'never' : 'without';
      return writeLiteral(target, at, field, { nameIndex, indexing: literal });
    }
    const end = writeLiteral(target, at, field, { nameIndex, indexing });
    this.table.insert([name, value]);
    return end;
  }

  private indexOf(name: string, value: string): number {
    return staticFieldIndex(name, value) || this.dynamicIndex(this.table.find(name, value));
  }

  private dynamicIndex(position: number): number {
    return position === 0 ? 0 : STATIC_FIELDS + position;
  }

  /** A field of more than half of the table would evict most of the others. */
  private isWorthIndexing({ name, value }: EncodableField): boolean {
    return fieldBytes(name, value) * 2 <= this.table.mostBytes;
  }
}
