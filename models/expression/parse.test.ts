import { expect } from 'chai';
import fc from 'fast-check';
import {
  type Comparison,
  EXPRESSION_LIMITS,
  type Expression,
  ExpressionError,
  type Literal,
} from './expression.js';
import { parseExpression, type ReadingOptions } from './parse.js';
import { versionKey } from './version.js';

const tag = (name: string): Expression => ({ kind: 'tag', tag: name });
const not = (of: Expression): Expression => ({ kind: 'not', of });
const and = (...of: Expression[]): Expression => ({ kind: 'and', of });
const or = (...of: Expression[]): Expression => ({ kind: 'or', of });

const compare = (
  fact: string,
  operator: Comparison['operator'],
  ...values: Literal[]
): Expression => ({ kind: 'compare', fact, operator, values });
const text = (value: string): Literal => ({ type: 'text', value });
const version = (value: string): Literal => ({ type: 'version', value: versionKey(value) ?? '' });
const date = (value: string): Literal => ({ type: 'date', value: new Date(value) });
const DAY_MS = 86_400_000;

const faultOf = (given: string, options?: ReadingOptions): ExpressionError => {
  try {
    parseExpression(given, options);
  } catch (error) {
    if (error instanceof ExpressionError) return error;
    throw error;
  }
  throw new Error(`No fault is found in ${given}`);
};

describe('A tag expression', () => {
  const readings: [string, Expression][] = [
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
    [
      'platform & has & in & attr.level & segment',
      and(...['platform', 'has', 'in', 'attr.level', 'segment'].map(tag)),
    ],
  ];
  for (const [given, tree] of readings) {
    it(`reads ${given}, also where only tags are allowed`, () => {
      expect(parseExpression(given)).to.deep.equal(tree);
      expect(parseExpression(given, { tagsOnly: true })).to.deep.equal(tree);
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
  for (const [given, position, message] of faults) {
    it(`points to character ${position} of ${JSON.stringify(given)}`, () => {
      for (const fault of [faultOf(given), faultOf(given, { tagsOnly: true })]) {
        expect(fault.position).to.equal(position);
        expect(fault.message).to.match(message).and.to.contain(`at character ${position}`);
      }
    });
  }

  it('is refused one level, one tag or one character beyond the limits, and taken at them', () => {
    const { depth, terms, tagLength, length } = EXPRESSION_LIMITS;
    const nested = (levels: number) => `${'('.repeat(levels)}a${')'.repeat(levels)}`;
    const row = (count: number) => Array.from({ length: count }, (_, i) => `t${i}`).join('|');
    expect(parseExpression(nested(depth))).to.deep.equal(tag('a'));
    expect(faultOf(nested(depth + 1)).position).to.equal(depth);
    expect(faultOf(`${'!'.repeat(depth + 1)}a`).position).to.equal(depth);
    expect(parseExpression(row(terms)))
      .to.have.property('of')
      .with.lengthOf(terms);
    expect(faultOf(row(terms + 1)).message).to.contain(`More than ${terms} tags`);
    expect(faultOf(`platform = ios | ${row(terms)}`).message).to.contain(`More than ${terms} tags`);
    expect(parseExpression('a'.repeat(tagLength))).to.have.property('kind', 'tag');
    expect(faultOf(`b & ${'a'.repeat(tagLength + 1)}`).position).to.equal(4);
    expect(parseExpression('a'.padEnd(length))).to.deep.equal(tag('a'));
    expect(faultOf('a'.padEnd(length + 1)).position).to.equal(length);
  });

  it('does not count levels that stand side by side', () => {
    const groups = Array.from({ length: EXPRESSION_LIMITS.depth + 5 }, () => '(a)');
    expect(parseExpression(groups.join('&'))).to.have.property('kind', 'and');
  });

  it('never fails in another way, whatever the text', () => {
    const signs = ['&', '|', '!', '(', ')', '"', '\\', ' ', 'é', '\n', ',', '=', '<', '>', '+'];
    const words = ['a', ' in ', ' has ', 'platform', 'ios', 'attr.x', '3.2.0', '2026-02-30', '1'];
    const piece = fc.constantFrom(...signs, ...words);
    const anyText = fc.array(piece, { maxLength: 40 }).map((pieces) => pieces.join(''));
    fc.assert(
      fc.property(anyText, (given) => {
        try {
          parseExpression(given);
        } catch (error) {
          expect(error).to.be.instanceOf(ExpressionError);
          const { position } = error as ExpressionError;
          expect(position).to.be.within(0, given.length);
        }
      }),
    );
  });
});

describe('A comparison', () => {
  const readings: [string, Expression][] = [
    ['platform = iOS', compare('platform', '=', text('ios'))],
    ['platform != "android"', compare('platform', '!=', text('android'))],
    ['platform in (ios, ipados)', compare('platform', '=', text('ios'), text('ipados'))],
    ['locale in(ZH, zh-tw)', compare('locale', '=', text('zh'), text('zh-TW'))],
    ['language = ZH', compare('language', '=', text('zh'))],
    ['timeZone = Europe/Berlin', compare('timeZone', '=', text('Europe/Berlin'))],
    ['brand = HUAWEI', compare('brand', '=', text('huawei'))],
    ['account="ada lovelace"', compare('account', '=', text('ada lovelace'))],
    ['appVersion<3.2.0', compare('appVersion', '<', version('3.2.0'))],
    ['osVersion >= 17', compare('osVersion', '>=', version('17'))],
    ['lastSeen within 30d', compare('lastSeen', 'within', { type: 'age', value: 30 * DAY_MS })],
    ['lastSeen within 90m', compare('lastSeen', 'within', { type: 'age', value: DAY_MS / 16 })],
    ['registered before 2026-01-01', compare('registered', '<', date('2026-01-01T00:00:00Z'))],
    [
      'registered after "2026-01-01T08:00:00+02:00"',
      compare('registered', '>', date('2026-01-01T06:00:00Z')),
    ],
    ['attr.level >= 10', compare('attr.level', '>=', { type: 'number', value: 10 })],
    ['attr.balance < -2.5', compare('attr.balance', '<', { type: 'number', value: -2.5 })],
    ['attr.paying = true', compare('attr.paying', '=', { type: 'boolean', value: true })],
    ['attr.plan = "true"', compare('attr.plan', '=', text('true'))],
    ['attr.firmware > 3.10.0', compare('attr.firmware', '>', version('3.10.0'))],
    ['attr.firmware > v3.10', compare('attr.firmware', '>', version('3.10'))],
    ['attr.until after 2026-01-01', compare('attr.until', '>', date('2026-01-01T00:00:00Z'))],
    [
      'attr.plan in (gold, 2)',
      compare('attr.plan', '=', text('gold'), { type: 'number', value: 2 }),
    ],
    ['has account', { kind: 'has', fact: 'account' }],
    ['!has attr.plan & vip', and(not({ kind: 'has', fact: 'attr.plan' }), tag('vip'))],
    ['platform & platform = ios', and(tag('platform'), compare('platform', '=', text('ios')))],
  ];
  for (const [given, tree] of readings) {
    it(`reads ${given}`, () => {
      expect(parseExpression(given)).to.deep.equal(tree);
    });
  }

  const faults: [string, number, RegExp][] = [
    ['vip & colour = red', 6, /Expected one of account, appVersion.*attr\.<name>/],
    ['"platform" = ios', 0, /Expected one of account/],
    ['attr.a-b = 1', 0, /Expected one of account/],
    ['has colour', 0, /Expected one of account/],
    ['platform = iphone', 11, /Expected one of android, .*ios/],
    ['platform in (ios, pager)', 18, /Expected one of android/],
    ['platform < ios', 9, /Expected one of = != in behind platform/],
    ['lastSeen = 30d', 9, /Expected one of within before after/],
    ['lastSeen within 30', 16, /Expected a time such as 30d/],
    ['lastSeen before 30d', 16, /or a date such as 2026-01-01/],
    ['registered before 2026-02-30', 18, /a date such as/],
    ['registered before 2026-02-28T08:00:00', 18, /a date such as/],
    ['appVersion < latest', 13, /a version such as 3\.2\.0/],
    ['appVersion =', 12, /a version such as/],
    ['appVersion == 3', 12, /a version such as/],
    ['locale = de_DE', 9, /a language tag of BCP 47/],
    ['language = zh-TW', 11, /a language such as zh/],
    ['attr.plan > gold', 12, /a number, true, false, a date/],
    ['attr.until after 3', 17, /a number/],
    ['attr.until = 2026-13-01', 13, /a number/],
    ['platform in ios', 12, /Expected "\("/],
    ['platform in (ios ipados)', 17, /Expected "," or "\)"/],
    ['platform in ()', 13, /Expected one of android/],
    ['platform = ios ipados', 15, /or the end/],
  ];
  for (const [given, position, message] of faults) {
    it(`points to character ${position} of ${given}`, () => {
      const fault = faultOf(given);
      expect(fault.position).to.equal(position);
      expect(fault.message).to.match(message);
    });
  }

  it('is refused where only tags are allowed', () => {
    for (const [given, position] of [
      ['vip & platform = ios', 6],
      ['vip & has account', 6],
      ['(attr.level > 3)', 1],
    ] as const) {
      const fault = faultOf(given, { tagsOnly: true });
      expect(fault.position).to.equal(position);
      expect(fault.message).to.match(/Only tags are allowed here/);
    }
  });
});
