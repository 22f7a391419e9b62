import { expect } from 'chai';
import { ExpressionError } from './expression.js';
import { parseExpression } from './parse.js';
import { EXPANDED_LENGTH, expanded, MAX_NESTING, segmentsIn } from './segments.js';

const SEGMENTS = new Map([
  ['loyal', 'vip | segment(old)'],
  ['old', 'registered before 2020-01-01'],
  ['broken', 'platform = pager'],
  ['hollow', 'vip & segment(nobody)'],
  ['one', 'segment(two)'],
  ['two', 'a & segment(one)'],
  ...Array.from(
    { length: MAX_NESTING },
    (_, at) => [`n${at + 1}`, at === 0 ? 'a' : `segment(n${at})`] as const,
  ),
]);
const lookup = (name: string) => SEGMENTS.get(name);

const faultOf = (text: string, own?: string, find = lookup): ExpressionError => {
  try {
    expanded(text, find, own);
  } catch (error) {
    if (error instanceof ExpressionError) return error;
    throw error;
  }
  throw new Error(`No fault is found in ${text}`);
};

describe('Segments in an expression', () => {
  it('are put in place of their names, each as one whole', () => {
    const text = 'beta & !segment(loyal) & segment( old )';
    const whole = 'beta & !(vip | (registered before 2020-01-01)) & (registered before 2020-01-01)';
    expect(expanded(text, lookup)).to.equal(whole);
    expect(segmentsIn(text).map(({ name }) => name)).to.deep.equal(['loyal', 'old']);
  });

  it('leave alone what only looks like one', () => {
    for (const text of ['segment', 'segment & loyal', '"segment(loyal)"', 'brand = segment']) {
      expect(segmentsIn(text)).to.deep.equal([]);
      expect(expanded(text, lookup)).to.equal(text);
    }
  });

  const faults: [string, number, RegExp][] = [
    ['vip & segment(nobody)', 6, /name of a segment that exists \(nobody\)/],
    ['vip & segment(hollow)', 6, /name of a segment that exists \(hollow > nobody\)/],
    ['vip | segment(one)', 6, /in a circle \(one > two > one\)/],
    ['a & segment(broken)', 4, /Expected one of android/],
    ['a & segment(', 12, /Expected a name/],
    ['a & segment(loyal', 17, /Expected "\)"/],
    ['a & segment(loyal, old)', 17, /Unexpected character/],
    ['segment(loyal) segment(old)', 15, /or the end/],
  ];
  for (const [text, position, message] of faults) {
    it(`points to character ${position} of ${text}`, () => {
      const fault = faultOf(text);
      expect(fault.position).to.equal(position);
      expect(fault.message).to.match(message);
      expect(fault.message.match(/at character/g)).to.have.lengthOf(1);
    });
  }

  it('are not used by themselves, on however long a way', () => {
    expect(faultOf('vip | segment(loyal)', 'old').message).to.contain('(old > loyal > old)');
    expect(faultOf('segment(me)', 'me').message).to.contain('(me > me)');
  });

  it('are nested up to a limit', () => {
    expect(expanded(`segment(n${MAX_NESTING})`, lookup)).to.match(/^\(+a\)+$/);
    const deeper = faultOf(`segment(n${MAX_NESTING})`, 'top');
    expect(deeper.message).to.contain(`deeper than ${MAX_NESTING} (top > n5 > n4`);
  });

  it('do not become too long or too many, and are not tried for ever', () => {
    const all = Array.from({ length: 64 }, () => 'segment(x)').join('|');
    const bomb = (name: string) =>
      name === 'x4' ? 'a' : all.replaceAll('(x)', `(x${Number(name.slice(1) || 0) + 1})`);
    expect(faultOf(all.replaceAll('(x)', '(x1)'), undefined, bomb).message).to.contain(
      `longer than ${EXPANDED_LENGTH} characters`,
    );
    const five = Array.from({ length: 64 }, (_, at) => `t${at}`).join('|');
    const many = Array.from({ length: 5 }, () => 'segment(five)').join('&');
    expect(faultOf(many, undefined, () => five).message).to.contain('More than 256 tags');
    const four = expanded(many.replace('segment(five)&', ''), () => five);
    expect(parseExpression(four, { expanded: true })).to.have.property('kind', 'and');
  });

  it('are read once where they are used often, also when there is too much of them', () => {
    const read: string[] = [];
    const terms = (name: string) => Array.from({ length: 64 }, () => name).join('|');
    const four = Array.from({ length: 4 }, () => 'segment(tags)').join('|');
    const counted = (name: string): string => {
      read.push(name);
      return name === 'four' ? four : terms('some-tag');
    };
    const often = terms('segment(four)');
    expect(faultOf(often, undefined, counted).message).to.contain('longer than');
    expect(faultOf(often, undefined, counted).position).to.be.above(0);
    expect(read).to.deep.equal(['four', 'tags', 'four', 'tags']);
  });

  it('are nothing that tags alone, or a text without segments, may have', () => {
    for (const options of [{ tagsOnly: true }, {}]) {
      expect(() => parseExpression('vip & segment(old)', options)).to.throw(
        ExpressionError,
        /allowed here, a segment begins at character 6/,
      );
    }
  });
});
