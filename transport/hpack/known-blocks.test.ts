/** The decoder, with its memory of blocks, beside one that has none. */
import { expect } from 'chai';
import fc from 'fast-check';
import { HpackDecoder } from './decoder.js';
import type { HeaderField } from './header-field.js';
import { writeInteger } from './integers.js';
import { STATIC_FIELDS, staticField } from './static-table.js';

type Representation =
  | { readonly kind: 'resize'; readonly bytes: number }
  | { readonly kind: 'indexed'; readonly index: number }
  | {
      readonly kind: 'insert' | 'without';
      /** 0: the name is a literal. */
      readonly index: number;
      readonly name: string;
      readonly value: string;
    };

const HEADS = {
  resize: { pattern: 0x20, prefixBits: 5 },
  indexed: { pattern: 0x80, prefixBits: 7 },
  insert: { pattern: 0x40, prefixBits: 6 },
  without: { pattern: 0x00, prefixBits: 4 },
};

const stringBytes = (text: string): Buffer =>
  Buffer.from(`${String.fromCharCode(text.length)}${text}`);

const bytesOf = (one: Representation): Buffer => {
  const head = Buffer.alloc(6);
  const number = one.kind === 'resize' ? one.bytes : one.index;
  const parts: Buffer[] = [head.subarray(0, writeInteger(head, 0, HEADS[one.kind], number))];
  if ('value' in one) {
    if (one.index === 0) parts.push(stringBytes(one.name));
    parts.push(stringBytes(one.value));
  }
  return Buffer.concat(parts);
};

/** What the RFC tells, step by step and with no thought of speed. */
class PlainDecoder {
  private table: HeaderField[] = [];
  private most = 4096;

  decode(block: readonly Representation[]): HeaderField[] {
    return block.flatMap((one) => {
      if (one.kind === 'resize') {
        this.most = one.bytes;
        this.evict();
        return [];
      }
      if (one.kind === 'indexed') return [this.at(one.index)];
      const field: HeaderField = [one.index === 0 ? one.name : this.at(one.index)[0], one.value];
      if (one.kind === 'insert') {
        this.table.unshift(field);
        this.evict();
      }
      return [field];
    });
  }

  private at(index: number): HeaderField {
    if (index <= STATIC_FIELDS) return staticField(index);
    const found = this.table[index - STATIC_FIELDS - 1];
    if (!found) throw new Error('The index is beyond the table');
    return found;
  }

  private evict(): void {
    const bytes = (): number =>
      this.table.reduce((sum, [name, value]) => sum + name.length + value.length + 32, 0);
    while (bytes() > this.most) this.table.pop();
  }
}

const index = fc.oneof(fc.integer({ min: 62, max: 65 }), fc.constantFrom(1, 8, 61));
const literal = fc.record({
  kind: fc.constantFrom('insert' as const, 'without' as const),
  index: fc.oneof(fc.constant(0), index),
  name: fc.constantFrom('a', 'b'),
  value: fc.constantFrom('1', '2', '3'.repeat(20)),
});
const indexed = fc.record({ kind: fc.constant('indexed' as const), index });
/** For none, two, three, four small fields. */
const resize = fc.record({
  kind: fc.constant('resize' as const),
  bytes: fc.constantFrom(0, 70, 105, 140),
});
const block: fc.Arbitrary<readonly Representation[]> = fc.oneof(
  { weight: 8, arbitrary: fc.array(fc.oneof(literal, indexed), { minLength: 1, maxLength: 5 }) },
  { weight: 1, arbitrary: fc.tuple(resize) },
);
/** Few blocks, many times. */
const connection = fc
  .array(block, { minLength: 1, maxLength: 6 })
  .chain((blocks) =>
    fc.array(fc.constantFrom(...blocks), { minLength: 1, maxLength: 60, size: 'max' }),
  );

const outcomeOf = (decode: () => readonly HeaderField[]): unknown => {
  try {
    return decode();
  } catch (error) {
    return (error as Error).message;
  }
};

describe('the memory of blocks', () => {
  it('makes no difference, however blocks repeat', () => {
    fc.assert(
      fc.property(connection, (blocks) => {
        const decoder = new HpackDecoder({ maxTableBytes: 4096, maxListBytes: 65_536 });
        const plain = new PlainDecoder();
        // An error ends a connection; here both go on from where they were, which must be the same.
        for (const one of blocks) {
          const wanted = outcomeOf(() => plain.decode(one));
          const found = outcomeOf(() => decoder.decode(Buffer.concat(one.map(bytesOf))));
          expect(found).to.deep.equal(wanted);
        }
      }),
      { numRuns: 300 },
    );
  });
});
