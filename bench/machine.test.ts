import { expect } from 'chai';
import { parseTicks, stolenPercent } from './machine.js';

describe('what disturbed a measurement', () => {
  it('is the time that a hypervisor took, as a share of all time, guests counted once', () => {
    const before = parseTicks('cpu  100 0 50 800 0 0 0 50 30 0\ncpu0 1 2 3 4 5 6 7 8 9 10\n');
    expect(before).to.deep.equal({ all: 1_000, stolen: 50 });
    const after = parseTicks('cpu  180 0 60 890 0 0 0 70 60 0\n');
    expect(stolenPercent(before, after)).to.equal(10);
  });

  it('is nothing when no time has passed', () => {
    expect(stolenPercent({ all: 5, stolen: 1 }, { all: 5, stolen: 1 })).to.equal(0);
  });
});
