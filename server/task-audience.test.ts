import { expect } from 'chai';
import joi from 'joi';
import type { Vendor } from '../adapters/adapter.js';
import { pagerVendor } from '../test/support/pager.js';
import { taskAudience } from './task-audience.js';

const shouting: Vendor = {
  ...pagerVendor,
  token: joi
    .string()
    .lowercase()
    .pattern(/^pager-\w+$/i),
};
const vendors = new Map([['pager', shouting]]);

describe('the audience of a task', () => {
  it('has each token once, in whichever form it was given', () => {
    const tokens = [
      'pager-1',
      { token: 'pager-1' },
      { token: 'pager-1', vendor: 'pager' },
      'pager-2',
    ];
    expect(taskAudience({ tokens }, vendors)).to.deep.equal({
      tokens: [{ token: 'pager-1' }, { token: 'pager-1', vendor: 'pager' }, { token: 'pager-2' }],
    });
  });

  it('has tokens as their vendor writes them, so that an erased one stays erased', () => {
    const tokens = [
      { token: 'PAGER-A', vendor: 'pager' },
      { token: 'pager-a', vendor: 'pager' },
    ];
    expect(taskAudience({ tokens }, vendors)).to.deep.equal({
      tokens: [{ token: 'pager-a', vendor: 'pager' }],
    });
  });

  it('leaves a token alone that its vendor does not take', () => {
    const tokens = [{ token: 'not one', vendor: 'pager' }];
    expect(taskAudience({ tokens }, vendors)).to.deep.equal({ tokens });
  });

  it('keeps the first mention of an account, with its data', () => {
    const accounts = [
      { account: 'a', data: { n: '1' } },
      'a',
      { account: 'a', data: { n: '2' } },
      'b',
    ];
    expect(taskAudience({ accounts }, vendors)).to.deep.equal({
      accounts: [{ account: 'a', data: { n: '1' } }, { account: 'b' }],
    });
  });

  it('has each device once', () => {
    expect(taskAudience({ devices: ['x', 'y', 'x'] }, vendors)).to.deep.equal({
      devices: ['x', 'y'],
    });
  });

  it('passes on tags and everybody', () => {
    expect(taskAudience({ tags: 'vip' }, vendors)).to.deep.equal({ tags: 'vip' });
    expect(taskAudience({ all: true }, vendors)).to.deep.equal({ all: true });
  });
});
