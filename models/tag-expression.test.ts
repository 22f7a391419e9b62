import { expect } from 'chai';
import fc from 'fast-check';
import {
  parseTagExpression,
  TAG_EXPRESSION_LIMITS,
  type TagExpression,
  TagExpressionError,
} from './tag-expression.js';

const tag = (name: string): TagExpression => ({ kind: 'tag', tag: name });
const not = (of: TagExpression): TagExpression => ({ kind: 'not', of });
const and = (...of: TagExpression[]): TagExpression => ({ kind: 'and', of });
const or = (...of: TagExpression[]): TagExpression => ({ kind: 'or', of });

const faultOf = (text: string): TagExpressionError => {
  try {
    parseTagExpression(text);
  } catch (error) {
    if (error instanceof TagExpressionError) return error;
    throw error;
  }
  throw new Error(`No fault is found in ${text}`);
};

describe('A tag expression', () => {
  const readings: [string, TagExpression][] = [
    ['vip', tag('vip')],
    [' vip ', tag('vip')],
    ['plan:pro_2.1-beta', tag('plan:pro_2.1-beta')],
    ['"has blanks & signs"', tag('has blanks & signs')],
    ['"say \\"hi\\" \\\\ é"', tag('say "hi" \\ é')],
    ['")"', tag(')')],
    ['a & b', and(tag('a'), tag('b'))],
    ['a|b&c', or(tag('a'), and(tag('b'), tag('c')))],
    ['(a|b)&c', and(or(tag('a'), tag('b')), tag('c'))],
    ['(a|b)|(c|d)', or(tag('a'), tag('b'), tag('c'), tag('d'))],
    ['!a&b', and(not(tag('a')), tag('b'))],
    ['!!a', not(not(tag('a')))],
    ['vip & !(churned | trial)', and(tag('vip'), not(or(tag('churned'), tag('trial'))))],
  ];
  for (const [text, tree] of readings) {
    it(`reads ${text}`, () => {
      expect(parseTagExpression(text)).to.deep.equal(tree);
    });
  }

  const faults: [string, number, RegExp][] = [
    ['', 0, /Expected a tag/],
    ['   ', 3, /Expected a tag/],
    ['a &', 3, /Expected a tag/],
    ['a & | b', 4, /Expected a tag/],
    ['a b', 2, /Expected "&", "\|" or the end/],
    ['a !b', 2, /or the end/],
    ['(a', 2, /or "\)"/],
    ['(a "b")', 3, /or "\)"/],
    ['a)', 1, /or the end/],
    ['()', 1, /Expected a tag/],
    ['a & "b', 4, /Unclosed quote/],
    ['a & ""', 4, /between the quotes/],
    ['a && b', 3, /Expected a tag/],
    ['vip & é', 6, /Unexpected character/],
    ['a, b', 1, /Unexpected character/],
  ];
  for (const [text, position, message] of faults) {
    it(`points to character ${position} of ${JSON.stringify(text)}`, () => {
      const fault = faultOf(text);
      expect(fault.position).to.equal(position);
      expect(fault.message).to.match(message).and.to.contain(`at character ${position}`);
    });
  }

  it('is refused one level, one tag or one character beyond the limits, and taken at them', () => {
    const { depth, tags, tagLength, length } = TAG_EXPRESSION_LIMITS;
    const nested = (levels: number) => `${'('.repeat(levels)}a${')'.repeat(levels)}`;
    const row = (count: number) => Array.from({ length: count }, (_, i) => `t${i}`).join('|');
    expect(parseTagExpression(nested(depth))).to.deep.equal(tag('a'));
    expect(faultOf(nested(depth + 1)).position).to.equal(depth);
    expect(faultOf(`${'!'.repeat(depth + 1)}a`).position).to.equal(depth);
    expect(parseTagExpression(row(tags)))
      .to.have.property('of')
      .with.lengthOf(tags);
    expect(faultOf(row(tags + 1)).message).to.contain(`More than ${tags} tags`);
    expect(parseTagExpression('a'.repeat(tagLength))).to.have.property('kind', 'tag');
    expect(faultOf(`b & ${'a'.repeat(tagLength + 1)}`).position).to.equal(4);
    expect(parseTagExpression('a'.padEnd(length))).to.deep.equal(tag('a'));
    expect(faultOf('a'.padEnd(length + 1)).position).to.equal(length);
  });

  it('does not count levels that stand side by side', () => {
    const groups = Array.from({ length: TAG_EXPRESSION_LIMITS.depth + 5 }, () => '(a)');
    expect(parseTagExpression(groups.join('&'))).to.have.property('kind', 'and');
  });

  it('never fails in another way, whatever the text', () => {
    const piece = fc.constantFrom('a', 'b', '&', '|', '!', '(', ')', '"', '\\', ' ', 'é', '\n');
    const text = fc.array(piece, { maxLength: 40 }).map((pieces) => pieces.join(''));
    fc.assert(
      fc.property(text, (given) => {
        try {
          parseTagExpression(given);
        } catch (error) {
          expect(error).to.be.instanceOf(TagExpressionError);
          const { position } = error as TagExpressionError;
          expect(position).to.be.within(0, given.length);
        }
      }),
    );
  });
});
