import { expect } from 'chai';
import {
  fits,
  patternOf,
  renderText,
  Unresolved,
  Unwritable,
  type Values,
} from './template-text.js';

const render = (
  text: string,
  data: Values = {},
  { locale = 'en', timeZone = 'UTC', defaults }: Record<string, unknown> = {},
) =>
  renderText(
    text,
    {
      locale: locale as string,
      timeZone: timeZone as string,
      ...(defaults == null ? {} : { defaults: defaults as Record<string, string> }),
    },
    data,
  );

describe('The text of a template', () => {
  const rows: [string, string, Values, Record<string, unknown>, string][] = [
    ['a value', 'Hello {name}!', { name: 'Ada' }, {}, 'Hello Ada!'],
    ['a default', 'Hello {name}!', {}, { defaults: { name: 'you' } }, 'Hello you!'],
    ['an empty value, not its default', '<{n}>', { n: '' }, { defaults: { n: 'x' } }, '<>'],
    ['one of a plural', '{n, plural, one {# day} other {# days}}', { n: '1' }, {}, '1 day'],
    [
      'many of a plural',
      '{n, plural, one {# день} few {# дня} many {# дней} other {# дня}}',
      { n: '1005' },
      { locale: 'ru' },
      '1\u00a0005 дней',
    ],
    [
      'an exact number',
      '{n, plural, =0 {nobody} one {# person} other {#}}',
      { n: '0' },
      {},
      'nobody',
    ],
    ['an ordinal', '{n, selectordinal, one {#st} other {#th}}', { n: '21' }, {}, '21st'],
    ['a choice', '{s, select, f {her} m {his} other {their}}', { s: 'f' }, {}, 'her'],
    [
      'a number as its locale writes it',
      '{n, number}',
      { n: '1234.5' },
      { locale: 'de' },
      '1.234,5',
    ],
    [
      'a date as its locale writes it',
      '{d, date, ::dMMMMyyyy}',
      { d: '2027-03-01' },
      { locale: 'de' },
      '1. März 2027',
    ],
    [
      'a date in the zone of the template',
      '{d, date, ::dMMM}',
      { d: '2027-03-01T01:00:00Z' },
      { timeZone: 'America/New_York' },
      'Feb 28',
    ],
    [
      'a date without a time as the day that it is, west of Greenwich, too',
      '{d, date, ::dMMM}',
      { d: '2027-03-01' },
      { timeZone: 'America/New_York' },
      'Mar 1',
    ],
    [
      'a time without an offset as one of the zone of the template',
      '{d, time, ::Hmm}',
      { d: '2027-03-01T08:30:00' },
      { timeZone: 'America/New_York' },
      '08:30',
    ],
    ['what looks like HTML', '<b>{n}</b> 1 < 2', { n: '7' }, {}, '<b>7</b> 1 < 2'],
    ['braces in quotes', "'{'name'}'", {}, {}, '{name}'],
    [
      'no placeholder out of a value',
      '{a}',
      { a: '{b, plural, other {#}}' },
      {},
      '{b, plural, other {#}}',
    ],
  ];
  for (const [what, text, data, options, expected] of rows) {
    it(`writes ${what}`, () => {
      expect(render(text, data, options)).to.equal(expected);
    });
  }

  const unresolved: [string, string, Values, object][] = [
    ['without a value', '{name}', {}, { placeholder: 'name', kind: 'text', isMissing: true }],
    [
      'of an inherited name',
      '{toString}',
      {},
      { placeholder: 'toString', kind: 'text', isMissing: true },
    ],
    [
      'that is no number',
      '{n} {n, plural, other {#}}',
      { n: 'two' },
      { placeholder: 'n', kind: 'number', isMissing: false },
    ],
    [
      'that is an empty number',
      '{n, number}',
      { n: ' ' },
      { placeholder: 'n', kind: 'number', isMissing: false },
    ],
    [
      'that is a date beyond all calendars',
      '{d, date}',
      { d: '+300000-01-01' },
      { placeholder: 'd', kind: 'date', isMissing: false },
    ],
    [
      'that is no date',
      '{d, date}',
      { d: '31 March' },
      { placeholder: 'd', kind: 'date', isMissing: false },
    ],
    [
      'in a branch that is not taken',
      '{s, select, a {{x}} other {}}',
      { s: 'b' },
      { placeholder: 'x', kind: 'text', isMissing: true },
    ],
  ];
  for (const [what, text, data, expected] of unresolved) {
    it(`cannot be written with a placeholder ${what}`, () => {
      let error: unknown;
      try {
        render(text, data);
      } catch (thrown) {
        error = thrown;
      }
      expect(error).to.be.instanceOf(Unresolved).and.deep.include(expected);
      // A value is of a person.
      expect((error as Error).message).not.to.match(/two|March/);
    });
  }

  const unwritable: [string, string, Values][] = [
    [
      'takes a branch that nobody can write',
      '{s, select, vip {{n, number, ::currency/XX}} other {hi}}',
      { s: 'vip', n: '7' },
    ],
    ['makes a number and a date of one value', '{n, number} {n, date}', { n: '1e20' }],
    ['has a date also as it is', '{d} {d, date}', { d: '2027-01-01' }],
  ];
  for (const [what, text, data] of unwritable) {
    it(`cannot be written when it ${what}`, () => {
      expect(() => render(text, data))
        .to.throw(Unwritable)
        .with.property('message')
        .not.matches(/vip|1e20|2027/);
    });
  }

  it('is refused when its values make it too long, at once and with little memory', () => {
    const place = { field: 'message.body', longest: 4_000 };
    const language = { locale: 'en', timeZone: 'UTC' };
    const write = (text: string, length: number) =>
      renderText(text, language, { a: 'x'.repeat(length) }, place);
    expect(write('{a}{a}', 2_000)).to.have.lengthOf(4_000);
    expect(() => write('{a}{a}!', 2_000))
      .to.throw(Unwritable, /longer than 4000 characters/)
      .with.property('field', 'message.body');
    const startedAt = performance.now();
    for (let round = 0; round < 100; round += 1) {
      expect(() => write('{a}'.repeat(1_333), 4_000)).to.throw(Unwritable);
    }
    // Half a gigabyte, if it were written.
    expect(performance.now() - startedAt).to.be.below(2_000);
  });

  it('is read once for a locale', () => {
    expect(patternOf('{a} once', 'en', 'UTC')).to.equal(patternOf('{a} once', 'en', 'UTC'));
    expect(patternOf('{a} once', 'en', 'UTC')).not.to.equal(patternOf('{a} once', 'de', 'UTC'));
  });

  it('tells what fits a placeholder', () => {
    expect([fits('x', 'text'), fits('1e3', 'number'), fits('2027-01-01', 'date')]).to.deep.equal([
      true,
      true,
      true,
    ]);
    expect([fits('Infinity', 'number'), fits('', 'number'), fits('soon', 'date')]).to.deep.equal([
      false,
      false,
      false,
    ]);
  });
});
