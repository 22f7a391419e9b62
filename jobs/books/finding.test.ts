import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { FINDING_KINDS, some } from './finding.js';

describe('findings', () => {
  it('are all explained in docs/books.md, and no others', () => {
    const text = readFileSync(join(import.meta.dirname, '../../docs/books.md'), 'utf8');
    const firstCells = text.split('\n').flatMap((line) => /^\| (`.*?) \|/.exec(line)?.[1] ?? []);
    const explained = firstCells.flatMap((cell) => [...cell.matchAll(/`([\w-]+)`/g)]);
    expect(explained.map(([, kind]) => kind).sort()).to.deep.equal(
      Object.keys(FINDING_KINDS).sort(),
    );
  });

  it('speak of one and of many', () => {
    expect(some(1, 'batch', 'batches')).to.equal('1 batch');
    expect(some(0, 'row')).to.equal('0 rows');
    expect(some(1_234, 'row')).to.equal('1,234 rows');
  });
});
