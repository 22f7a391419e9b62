import { expect } from 'chai';
import { createThroughput } from './throughput.js';

describe('throughput', () => {
  it('is unknown before anything went through, and after a long silence', () => {
    const throughput = createThroughput();
    expect(throughput.perSecond(0)).to.equal(undefined);
    throughput.add(0, 10);
    expect(throughput.perSecond(20_000)).to.equal(undefined);
  });

  it('is right from the first second on', () => {
    const throughput = createThroughput();
    for (let ms = 0; ms < 5_000; ms += 10) {
      throughput.add(ms, 8);
      if (ms >= 200) expect(throughput.perSecond(ms), `${ms}`).to.be.closeTo(800, 60);
    }
  });

  it('follows a change within a few seconds', () => {
    const throughput = createThroughput();
    for (let ms = 0; ms < 3_000; ms += 10) throughput.add(ms, 10);
    for (let ms = 3_000; ms < 6_000; ms += 10) throughput.add(ms, 1);
    expect(throughput.perSecond(6_000)).to.be.closeTo(100, 60);
  });
});
