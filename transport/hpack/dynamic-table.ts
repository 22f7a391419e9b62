/** The dynamic table (RFC 7541 sections 2.3.2 and 4): first in, first out, in a ring. */
import { fieldBytes, type HeaderField } from './header-field.js';

/** SETTINGS_HEADER_TABLE_SIZE until somebody says otherwise (RFC 9113 section 6.5.2). */
export const DEFAULT_TABLE_BYTES = 4096;

const LEAST_FIELD_BYTES = fieldBytes('', '');

/** The smallest power of two that holds as many fields as can be in a table of this size. */
const slotsFor = (bytes: number): number =>
  2 ** Math.ceil(Math.log2(Math.max(1, bytes / LEAST_FIELD_BYTES)));

export class DynamicTable {
  private readonly slots: (HeaderField | undefined)[];
  private readonly mask: number;
  /** Where the newest field is. */
  private newest = 0;
  private fields = 0;
  private used = 0;
  private changes = 0;

  /** `limitBytes` is the most that `resize` will ever be called with. */
  constructor(
    limitBytes: number,
    private most = limitBytes,
  ) {
    const slots = slotsFor(limitBytes);
    this.slots = new Array<HeaderField | undefined>(slots).fill(undefined);
    this.mask = slots - 1;
  }

  get length(): number {
    return this.fields;
  }

  get bytes(): number {
    return this.used;
  }

  get mostBytes(): number {
    return this.most;
  }

  /** Differs whenever an index may have got another meaning, or a field another chance of a place. */
  get revision(): number {
    return this.changes;
  }

  /** The field at a position of 1, the newest, to `length`; undefined beyond it. */
  at(position: number): HeaderField | undefined {
    return position > 0 && position <= this.fields
      ? this.slots[(this.newest - position + 1) & this.mask]
      : undefined;
  }

  /** RFC 7541 section 4.4: a field that is larger than the table empties it, which is no error. */
  insert(field: HeaderField): void {
    const bytes = fieldBytes(field[0], field[1]);
    this.changes += 1;
    this.shrinkTo(this.most - bytes);
    if (bytes > this.most) return;
    this.newest = (this.newest + 1) & this.mask;
    this.slots[this.newest] = field;
    this.fields += 1;
    this.used += bytes;
  }

  /** RFC 7541 section 4.3. */
  resize(mostBytes: number): void {
    this.most = mostBytes;
    this.changes += 1;
    this.shrinkTo(mostBytes);
  }

  private shrinkTo(bytes: number): void {
    while (this.used > bytes && this.fields > 0) {
      const oldest = (this.newest - this.fields + 1) & this.mask;
      const [name, value] = this.slots[oldest]!;
      this.used -= fieldBytes(name, value);
      this.slots[oldest] = undefined;
      this.fields -= 1;
    }
  }

  /** The newest position of this name with this value, or 0. A table of 4096 bytes is small enough to look through. */
  find(name: string, value: string): number {
    for (let position = 1; position <= this.fields; position += 1) {
      const field = this.slots[(this.newest - position + 1) & this.mask]!;
      if (field[0] === name && field[1] === value) return position;
    }
    return 0;
  }

  /** The newest position of this name, or 0. */
  findName(name: string): number {
    for (let position = 1; position <= this.fields; position += 1) {
      if (this.slots[(this.newest - position + 1) & this.mask]![0] === name) return position;
    }
    return 0;
  }
}
