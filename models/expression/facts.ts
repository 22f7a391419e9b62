/** The facts that an expression may compare: where each is stored, how it is compared, and how its values are written. */
import type { Device } from '../device.js';
import type { Literal } from './expression.js';
import { readAge, readBare, readInstant } from './literal.js';
import { versionKey } from './version.js';

export const PLATFORMS = [
  'android',
  'harmonyos',
  'ios',
  'ipados',
  'macos',
  'tvos',
  'visionos',
  'watchos',
  'web',
  'windows',
] as const;

/** As a caller writes it; `before` and `after` are `<` and `>`, `in` is `=` with a list. */
export type WrittenOperator =
  | '='
  | '!='
  | 'in'
  | '<'
  | '<='
  | '>'
  | '>='
  | 'before'
  | 'after'
  | 'within';

export interface Written {
  readonly text: string;
  readonly quoted: boolean;
}

export interface Fact {
  /** Absent: of an attribute, where the type of the value decides. */
  readonly field?: keyof Device;
  /** What the device said, where `field` is made from it and may be missing: `has` asks for this. */
  readonly stated?: keyof Device;
  readonly operators: readonly WrittenOperator[];
  /** Undefined when it is no value of this fact. */
  read(written: Written, operator: WrittenOperator): Literal | undefined;
  /** What is allowed: follows "Expected". */
  readonly expects: string;
}

const EQUALITY = ['=', '!=', 'in'] as const;
const ORDER = ['<', '<=', '>', '>='] as const;
const TIME = ['before', 'after'] as const;

const text = (value: string | undefined): Literal | undefined =>
  value == null || value === '' ? undefined : { type: 'text', value };

const named = (
  field: keyof Device,
  expects: string,
  read: (given: string) => string | undefined = (given) => given,
): Fact => ({
  field,
  operators: EQUALITY,
  expects,
  read: (written) => text(read(written.text)),
});

const canonicalLocale = (given: string): string | undefined => {
  try {
    return Intl.getCanonicalLocales(given)[0];
  } catch {
    return undefined;
  }
};

const language = (given: string): string | undefined =>
  /^[A-Za-z]{2,3}$/.test(given) ? canonicalLocale(given) : undefined;

const platform = (given: string): string | undefined =>
  PLATFORMS.find((name) => name === given.toLowerCase());

const version = (stated: 'appVersion' | 'osVersion'): Fact => ({
  field: `${stated}Key`,
  stated,
  operators: [...EQUALITY, ...ORDER],
  expects: 'a version such as 3.2.0',
  read: (written) => {
    const value = versionKey(written.text);
    return value == null ? undefined : { type: 'version', value };
  },
});

const instant = (field: keyof Device): Fact => ({
  field,
  operators: ['within', ...TIME, ...ORDER],
  expects:
    'a time such as 30d (m, h, d, w) behind "within", or a date such as 2026-01-01 or 2026-01-01T08:00:00Z',
  read: (written, operator) => {
    if (operator === 'within') {
      const value = readAge(written.text);
      return value == null ? undefined : { type: 'age', value };
    }
    const value = readInstant(written.text);
    return value && { type: 'date', value };
  },
});

const FACTS: ReadonlyMap<string, Fact> = new Map([
  ['account', named('account', 'an account')],
  ['appVersion', version('appVersion')],
  ['brand', named('brand', 'a brand', (given) => given.toLowerCase())],
  ['language', named('locale', 'a language such as zh', language)],
  ['lastSeen', instant('lastSeenAt')],
  ['locale', named('locale', 'a language tag of BCP 47 such as zh-TW', canonicalLocale)],
  ['osVersion', version('osVersion')],
  ['platform', named('platform', `one of ${PLATFORMS.join(', ')}`, platform)],
  ['profile', named('profile', 'the name of a vendor profile')],
  ['registered', instant('createdAt')],
  ['timeZone', named('timeZone', 'the name of a zone such as Europe/Berlin')],
  ['vendor', named('vendor', 'the name of a vendor')],
]);

const ATTRIBUTE_PREFIX = 'attr.';
/** Of an attribute; also in the path of a query, so nothing else may ever be allowed here. */
export const ATTRIBUTE_NAME = /^[A-Za-z][A-Za-z0-9_]{0,39}$/;

const attribute: Fact = {
  operators: [...EQUALITY, ...ORDER, ...TIME],
  expects:
    'a number, true, false, a date such as 2026-01-01, a version such as 3.2.0 or v3.2, or a text',
  read: (written, operator) => {
    const { text: given, quoted } = written;
    const value = quoted ? text(given) : readBare(given);
    const isOrder = !(EQUALITY as readonly string[]).includes(operator);
    const isTime = (TIME as readonly string[]).includes(operator);
    if (isTime && value?.type !== 'date') return undefined;
    return isOrder && (value?.type === 'text' || value?.type === 'boolean') ? undefined : value;
  },
};

/** The name of the attribute; undefined when the fact is none. */
export const attributeOf = (fact: string): string | undefined => {
  const name = fact.startsWith(ATTRIBUTE_PREFIX) ? fact.slice(ATTRIBUTE_PREFIX.length) : '';
  return ATTRIBUTE_NAME.test(name) ? name : undefined;
};

export const factOf = (name: string): Fact | undefined =>
  attributeOf(name) == null ? FACTS.get(name) : attribute;

export const FACT_NAMES = [...FACTS.keys(), `${ATTRIBUTE_PREFIX}<name>`];
