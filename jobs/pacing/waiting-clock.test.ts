import { expect } from 'chai';
import { createWaitingClock } from './waiting-clock.js';

describe('a waiting clock', () => {
  it('runs while somebody waits, and stands still while nobody does', () => {
    let nowMs = 5_000;
    const clock = createWaitingClock(() => nowMs);
    const after = (ms: number): number => {
      nowMs += ms;
      return clock.ms;
    };
    expect(after(100)).to.equal(0);
    clock.isWaiting(true);
    expect(after(30)).to.equal(30);
    clock.isWaiting(true);
    expect(after(20)).to.equal(50);
    clock.isWaiting(false);
    expect(after(1_000)).to.equal(50);
    clock.isWaiting(false);
    clock.isWaiting(true);
    expect(after(1)).to.equal(51);
  });
});
