import { expect } from 'chai';
import { MAX_DEPTH, unfit } from './json-fitness.js';

const nested = (levels: number): unknown =>
  JSON.parse(`${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`);

describe('the fitness of a JSON body', () => {
  it('lets everything pass that a schema can judge', () => {
    const body = { $set: '😀', 'a.b': [null, true, 1, ''], '': { constructor: 'x', NUL: '\0' } };
    expect(unfit(body)).to.equal(undefined);
    expect(unfit('text')).to.equal(undefined);
    expect(unfit(nested(MAX_DEPTH))).to.equal(undefined);
  });

  for (const [what, name] of Object.entries({
    'would change a prototype': '__proto__',
    'the driver takes for its own': '_bsontype',
    'holds a NUL': 'a\0b',
    'is half a character': '\ud800',
  })) {
    it(`refuses a name that ${what}`, () => {
      const body: unknown = JSON.parse(`{"list":[{},{${JSON.stringify(name)}:"x"}]}`);
      expect(unfit(body)).to.deep.equal({
        field: `list[1].${name}`,
        detail: 'Is not a name that can be kept',
      });
    });
  }

  it('refuses a text that is no Unicode, which two different texts would become one of', () => {
    expect(unfit({ audience: { accounts: ['ok', '\udc00'] } })).to.deep.equal({
      field: 'audience.accounts[1]',
      detail: 'Must be Unicode',
    });
  });

  for (const levels of [MAX_DEPTH + 1, 100_000]) {
    it(`refuses ${levels} levels`, () => {
      expect(unfit(nested(levels))?.detail).to.equal('Must not be nested deeper than 64 levels');
    });
  }
});
