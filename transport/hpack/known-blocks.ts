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
  readonly bytes: Buffer;
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

/** Four octets at a time: for blocks of this size it beats a call of `Buffer.compare`. */
const isSame = (one: Uint8Array, other: Uint8Array): boolean => {
  const { length } = one;
  if (other.length !== length) return false;
  let at = 0;
  for (; at + 4 <= length; at += 4) {
    const differences =
      (one[at]! ^ other[at]!) |
      (one[at + 1]! ^ other[at + 1]!) |
      (one[at + 2]! ^ other[at + 2]!) |
      (one[at + 3]! ^ other[at + 3]!);
    if (differences !== 0) return false;
  }
  for (; at < length; at += 1) if (one[at] !== other[at]) return false;
  return true;
};

export class KnownBlocks {
  private readonly blocks = new Array<KnownBlock | undefined>(SLOTS).fill(undefined);
  /** The hash of the last block without a place, by slot. */
  private readonly missed = new Int32Array(SLOTS);
  /** The slot of the block that was asked for last, and of the one that was found or kept last. */
  private slot = 0;
  private latest = 0;
  /** Whether the block that was asked for last is worth keeping once it is decoded. */
  isWanted = false;

  find(block: Buffer): KnownBlock | undefined {
    this.isWanted = false;
    // Replies come in runs: most often it is the one before, and needs no hash.
    const latest = this.blocks[this.latest];
    if (latest !== undefined && isSame(latest.bytes, block)) return latest;
    if (block.length > LARGEST_BLOCK_BYTES) return undefined;
    const hash = hashOf(block);
    this.slot = hash & (SLOTS - 1);
    const known = this.blocks[this.slot];
    if (known !== undefined && isSame(known.bytes, block)) {
      this.latest = this.slot;
      return known;
    }
    // Only what comes a second time is kept: blocks with an id of their own would cost a copy each, for nothing.
    this.isWanted = this.missed[this.slot] === hash;
    this.missed[this.slot] = hash;
    return undefined;
  }

  /** Keeps the block that was asked for last. */
  keep(block: Buffer, fields: readonly HeaderField[], steps: readonly Step[]): void {
    const bytes = Buffer.allocUnsafeSlow(block.length);
    block.copy(bytes);
    this.blocks[this.slot] = { bytes, fields, steps };
    this.latest = this.slot;
  }

  /** Drops the block that was found last: what it refers to is not what it was. */
  forget(): void {
    this.blocks[this.latest] = undefined;
  }
}
