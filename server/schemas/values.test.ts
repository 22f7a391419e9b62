import { expect } from 'chai';
import { check } from '../middleware/validation.js';
import { jsonSchema } from '../openapi/json-schema.js';
import { instant } from './values.js';

describe('An instant', () => {
  it('is read with Z or an offset', () => {
    for (const [text, utc] of [
      ['2027-02-28T18:30:00Z', '2027-02-28T18:30:00.000Z'],
      ['2027-02-28T18:30:00.250Z', '2027-02-28T18:30:00.250Z'],
      ['2027-02-28T18:30+05:30', '2027-02-28T13:00:00.000Z'],
      ['2027-02-28T23:30:00-0200', '2027-03-01T01:30:00.000Z'],
      ['2028-02-29T00:00:00Z', '2028-02-29T00:00:00.000Z'],
    ] as const) {
      expect(check(instant, text), text).to.deep.equal({ value: new Date(utc) });
    }
  });

  const REFUSED: Record<string, unknown> = {
    'a day that does not exist': '2027-02-30T10:00:00Z',
    'the leap day of another year': '2027-02-29T10:00:00Z',
    'a date alone': '2027-02-28',
    'a date alone that does not exist': '2027-02-30',
    'a time without a zone': '2027-02-28T10:00:00',
    'a month alone': '2027-02',
    'an hour that does not exist': '2027-02-28T25:00:00Z',
    words: 'tomorrow',
    milliseconds: 1_803_839_400_000,
    'milliseconds as text': '1803839400000',
  };
  for (const [what, given] of Object.entries(REFUSED)) {
    it(`is not ${what}`, () => {
      expect(check(instant, given).errors).to.deep.equal([
        {
          field: '',
          detail:
            'Must be a date and time of ISO 8601 with Z or an offset, for example 2027-02-28T18:30:00Z',
        },
      ]);
    });
  }

  it('is a date-time in the document', () => {
    expect(jsonSchema(instant)).to.include({ type: 'string', format: 'date-time' });
  });
});
