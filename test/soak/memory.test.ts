import { expect } from 'chai';
import { type Sample, slopeOf, slopeOfAll } from './memory.js';

const MINUTE_MS = 60_000;
/** A sample every ten seconds. */
const growing = (minutes: number, mbPerMinute: number, fromMb = 100): Sample[] =>
  Array.from({ length: minutes * 6 + 1 }, (_, index) => ({
    atMs: index * 10_000,
    mb: fromMb + (index / 6) * mbPerMinute,
  }));

describe('the slope of memory', () => {
  it('is that of the line through the samples, in MB an hour', () => {
    expect(slopeOf(growing(5, 2))).to.be.closeTo(120, 1e-6);
    expect(slopeOf(growing(5, 0))).to.be.closeTo(0, 1e-6);
  });

  it('leaves out the first minute, in which caches fill', () => {
    const leap = growing(10, 0).map(({ atMs, mb }) => ({
      atMs,
      mb: atMs < MINUTE_MS ? mb / 2 : mb,
    }));
    expect(slopeOfAll([leap])?.mbPerHour).to.be.closeTo(0, 1e-6);
  });

  it('weighs processes by how long they lived', () => {
    const slope = slopeOfAll([growing(4, 1), growing(7, 0, 200)]);
    expect(slope?.mbPerHour).to.be.closeTo(20, 1e-6);
    expect(slope?.minutes).to.equal(9);
    expect(slope?.mostMb).to.equal(200);
  });

  it('is not told of processes that lived too short, nor of one instant', () => {
    expect(slopeOfAll([growing(2, 5)])).to.equal(undefined);
    expect(slopeOf([{ atMs: 1, mb: 1 }])).to.equal(undefined);
  });
});
