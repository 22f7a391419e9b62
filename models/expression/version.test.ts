import { expect } from 'chai';
import fc from 'fast-check';
import { versionKey } from './version.js';

describe('The key of a version', () => {
  const ASCENDING = [
    '0.9',
    '1.0.0-alpha',
    '1.0.0-alpha.1',
    '1.0.0-alpha.beta',
    '1.0.0-beta',
    '1.0.0-beta.2',
    '1.0.0-beta.11',
    '1.0.0-rc.1',
    '1.0.0',
    '1.0.1',
    '3.2.0',
    '3.10.0',
    '3.10.0.1',
    '10',
    '2026.11',
    '20261122',
  ];

  it('sorts as versions do, also where texts would not', () => {
    const keys = ASCENDING.map((version) => versionKey(version));
    expect([...keys].sort()).to.deep.equal(keys);
    expect(new Set(keys).size).to.equal(keys.length);
  });

  it('is the same for other spellings of a version', () => {
    for (const [one, other] of [
      ['3.2', '3.2.0'],
      ['3', '3.0.0.0'],
      ['v3.2', '3.2'],
      ['03.02', '3.2'],
      ['3.2.0+41', '3.2.0'],
      ['3.2.0 (41)', '3.2'],
      ['5.0.1(SP2)', '5.0.1'],
      ['3.0-beta+1', '3-beta'],
    ] as const) {
      expect(versionKey(one), one).to.be.a('string').and.equal(versionKey(other));
    }
    expect(versionKey('10')).not.to.equal(versionKey('1'));
    expect(versionKey('0')).to.equal(versionKey('0.0'));
  });

  it('does not exist for what is no version', () => {
    for (const text of ['', 'latest', '3.', '.3', '3..2', '3.x', '-1', '3.2-', '1 2', '3.2\n']) {
      expect(versionKey(text), text).to.equal(undefined);
    }
  });

  it('sorts any two as their numbers do, however long they are', () => {
    const numbers = fc.array(fc.bigInt({ min: 0n, max: 10n ** 30n }), {
      minLength: 1,
      maxLength: 5,
    });
    const compared = (left: readonly bigint[], right: readonly bigint[]): number => {
      for (let at = 0; at < Math.max(left.length, right.length); at += 1) {
        const [one = 0n, other = 0n] = [left[at], right[at]];
        if (one !== other) return one < other ? -1 : 1;
      }
      return 0;
    };
    fc.assert(
      fc.property(numbers, numbers, (left, right) => {
        const [one, other] = [left, right].map((parts) => versionKey(parts.join('.')) ?? '');
        expect(one! < other! ? -1 : Number(one! > other!)).to.equal(compared(left, right));
      }),
    );
  });
});
