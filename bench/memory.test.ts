import { expect } from 'chai';
import { memoryFigures, sizesOf } from './memory.js';

const task = (count: number, totalMs: number, peakMb: number) => {
  const cost = { cpuMs: count / 100, peakMb };
  return {
    task: {} as never,
    planMs: 1,
    count,
    totalMs,
    costs: { gateway: cost, mongod: cost, sink: cost },
  };
};

describe('the figures of the part memory', () => {
  it('compares a million with 100,000 in time, and with 200,000 in memory', () => {
    const sizes = sizesOf(1_000_000);
    expect(sizes).to.deep.equal({ few: 100_000, more: 200_000, all: 1_000_000 });
    const run = {
      few: task(100_000, 4_000, 240),
      more: task(200_000, 8_000, 250),
      all: task(1_000_000, 42_000, 280),
    };
    const [time, growth, ...others] = memoryFigures([run], sizes);
    expect(time).to.deep.equal({
      name: 'time of 1,000,000 devices against 100,000 devices',
      unit: 'times',
      values: [10.5],
      mark: 'at most 11',
    });
    expect(growth).to.include({ unit: 'MB', mark: 'at most 64' });
    expect(growth?.values).to.deep.equal([30]);
    const rate = others.find(({ name }) => name === '200,000 devices: end to end');
    expect(rate?.values).to.deep.equal([25_000]);
  });

  it('keeps the proportions when there are fewer', () => {
    expect(sizesOf(20_000)).to.deep.equal({ few: 2_000, more: 4_000, all: 20_000 });
  });
});
