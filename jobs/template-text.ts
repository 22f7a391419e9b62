/** Texts with placeholders, plurals and dates: ICU MessageFormat, read once and kept. */
import { IntlMessageFormat } from 'intl-messageformat';
import { LRUCache } from 'lru-cache';
import { DateTime } from 'luxon';
import type { TaskTemplate } from '../models/task.js';
import {
  flattened,
  type PlaceholderKind,
  type Placeholders,
  placeholdersIn,
  styledOf,
} from './template-elements.js';

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

/** The text cannot be written with its values. They are not repeated: they are of a person. */
export class Unwritable extends Error {
  override readonly name = 'Unwritable';
  /** Where it stands in the message. */
  constructor(
    readonly field: string,
    message: string,
  ) {
    super(message);
  }
}

/** A text of a message. */
export interface Place {
  readonly field: string;
  /** How long it may be when it is written. */
  readonly longest: number;
}

type Written = Readonly<Record<string, string | number | Date>>;

interface Pattern extends Pick<Placeholders, 'mixed'> {
  readonly placeholders: Placeholders['kinds'];
  readonly format: (values: Written) => unknown;
  /** Writes what has a style, also in branches that the values do not take. */
  readonly tryStyles: (values: Written) => void;
}

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
  // What looks like a tag is text: nothing renders HTML here.
  const options = { ignoreTag: true, formatters: formattersIn(timeZone) };
  const read = new IntlMessageFormat(text, locale, undefined, options);
  const flat = flattened(read.getAst());
  const styled = styledOf(flat) as ReturnType<typeof read.getAst>;
  const { kinds, mixed } = placeholdersIn(flat);
  const pattern: Pattern = {
    placeholders: kinds,
    mixed,
    format: (values) => read.format(values),
    tryStyles: (values) =>
      void new IntlMessageFormat(styled, locale, undefined, options).formatToParts(values),
  };
  patterns.set(key, pattern);
  return pattern;
};

const valueOf = (
  text: string,
  kind: PlaceholderKind,
  timeZone: string,
): string | number | Date | undefined => {
  if (kind === 'text') return text;
  if (kind === 'number') {
    const number = Number(text);
    return text.trim() !== '' && Number.isFinite(number) ? number : undefined;
  }
  // A day is a day of the zone that it is written in; an offset of its own goes first.
  const date = DateTime.fromISO(text, { zone: timeZone });
  // The calendar of luxon is longer than that of dates.
  return date.isValid && !Number.isNaN(date.valueOf()) ? date.toJSDate() : undefined;
};

/** Whether a text can stand for the placeholder, which is the same in all zones. */
export const fits = (text: string, kind: PlaceholderKind): boolean =>
  valueOf(text, kind, 'UTC') !== undefined;

const own = (values: Values | undefined, name: string): string | undefined =>
  values != null && Object.hasOwn(values, name) ? values[name] : undefined;

/** The value of a placeholder: of the data, else its default. */
export const givenFor = (name: string, data: Values, defaults: Values | undefined) =>
  own(data, name) ?? own(defaults, name);

type Language = Pick<TaskTemplate, 'locale' | 'timeZone' | 'defaults'>;

/** Throws Unresolved. */
const valuesFor = (
  { placeholders }: Pattern,
  { timeZone, defaults }: Language,
  data: Values,
): Record<string, string | number | Date> => {
  const values = Object.create(null) as Record<string, string | number | Date>;
  for (const [name, kind] of placeholders) {
    const given = givenFor(name, data, defaults);
    const value = given == null ? undefined : valueOf(given, kind, timeZone);
    if (value === undefined) throw new Unresolved(name, kind, given == null);
    values[name] = value;
  }
  return values;
};

/** Some faults of styles and skeletons are found only when a text is written. Throws what the library says. */
export const tryStyles = (text: string, language: Language, data: Values): void => {
  const pattern = patternOf(text, language.locale, language.timeZone);
  pattern.tryStyles(valuesFor(pattern, language, data));
};

const formatted = ({ format }: Pattern, values: Written, { field }: Place): unknown => {
  try {
    return format(values);
  } catch {
    throw new Unwritable(field, 'The text cannot be written with its values');
  }
};

/** Throws Unresolved and Unwritable. */
export const renderText = (
  text: string,
  language: Language,
  data: Values,
  place: Place = { field: '', longest: Number.POSITIVE_INFINITY },
): string => {
  const pattern = patternOf(text, language.locale, language.timeZone);
  const written = formatted(pattern, valuesFor(pattern, language, data), place);
  // It is a list when a date stands in it as it is.
  if (typeof written !== 'string') throw new Unwritable(place.field, 'The text is not one text');
  // A string that was joined and not read yet is only its parts and its length: nothing large was made so far.
  if (written.length > place.longest) {
    throw new Unwritable(
      place.field,
      `With its values the text is longer than ${place.longest} characters`,
    );
  }
  return written;
};
