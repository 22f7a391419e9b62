import { expect } from 'chai';
import joi from 'joi';
import { check, jsonPath } from './validation.js';

describe('validation', () => {
  it('names a field by its path in the JSON', () => {
    expect(jsonPath(['audience', 'tokens', 3, 'vendor'])).to.equal('audience.tokens[3].vendor');
    expect(jsonPath([])).to.equal('');
  });

  it('says what is allowed as a sentence that does not repeat the field', () => {
    const schema = joi.object({ lane: joi.string().valid('default', 'campaign') });
    expect(check(schema, { lane: 'fast' }).errors).to.deep.equal([
      { field: 'lane', detail: 'Must be one of [default, campaign]' },
    ]);
  });

  it('refuses unknown fields at every depth', () => {
    const schema = joi.object({ message: joi.object({ title: joi.string() }) });
    expect(check(schema, { message: { titel: 'x' }, extra: 1 }).errors).to.deep.equal([
      { field: 'message.titel', detail: 'Is not a field that is known here' },
      { field: 'extra', detail: 'Is not a field that is known here' },
    ]);
  });

  it('never repeats a value, which may be a token', () => {
    const secret = 'a-very-secret-token';
    const schema = joi.object({
      pattern: joi.string().pattern(/^\d+$/),
      named: joi.string().pattern(/^\d+$/, 'digits'),
      inverted: joi.string().pattern(/secret/, { invert: true }),
      uri: joi.string().uri(),
      number: joi.number(),
      date: joi.date().iso(),
      list: joi.array().items(joi.number()).unique(),
      short: joi.string().max(3),
      one: joi.valid('x'),
    });
    const given = Object.fromEntries(
      Object.keys(schema.describe().keys as object).map((key) => [key, secret]),
    );
    const { errors } = check(schema, { ...given, list: [secret] });
    expect(errors).to.have.length(9);
    expect(JSON.stringify(errors)).to.not.include(secret);
  });

  it('tells the first twenty faults of a long list', () => {
    const { errors } = check(joi.array().items(joi.number()), new Array(5_000).fill('x'));
    expect(errors).to.have.length(20);
    expect(errors?.[19]?.field).to.equal('[19]');
  });
});
