import { expect } from 'chai';
import { busiestWindow } from './busiest-window.js';

describe('the busiest window', () => {
  it('is found wherever it begins', () => {
    expect(busiestWindow([0, 500, 900, 950, 1_400, 1_500, 1_899, 3_000], 1_000)).to.equal(5);
  });

  it('has its beginning and not its end', () => {
    expect(busiestWindow([0, 1_000], 1_000)).to.equal(1);
    expect(busiestWindow([0, 999.9], 1_000)).to.equal(2);
  });

  it('does not mind the order, nor that nothing happened', () => {
    expect(busiestWindow([5_000, 0, 4_500], 1_000)).to.equal(2);
    expect(busiestWindow([], 1_000)).to.equal(0);
  });
});
