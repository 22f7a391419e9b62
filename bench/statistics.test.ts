import { expect } from 'chai';
import { median, percentile, rounded, summary } from './statistics.js';

const oneTo = (count: number): number[] =>
  Array.from({ length: count }, (_, index) => count - index);

describe('statistics', () => {
  it('takes the middle, or the mean of the two in the middle', () => {
    expect(median([9, 1, 5])).to.equal(5);
    expect(median([10, 9, 1, 2])).to.equal(5.5);
    expect(median([7])).to.equal(7);
  });

  it('sorts numbers as numbers and leaves the list as it was', () => {
    const values = [100, 9, 20];
    expect(summary(values)).to.deep.equal({ median: 20, least: 9, most: 100 });
    expect(values).to.deep.equal([100, 9, 20]);
  });

  it('answers with a percentile that was really measured', () => {
    expect(percentile(oneTo(100), 0.5)).to.equal(50);
    expect(percentile(oneTo(100), 0.99)).to.equal(99);
    expect(percentile(oneTo(1_000), 0.99)).to.equal(990);
    expect(percentile([3, 1], 0.99)).to.equal(3);
    expect(percentile(oneTo(5), 1)).to.equal(5);
    expect(percentile(oneTo(5), 0)).to.equal(1);
  });

  it('refuses an empty list instead of inventing a figure', () => {
    for (const of of [median, summary, (none: number[]) => percentile(none, 0.5)]) {
      expect(() => of([])).to.throw('Nothing was measured');
    }
  });

  it('keeps three digits, and all of a large number before the point', () => {
    expect(rounded(0.123_456)).to.equal(0.123);
    expect(rounded(12.345)).to.equal(12.3);
    expect(rounded(5_432.1)).to.equal(5_432);
    expect(rounded(-0.012_34)).to.equal(-0.0123);
    expect(rounded(0)).to.equal(0);
  });
});
