/** Texts with placeholders, plurals and dates: ICU MessageFormat, read once and kept. */
import { IntlMessageFormat } from 'intl-messageformat';
import { LRUCache } from 'lru-cache';
import { DateTime } from 'luxon';
import type { TaskTemplate } from '../models/task.js';

/** What the text makes of a value. */
export type PlaceholderKind = 'text' | 'number' | 'date';

/** A value is missing, or is not what the text makes of it. */
export class Unresolved extends Error {
  override readonly name = 'Unresolved';
  constructor(
    readonly placeholder: string,
    readonly kind: PlaceholderKind,
    readonly isMissing: boolean,
  ) {
    super('A placeholder of the template has no value that fits');
  }
}

export type Values = Readonly<Record<string, string>>;

interface Pattern {
  readonly placeholders: ReadonlyMap<string, PlaceholderKind>;
  readonly format: (values: Record<string, string | number | Date>) => string;
}

/** https://formatjs.github.io/docs/icu-messageformat-parser: the types of its elements. */
const KIND_BY_TYPE: Readonly<Record<number, PlaceholderKind>> = {
  1: 'text',
  2: 'number',
  3: 'date',
  4: 'date',
  5: 'text',
  6: 'number',
};

interface Element {
  readonly type: number;
  readonly value?: unknown;
  readonly options?: Readonly<Record<string, { readonly value: readonly Element[] }>>;
}

/** A value that is a number in one place is one everywhere. */
const collect = (elements: readonly Element[], found: Map<string, PlaceholderKind>): void => {
  for (const { type, value, options } of elements) {
    const kind = KIND_BY_TYPE[type];
    if (kind != null && typeof value === 'string') {
      const known = found.get(value);
      if (known == null || known === 'text') found.set(value, kind);
    }
    for (const option of Object.values(options ?? {})) collect(option.value, found);
  }
};

const MOST_KEPT = 2_000;
const formats = new LRUCache<string, Intl.NumberFormat | Intl.DateTimeFormat | Intl.PluralRules>({
  max: MOST_KEPT,
});

/** Making one costs more than all the rest of a text. */
const kept = <Format extends Intl.NumberFormat | Intl.DateTimeFormat | Intl.PluralRules>(
  kind: string,
  given: readonly unknown[],
  make: () => Format,
): Format => {
  const key = `${kind}${JSON.stringify(given)}`;
  const known = formats.get(key) as Format | undefined;
  const format = known ?? make();
  if (known == null) formats.set(key, format);
  return format;
};

const formattersIn = (timeZone: string) => ({
  getNumberFormat: (...given: ConstructorParameters<typeof Intl.NumberFormat>) =>
    kept('number', given, () => new Intl.NumberFormat(...given)),
  getPluralRules: (...given: ConstructorParameters<typeof Intl.PluralRules>) =>
    kept('plural', given, () => new Intl.PluralRules(...given)),
  // Never in the zone of this machine.
  getDateTimeFormat: (
    locales?: string | string[],
    options?: Intl.DateTimeFormatOptions,
  ): Intl.DateTimeFormat =>
    kept('date', [locales, options, timeZone], () => {
      return new Intl.DateTimeFormat(locales, { timeZone, ...options });
    }),
});

const patterns = new LRUCache<string, Pattern>({ max: MOST_KEPT });

/** Throws what the library says of a text that it cannot read, or of a locale that is none. */
export const patternOf = (text: string, locale: string, timeZone: string): Pattern => {
  const key = `${locale}\n${timeZone}\n${text}`;
  const known = patterns.get(key);
  if (known != null) return known;
  const formatters = formattersIn(timeZone);
  // What looks like a tag is text: nothing renders HTML here.
  const read = new IntlMessageFormat(text, locale, undefined, { ignoreTag: true, formatters });
  const placeholders = new Map<string, PlaceholderKind>();
  collect(read.getAst(), placeholders);
  const pattern: Pattern = { placeholders, format: (values) => String(read.format(values)) };
  patterns.set(key, pattern);
  return pattern;
};

const valueOf = (text: string, kind: PlaceholderKind): string | number | Date | undefined => {
  if (kind === 'text') return text;
  if (kind === 'number') {
    const number = Number(text);
    return text.trim() !== '' && Number.isFinite(number) ? number : undefined;
  }
  const date = DateTime.fromISO(text, { zone: 'utc' });
  return date.isValid ? date.toJSDate() : undefined;
};

/** Whether a text can stand for the placeholder. */
export const fits = (text: string, kind: PlaceholderKind): boolean =>
  valueOf(text, kind) !== undefined;

const own = (values: Values | undefined, name: string): string | undefined =>
  values != null && Object.hasOwn(values, name) ? values[name] : undefined;

/** The value of a placeholder: of the data, else its default. */
export const givenFor = (name: string, data: Values, defaults: Values | undefined) =>
  own(data, name) ?? own(defaults, name);

/** Throws Unresolved. */
export const renderText = (
  text: string,
  { locale, timeZone, defaults }: Pick<TaskTemplate, 'locale' | 'timeZone' | 'defaults'>,
  data: Values,
): string => {
  const { placeholders, format } = patternOf(text, locale, timeZone);
  const values = Object.create(null) as Record<string, string | number | Date>;
  for (const [name, kind] of placeholders) {
    const given = givenFor(name, data, defaults);
    const value = given == null ? undefined : valueOf(given, kind);
    if (value === undefined) throw new Unresolved(name, kind, given == null);
    values[name] = value;
  }
  return format(values);
};
