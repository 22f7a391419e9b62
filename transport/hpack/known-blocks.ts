/**
 * Header blocks that were decoded before, whole. Servers repeat their replies, and some insert the same fields in the
 * table with each of them. A known block is not a shortcut past the table: the decoder repeats its steps on the table in
 * their order, and leaves it where a step finds another field than before.
 */
import type { HeaderField } from './header-field.js';

/** One thing that a representation asks of the table. */
export interface Step {
  readonly kind: 'same-field' | 'same-name' | 'insert';
  /** For the first two: the position in the dynamic table. */
  readonly position: number;
  readonly field: HeaderField;
  /** Where the representation begins in the block, and how many fields stand before it. */
  readonly at: number;
  readonly fieldsBefore: number;
}

export interface KnownBlock {
  readonly bytes: Uint8Array;
  readonly fields: readonly HeaderField[];
  readonly steps: readonly Step[];
}

const SLOTS = 64;
const LARGEST_BLOCK_BYTES = 1024;

/** One 32-bit word at a time, each mixed in by a multiplication; the constant is that of FNV-1a. */
const hashOf = (block: Uint8Array): number => {
  const { length } = block;
  let hash = length;
  let at = 0;
  for (; at + 4 <= length; at += 4) {
    const word =
      block[at]! | (block[at + 1]! << 8) | (block[at + 2]! << 16) | (block[at + 3]! << 24);
    hash = Math.imul(hash ^ word, 0x01000193);
    hash ^= hash >>> 15;
  }
  for (; at < length; at += 1) hash = Math.imul(hash ^ block[at]!, 0x01000193);
  return hash ^ (hash >>> 15);
};

const isSame = (one: Uint8Array, other: Uint8Array): boolean => {
  if (one.length !== other.length) return false;
  for (let at = 0; at < one.length; at += 1) if (one[at] !== other[at]) return false;
  return true;
};

export class KnownBlocks {
  private readonly blocks = new Array<KnownBlock | undefined>(SLOTS).fill(undefined);
  private readonly missed = new Int32Array(SLOTS);
  /** Whether the block that was asked for last is worth keeping once it is decoded. */
  isWanted = false;
  private slot = 0;

  find(block: Uint8Array): KnownBlock | undefined {
    this.isWanted = false;
    if (block.length > LARGEST_BLOCK_BYTES) return undefined;
    const hash = hashOf(block);
    this.slot = hash & (SLOTS - 1);
    const known = this.blocks[this.slot];
    if (known !== undefined && isSame(known.bytes, block)) return known;
    // Only what comes a second time is kept: blocks with an id of their own would cost a copy each, for nothing.
    this.isWanted = this.missed[this.slot] === hash;
    this.missed[this.slot] = hash;
    return undefined;
  }

  /** Keeps the block that was asked for last. */
  keep(block: Uint8Array, fields: readonly HeaderField[], steps: readonly Step[]): void {
    this.blocks[this.slot] = { bytes: Uint8Array.from(block), fields, steps };
  }

  /** Drops the block that was found last: what it refers to is not what it was. */
  forget(): void {
    this.blocks[this.slot] = undefined;
  }
}
