import { expect } from 'chai';
import { loadVendors } from '../adapters/index.js';
import { PLATFORMS } from '../models/expression/facts.js';
import { usualPlatform } from './vendor-token.js';

describe('The usual platform', () => {
  it('is one that audiences know, of every vendor that names one', async () => {
    const vendors = await loadVendors();
    const named = [...vendors.keys()].flatMap(
      (vendor) => usualPlatform(vendors, vendor).usualPlatform ?? [],
    );
    expect(named).to.include.members(['ios', 'android', 'harmonyos']);
    expect(PLATFORMS).to.include.members(named);
  });

  it('is not made up for a vendor that says nothing of it', async () => {
    expect(usualPlatform(await loadVendors(), 'sandbox')).to.deep.equal({});
    expect(usualPlatform(new Map(), 'pager')).to.deep.equal({});
  });
});
