import { expect } from 'chai';
import fc from 'fast-check';
import { DynamicTable } from './dynamic-table.js';
import type { HeaderField } from './header-field.js';

const LIMIT_BYTES = 256;

const contents = (table: DynamicTable): (HeaderField | undefined)[] =>
  Array.from({ length: table.length }, (_, index) => table.at(index + 1));

/** A table as the RFC tells it, newest field first, with no thought of speed. */
class PlainTable {
  fields: HeaderField[] = [];
  most = LIMIT_BYTES;

  get bytes(): number {
    return this.fields.reduce((sum, [name, value]) => sum + name.length + value.length + 32, 0);
  }

  insert(field: HeaderField): void {
    this.fields.unshift(field);
    this.evict();
  }

  resize(bytes: number): void {
    this.most = bytes;
    this.evict();
  }

  private evict(): void {
    while (this.bytes > this.most) this.fields.pop();
  }
}

describe('the dynamic table (RFC 7541 section 4)', () => {
  it('has the newest field at its first position and nothing beyond its last', () => {
    const table = new DynamicTable(LIMIT_BYTES);
    table.insert(['first', '1']);
    table.insert(['second', '2']);
    expect(contents(table)).to.deep.equal([
      ['second', '2'],
      ['first', '1'],
    ]);
    expect(table.at(0)).to.equal(undefined);
    expect(table.at(3)).to.equal(undefined);
  });

  it('keeps a field that fills it to the last byte, and evicts at one byte more', () => {
    const table = new DynamicTable(100);
    table.insert(['a', 'x'.repeat(17)]);
    table.insert(['b', 'x'.repeat(17)]);
    expect(table.bytes).to.equal(100);
    expect(table.length).to.equal(2);
    table.insert(['c', '']);
    expect(contents(table)).to.deep.equal([
      ['c', ''],
      ['b', 'x'.repeat(17)],
    ]);
  });

  it('is emptied by a field that is larger than it (section 4.4)', () => {
    const table = new DynamicTable(100);
    table.insert(['a', '']);
    table.insert(['b', 'x'.repeat(68)]);
    expect([table.length, table.bytes]).to.deep.equal([0, 0]);
    table.insert(['c', 'x'.repeat(67)]);
    expect([table.length, table.bytes]).to.deep.equal([1, 100]);
  });

  it('can have a size of nothing', () => {
    const table = new DynamicTable(0);
    table.insert(['', '']);
    expect(table.length).to.equal(0);
  });

  it('finds the newest field of a name, and of a name with a value', () => {
    const table = new DynamicTable(LIMIT_BYTES);
    for (const value of ['1', '2', '1', '3']) table.insert(['a', value]);
    expect(table.find('a', '1')).to.equal(2);
    expect(table.find('a', '2')).to.equal(3);
    expect(table.find('a', '4')).to.equal(0);
    expect(table.findName('a')).to.equal(1);
    expect(table.findName('b')).to.equal(0);
  });

  it('holds what a plain list would hold, whatever is inserted and however it is resized', () => {
    const text = fc.string({ maxLength: 80, unit: 'grapheme-ascii' });
    const insertion = fc.tuple(fc.string({ maxLength: 5 }), text);
    const change = fc.oneof(
      { weight: 9, arbitrary: insertion },
      { weight: 1, arbitrary: fc.nat(LIMIT_BYTES) },
    );
    fc.assert(
      fc.property(fc.array(change, { maxLength: 100, size: 'max' }), (changes) => {
        const table = new DynamicTable(LIMIT_BYTES);
        const plain = new PlainTable();
        for (const one of changes) {
          const { revision } = table;
          if (typeof one === 'number') {
            table.resize(one);
            plain.resize(one);
          } else {
            table.insert(one);
            plain.insert(one);
          }
          expect(contents(table)).to.deep.equal(plain.fields);
          expect(table.bytes).to.equal(plain.bytes);
          expect(table.revision).not.to.equal(revision);
        }
      }),
    );
  });
});
