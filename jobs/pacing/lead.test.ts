import { expect } from 'chai';
import { createLead } from './lead.js';
import { BUCKET_MS } from './slices.js';

describe('the lead that permits are asked for with', () => {
  const after = (...answersMs: number[]): number => {
    const lead = createLead();
    for (const tookMs of answersMs) lead.heard(tookMs);
    return lead.ms;
  };

  it('is none while answers come before a permit is over', () => {
    expect(after()).to.equal(0);
    expect(after(3, 5, BUCKET_MS, BUCKET_MS)).to.equal(0);
  });

  it('is what answers take beyond that, after two of them', () => {
    expect(after(3, 300, 400)).to.equal(300 - BUCKET_MS);
  });

  it('is none after one answer that took long, and after one that was quick again', () => {
    expect(after(3, 5_000)).to.equal(0);
    expect(after(5_000)).to.equal(0);
    expect(after(300, 400, 3)).to.equal(0);
  });
});
