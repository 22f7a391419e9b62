import { expect } from 'chai';
import fc from 'fast-check';
import { illegalTokens } from './illegal-tokens.js';

describe('the tokens that Huawei calls illegal', () => {
  it('are read with their reasons, without the blanks that keys were seen with', () => {
    const msg = JSON.stringify({
      illegalTokens: { ' token Format Error': ['a', ' b '], noRight: ['c'] },
      success: 1,
      failure: 3,
    });
    expect([...illegalTokens(msg)!]).to.deep.equal([
      ['a', 'tokenFormatError'],
      ['b', 'tokenFormatError'],
      ['c', 'noRight'],
    ]);
  });

  it('are unknown when the text is plain, and whatever the text is', () => {
    expect(illegalTokens('All the tokens are invalid')).to.be.undefined;
    fc.assert(
      fc.property(fc.oneof(fc.anything(), fc.json()), (msg) => {
        const reasons = illegalTokens(msg);
        expect(reasons === undefined || reasons instanceof Map).to.be.true;
      }),
    );
  });
});
