import { expect } from 'chai';
import { largestField } from './largest-field.js';
import { messageOf } from './vendor-samples.js';

describe('the largest field', () => {
  it('is the one with most bytes, not most characters', () => {
    const message = messageOf({ title: '信'.repeat(30), body: 'x'.repeat(80) });
    expect(largestField(message)).to.equal('message.title');
  });

  it('may be the data or the overrides', () => {
    const data = { text: 'x'.repeat(100) };
    expect(largestField(messageOf({ data }))).to.equal('message.data');
    expect(largestField(messageOf({ overrides: data }))).to.equal('message.overrides');
  });
});
