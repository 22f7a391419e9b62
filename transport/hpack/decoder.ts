/** Header blocks of the peer to header lists (RFC 7541 sections 3 and 6). One decoder for each connection. */
import { DEFAULT_TABLE_BYTES, DynamicTable } from './dynamic-table.js';
import { fieldBytes, type HeaderField } from './header-field.js';
import { HpackError } from './hpack-error.js';
import { type Cursor, readInteger } from './integers.js';
import { type KnownBlock, KnownBlocks, type Step } from './known-blocks.js';
import { STATIC_FIELDS, staticField } from './static-table.js';
import { readString } from './strings.js';

export type { HeaderField } from './header-field.js';
export { HpackError } from './hpack-error.js';

export interface HpackDecoderOptions {
  /** What our SETTINGS_HEADER_TABLE_SIZE says. */
  readonly maxTableBytes: number;
  /** What our SETTINGS_MAX_HEADER_LIST_SIZE says. */
  readonly maxListBytes: number;
}

const NOTHING = Buffer.alloc(0);

export class HpackDecoder {
  private readonly table: DynamicTable;
  private readonly known = new KnownBlocks();
  private readonly cursor: Cursor = { bytes: NOTHING, at: 0 };
  private maxTableBytes: number;
  private mustResize = false;
  private fields: HeaderField[] = [];
  private listBytes = 0;
  /** What this block asks of the table, when it is to be remembered. */
  private steps: Step[] | undefined;
  private stepAt = 0;

  constructor(private readonly options: HpackDecoderOptions) {
    // Until the peer has acknowledged our SETTINGS, it may use a table of the default size.
    this.maxTableBytes = Math.max(options.maxTableBytes, DEFAULT_TABLE_BYTES);
    this.table = new DynamicTable(this.maxTableBytes, DEFAULT_TABLE_BYTES);
  }

  /**
   * The peer has acknowledged our SETTINGS: from now on `maxTableBytes` counts, and if that is less than the table has,
   * the next block must begin with a size update (RFC 9113 section 4.3.1). Needed only for less than the default.
   */
  acknowledged(): void {
    this.maxTableBytes = this.options.maxTableBytes;
    this.mustResize = this.table.mostBytes > this.maxTableBytes;
  }

  /**
   * A whole block: the fragments of HEADERS and its CONTINUATIONs in one. The list may be the same object as one before:
   * it must not be changed, and what is derived from it can be kept by it.
   */
  decode(block: Buffer): readonly HeaderField[] {
    const { cursor } = this;
    cursor.bytes = block;
    cursor.at = 0;
    this.fields = [];
    this.listBytes = 0;
    this.steps = undefined;
    this.readSizeUpdates();
    if (cursor.at === 0) {
      const known = this.known.find(block);
      if (known && this.repeat(known)) return known.fields;
      if (this.known.isWanted) this.steps = [];
    }
    while (cursor.at < block.length) this.readField();
    if (this.listBytes > this.options.maxListBytes) {
      const { maxListBytes } = this.options;
      throw new HpackError(`The header list is larger than ${maxListBytes} bytes`, {
        tooLarge: true,
      });
    }
    if (this.steps) this.known.keep(block, this.fields, this.steps);
    return this.fields;
  }

  /**
   * Does to the table what this block did before. Where the table holds another field than then, decoding goes on as usual
   * from that representation; false.
   */
  private repeat({ fields, steps }: KnownBlock): boolean {
    const { table } = this;
    for (const step of steps) {
      if (step.kind === 'insert') {
        table.insert(step.field);
        continue;
      }
      const found = table.at(step.position);
      if (found === step.field) continue;
      if (
        found !== undefined &&
        found[0] === step.field[0] &&
        (step.kind === 'same-name' || found[1] === step.field[1])
      ) {
        continue;
      }
      this.known.forget();
      this.cursor.at = step.at;
      this.fields = fields.slice(0, step.fieldsBefore);
      for (const [name, value] of this.fields) this.listBytes += fieldBytes(name, value);
      return false;
    }
    return true;
  }

  /** RFC 7541 section 4.2: only at the beginning of a block, and not above our limit. */
  private readSizeUpdates(): void {
    const { cursor } = this;
    while (cursor.at < cursor.bytes.length && (cursor.bytes[cursor.at]! & 0xe0) === 0x20) {
      const bytes = readInteger(cursor, 5);
      if (bytes > this.maxTableBytes) {
        throw new HpackError('The table size is above the limit that we set');
      }
      this.table.resize(bytes);
      this.mustResize = false;
    }
    if (this.mustResize) throw new HpackError('The block does not begin with a table size update');
  }

  private readField(): void {
    const { cursor } = this;
    this.stepAt = cursor.at;
    const first = cursor.bytes[cursor.at]!;
    if (first >= 0x80) {
      this.add(this.fieldAt(readInteger(cursor, 7), 'same-field'));
    } else if (first >= 0x40) {
      const field = this.readLiteral(6);
      this.remember('insert', 0, field);
      this.table.insert(field);
      this.add(field);
    } else if (first >= 0x20) {
      throw new HpackError('A table size update does not stand at the beginning of the block');
    } else {
      // Without indexing (section 6.2.2) or never indexed (6.2.3): nobody decoding for itself needs to tell them apart.
      this.add(this.readLiteral(4));
    }
  }

  private readLiteral(prefixBits: number): HeaderField {
    const index = readInteger(this.cursor, prefixBits);
    const name = index === 0 ? readString(this.cursor) : this.fieldAt(index, 'same-name')[0];
    return [name, readString(this.cursor)];
  }

  /** RFC 7541 section 2.3.3. */
  private fieldAt(index: number, kind: 'same-field' | 'same-name'): HeaderField {
    if (index === 0) throw new HpackError('The index is 0');
    if (index <= STATIC_FIELDS) return staticField(index);
    const position = index - STATIC_FIELDS;
    const field = this.table.at(position);
    if (!field) throw new HpackError('The index is beyond the table');
    this.remember(kind, position, field);
    return field;
  }

  private add(field: HeaderField): void {
    this.listBytes += fieldBytes(field[0], field[1]);
    // What is too large is not kept, but read to its end: later blocks rely on what it does to the table.
    if (this.listBytes <= this.options.maxListBytes) this.fields.push(field);
    else this.fields.length = 0;
  }

  private remember(kind: Step['kind'], position: number, field: HeaderField): void {
    this.steps?.push({ kind, position, field, at: this.stepAt, fieldsBefore: this.fields.length });
  }
}
