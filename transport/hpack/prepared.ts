/** Fields that many blocks have in common, with the bytes they came to as long as those hold. */
import type { DynamicTable } from './dynamic-table.js';
import { type EncodableField, roomFor } from './literals.js';

/** Below this, a loop is faster than a call of `set`. */
const SHORT_BYTES = 48;

export class Prepared {
  /** What a writer must have room for. */
  readonly mostBytes: number;
  private bytes = new Uint8Array(0);
  private table: DynamicTable | undefined;
  private revision = 0;

  constructor(readonly fields: readonly EncodableField[]) {
    this.mostBytes = roomFor(fields);
  }

  /** Whether the bytes mean the same fields to this table as it is now. */
  holdsFor(table: DynamicTable): boolean {
    return this.revision === table.revision && this.table === table;
  }

  keep(bytes: Uint8Array, table: DynamicTable): void {
    this.bytes = Uint8Array.from(bytes);
    this.table = table;
    this.revision = table.revision;
  }

  copy(target: Uint8Array, at: number): number {
    const { bytes } = this;
    const { length } = bytes;
    if (length > SHORT_BYTES) target.set(bytes, at);
    else for (let index = 0; index < length; index += 1) target[at + index] = bytes[index]!;
    return at + length;
  }
}
