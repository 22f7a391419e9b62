import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { MAX_SEGMENTS } from '../segment.js';
import { EXPANDED_LIMITS, EXPRESSION_LIMITS } from './expression.js';
import { FACT_NAMES, factOf, PLATFORMS } from './facts.js';
import { EXPANDED_LENGTH, MAX_NESTING } from './segments.js';

const DOCUMENT = readFileSync(new URL('../../docs/audiences.md', import.meta.url), 'utf8');

describe('docs/audiences.md', () => {
  const rows = DOCUMENT.split('\n').filter((line) => line.startsWith('| `'));
  const cellsOf = (row: string) =>
    row.split('|').map((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, code]) => code));

  it('lists every fact with the operators that it is compared with', () => {
    const listed = rows.flatMap((row) => {
      const [, names = [], operators = []] = cellsOf(row);
      return names.map((name) => [name, [...operators].sort()] as const);
    });
    const known = FACT_NAMES.map((name) => {
      const fact = factOf(name === 'attr.<name>' ? 'attr.level' : name);
      return [name, [...(fact?.operators ?? [])].sort()] as const;
    });
    expect(listed).to.have.deep.members(known);
  });

  it('lists every platform, and the limits', () => {
    const [row = ''] = rows.filter((line) => line.startsWith('| `platform`'));
    expect(cellsOf(row)[3]).to.deep.equal([...PLATFORMS]);
    const { length, depth, terms } = EXPRESSION_LIMITS;
    expect(DOCUMENT).to.include(
      `At most ${length.toLocaleString('en')} characters, ${depth} levels`,
    );
    expect(DOCUMENT).to.include(`${terms} tags and values`);
    expect(DOCUMENT).to.include(`use each other up to ${MAX_NESTING} deep`);
    expect(DOCUMENT).to.include(
      `${EXPANDED_LENGTH.toLocaleString('en')} characters and ${EXPANDED_LIMITS.terms} tags and values, and ${EXPANDED_LIMITS.depth} levels`,
    );
    expect(DOCUMENT).to.include(`An app has at most ${MAX_SEGMENTS}`);
  });
});
