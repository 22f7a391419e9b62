import { expect } from 'chai';
import fc from 'fast-check';
import { retryInMs, SCHEDULE_MS, WAITS_MS } from './retry.js';

const schedule = fc.constantFrom<readonly number[]>(SCHEDULE_MS, WAITS_MS);
const count = fc.integer({ min: 1, max: 1_000 });
/** A vendor's header may be worked out to parts of a millisecond. */
const floorMs = fc.double({ min: 0, max: 86_400_000, noNaN: true });
const random = fc.double({ min: 0, max: 1, noNaN: true });

describe('retryInMs', () => {
  it('follows the schedule when the vendor asks for nothing', () => {
    const planned = SCHEDULE_MS.map((_interval, index) => retryInMs(SCHEDULE_MS, index + 1, 0, 0));
    expect(planned).to.deep.equal([...SCHEDULE_MS]);
  });

  it('repeats the last interval for ever', () => {
    for (const intervals of [SCHEDULE_MS, WAITS_MS]) {
      const last = intervals.at(-1);
      expect(retryInMs(intervals, intervals.length, 0, 0)).to.equal(last);
      expect(retryInMs(intervals, intervals.length + 1, 0, 0)).to.equal(last);
      expect(retryInMs(intervals, 10_000, 0, 0)).to.equal(last);
    }
  });

  it('is never earlier than the vendor asks for, nor than planned', () => {
    fc.assert(
      fc.property(schedule, count, floorMs, random, (intervals, nth, floor, chance) => {
        const delayMs = retryInMs(intervals, nth, floor, chance);
        expect(delayMs).to.be.at.least(floor);
        expect(delayMs).to.be.at.least(intervals[Math.min(nth, intervals.length) - 1] ?? NaN);
      }),
    );
  });

  it('only adds with its jitter, and no more than a fifth', () => {
    fc.assert(
      fc.property(schedule, count, floorMs, random, (intervals, nth, floor, chance) => {
        const plain = retryInMs(intervals, nth, floor, 0);
        const jittered = retryInMs(intervals, nth, floor, chance);
        expect(jittered).to.be.at.least(plain);
        expect(jittered).to.be.at.most(plain * 1.2 + 1);
      }),
    );
    expect(retryInMs(SCHEDULE_MS, 1, 0, 1)).to.equal(1_200);
  });

  it('never comes sooner for a later attempt', () => {
    for (const intervals of [SCHEDULE_MS, WAITS_MS]) {
      const sorted = [...intervals].sort((left, right) => left - right);
      expect([...intervals]).to.deep.equal(sorted);
    }
  });
});
