import { expect } from 'chai';
import { costFigures, measureCosts } from './costs.js';

describe('what work costs', () => {
  it('measures the processes that it is told, and gives what the work gave', async function () {
    if (process.platform !== 'linux') return;
    this.timeout(30_000);
    const { result, costs } = await measureCosts({ own: [process.pid], none: [] }, async () => {
      const before = process.cpuUsage();
      // Until the system, which counts in ticks of 10 ms, must have noticed.
      while (process.cpuUsage(before).user < 100_000);
      return 'done';
    });
    expect(result).to.equal('done');
    expect(costs.own.cpuMs).to.be.at.least(80);
    expect(costs.own.peakMb).to.be.above(20);
    expect(costs.none).to.deep.equal({ cpuMs: 0, peakMb: 0 });
  });

  it('spreads CPU time over what was pushed, and leaves memory as it is', () => {
    const run = (cpuMs: number, count: number) => ({
      costs: { gateway: { cpuMs, peakMb: 200 }, sink: { cpuMs: 10, peakMb: 20 } },
      count,
    });
    expect(costFigures([run(100, 1_000), run(300, 2_000)], 'device', 'idle: ')).to.deep.equal([
      { name: 'idle: CPU of gateway', unit: 'us/device', values: [100, 150] },
      { name: 'idle: CPU of sink', unit: 'us/device', values: [10, 5] },
      { name: 'idle: peak memory of gateway', unit: 'MB', values: [200, 200] },
      { name: 'idle: peak memory of sink', unit: 'MB', values: [20, 20] },
    ]);
  });
});
