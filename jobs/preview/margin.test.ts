import { expect } from 'chai';
import fc from 'fast-check';
import { marginOf } from './margin.js';

describe('the margin of an estimate', () => {
  it('is that of polls: 10,000 of very many are right within a hundredth', () => {
    expect(marginOf(10_000, 1_000_000) / 1_000_000).to.be.closeTo(0.00975, 0.0001);
  });

  it('is nothing once everybody was looked at', () => {
    expect(marginOf(500, 500)).to.equal(0);
  });

  it('is all of them while nobody was', () => {
    expect(marginOf(0, 500)).to.equal(500);
  });

  it('never grows with those who are looked at', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9_999 }), (sampled) => {
        expect(marginOf(sampled + 1, 10_000)).to.be.at.most(marginOf(sampled, 10_000));
      }),
    );
  });
});
