/** Fields that many blocks have in common, with the bytes they came to as long as those hold. */
import { type EncodableField, mostFieldBytes } from './literals.js';

/** Below this, a loop is faster than a call of `set`. */
const SHORT_BYTES = 48;

export class Prepared {
  /** What a writer must have room for. */
  readonly mostBytes: number;
  private bytes = new Uint8Array(0);
  private revision = -1;

  constructor(readonly fields: readonly EncodableField[]) {
    let most = 0;
    for (const field of fields) most += mostFieldBytes(field);
    this.mostBytes = most;
  }

  /** Whether the bytes hold for a table of this revision. */
  isFor(revision: number): boolean {
    return this.revision === revision;
  }

  keep(bytes: Uint8Array, revision: number): void {
    this.bytes = Uint8Array.from(bytes);
    this.revision = revision;
  }

  copy(target: Uint8Array, at: number): number {
    const { bytes } = this;
    const { length } = bytes;
    if (length > SHORT_BYTES) target.set(bytes, at);
    else for (let index = 0; index < length; index += 1) target[at + index] = bytes[index]!;
    return at + length;
  }
}
