/** Reads the values of an expression, and what a text that is stored may be compared as. */
import { DateTime } from 'luxon';
import type { Literal } from './expression.js';
import { versionKey } from './version.js';

const INSTANT = /^\d{4}-\d\d-\d\d(?:T.*(?:Z|[+-]\d\d:?\d\d))?$/;
const NUMBER = /^-?\d+(?:\.\d+)?$/;
/** Two dots or a `v`: what has one dot is a number. */
const SURELY_VERSION = /^(?:v\d|\d+(?:\.\d+){2})/;
const AGE = /^(\d{1,5})([mhdw])$/;
const UNIT_MS = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;

/** A day (its beginning in UTC) or an instant with its zone; undefined for anything else. */
export const readInstant = (text: string): Date | undefined => {
  if (!INSTANT.test(text)) return undefined;
  const read = DateTime.fromISO(text, { zone: 'utc' });
  return read.isValid ? read.toJSDate() : undefined;
};

/** `30d` and the like, in milliseconds. */
export const readAge = (text: string): number | undefined => {
  const [, count, unit] = AGE.exec(text) ?? [];
  return unit == null ? undefined : Number(count) * UNIT_MS[unit as keyof typeof UNIT_MS];
};

/** What stands without quotes says by its form what it is; undefined for a date that does not exist. */
export const readBare = (text: string): Literal | undefined => {
  if (text === 'true' || text === 'false') return { type: 'boolean', value: text === 'true' };
  if (NUMBER.test(text)) return { type: 'number', value: Number(text) };
  if (INSTANT.test(text)) {
    const value = readInstant(text);
    return value && { type: 'date', value };
  }
  const key = SURELY_VERSION.test(text) ? versionKey(text) : undefined;
  return key == null ? { type: 'text', value: text } : { type: 'version', value: key };
};

/** What a stored text is compared as, beside itself: an instant, or the key of a version. */
export const keyOfText = (text: string): Date | string | undefined =>
  readInstant(text) ?? versionKey(text);
