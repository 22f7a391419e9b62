import { expect } from 'chai';
import { testDatabase } from '../test/support/mongo.js';
import { expressionQuery } from './audience-query.js';
import { dbOf } from './database.js';
import { deviceModel } from './device.js';
import { EXPANDED_LIMITS, ExpressionError } from './expression/expression.js';
import { parseExpression } from './expression/parse.js';
import { expanded } from './expression/segments.js';
import { findPage } from './find-page.js';

const { depth } = EXPANDED_LIMITS;

/** Each opening is one level, or two with a negation. The innermost leaf is the one whose condition is deepest itself. */
const nested = (opening: string, levels: number): string => {
  const count = levels / (opening.match(/[!(]/g) ?? []).length;
  return `${opening.repeat(count)}language != zh${')'.repeat(count)}`;
};

describe('The deepest expression', () => {
  const db = testDatabase();

  before(() => deviceModel(db().connection).init());

  for (const opening of ['a | b & (', 'a | b & !(']) {
    const levels = depth - (depth % (opening.match(/[!(]/g) ?? []).length);

    it(`of "${opening}" is one that MongoDB takes, also excluded and behind alternatives`, async () => {
      const where = nested(opening, levels);
      const led = `platform in (ios, android) & ${nested(opening, levels)}`;
      for (const included of [where, led]) {
        const expression = {
          kind: 'and',
          of: [
            parseExpression(included, { expanded: true }),
            { kind: 'not', of: parseExpression(where, { expanded: true }) },
          ],
        } as const;
        const query = expressionQuery('shop', expression, { now: new Date() });
        const page = {
          filter: query.filter(),
          projection: {},
          sort: { _id: 1 },
          hint: query.hint,
          limit: 1,
        } as const;
        expect(await findPage(dbOf(db().connection), 'devices', page)).to.deep.equal([]);
      }
    });
  }

  it('is no deeper by way of segments', () => {
    const lookup = (name: string) =>
      name === 'inner' ? '((a))' : `${'('.repeat(18)}segment(inner)${')'.repeat(18)}`;
    // Each segment is a level itself: 1 + 18 + 1 + 2.
    const within = (levels: number) => `${'('.repeat(levels)}segment(outer)${')'.repeat(levels)}`;
    expect(() => expanded(within(depth - 22), lookup)).not.to.throw();
    expect(() => expanded(within(depth - 21), lookup)).to.throw(ExpressionError, 'Nested deeper');
  });
});
