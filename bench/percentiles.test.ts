import { expect } from 'chai';
import { percentileFigures } from './percentiles.js';

describe('the figures of latencies', () => {
  it('gives the percentiles of each run, not of all together', () => {
    const hundred = Array.from({ length: 100 }, (_, index) => index + 1);
    const slow = hundred.map((ms) => ms * 10);
    expect(percentileFigures('POST to vendor', [hundred, slow])).to.deep.equal([
      { name: 'POST to vendor, p50', unit: 'ms', values: [50, 500] },
      { name: 'POST to vendor, p95', unit: 'ms', values: [95, 950] },
      { name: 'POST to vendor, p99', unit: 'ms', values: [99, 990] },
      { name: 'POST to vendor, most', unit: 'ms', values: [100, 1_000] },
    ]);
  });
});
