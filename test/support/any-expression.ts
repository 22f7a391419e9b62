/** Random audience expressions, each with what it means said a second time, in plain code. */
import fc from 'fast-check';
import type { AttributeValue, Device } from '../../models/device.js';

export interface AnyExpression {
  readonly text: string;
  readonly holds: (device: Device) => boolean;
}

/** What ages in the expressions count back from. */
export const NOW = new Date('2026-11-22T12:00:00Z');
const DAY_MS = 86_400_000;

export const TAGS = ['vip', 'churned', 'trial', 'beta', 'has blanks'];
const PLATFORMS = ['ios', 'android', 'harmonyos'];
const LOCALES = ['zh', 'zh-TW', 'zh-Hans-CN', 'de-DE', 'en', 'zu'];
const VERSIONS = ['3.2.0', '3.10', '3.2', '3.10.1-beta', '10.0', '2', 'nightly'];
const BRANDS = ['huawei', 'xiaomi'];
const ZONES = ['Europe/Berlin', 'Asia/Tokyo'];
const ACCOUNTS = ['ada', 'bob', 'eve'];
const DAYS = ['2026-01-01', '2026-10-01', '2026-11-01', '2026-11-20'];
const VALUES: AttributeValue[] = [
  ...[1, 10, 2.5, -3, true, false, 'gold', '10', 'true', '3.10.0', '3.2.0', 'nightly', ''],
  ...['2026-01-01', '2026-11-20T08:00:00Z'],
];

const maybe = <Value>(from: readonly Value[]) =>
  fc.option(fc.constantFrom(...from), { nil: undefined });

/** Facts of a device; what is undefined is left out. */
export const anyFacts = fc.record({
  tags: fc.subarray(TAGS),
  account: maybe(ACCOUNTS),
  platform: maybe(PLATFORMS),
  locale: maybe(LOCALES),
  timeZone: maybe(ZONES),
  brand: maybe(BRANDS),
  appVersion: maybe(VERSIONS),
  osVersion: maybe(VERSIONS),
  vendor: fc.constantFrom('fcm', 'apns'),
  createdAt: fc.constantFrom(...DAYS).map((day) => new Date(day)),
  lastSeenAt: maybe(DAYS.map((day) => new Date(day))),
  attributes: fc.option(
    fc.dictionary(fc.constantFrom('level', 'plan'), fc.constantFrom(...VALUES), { maxKeys: 2 }),
    { nil: undefined },
  ),
});

const compared = <Value>(left: Value, operator: string, right: Value): boolean => {
  if (operator === '=') return left === right;
  if (operator === '!=') return left !== right;
  if (operator.startsWith('<')) return left < right || (operator === '<=' && left === right);
  return left > right || (operator === '>=' && left === right);
};

/** Those of VERSIONS in their order, by hand. */
const RANKS: Readonly<Record<string, number>> = {
  '2': 1,
  '3.2': 2,
  '3.2.0': 2,
  '3.10.0': 3,
  '3.10': 3,
  '3.10.1-beta': 4,
  '10.0': 5,
  // An attribute, too.
  '10': 5,
};
const rankOf = (version: unknown): number | undefined =>
  typeof version === 'string' && Object.hasOwn(RANKS, version) ? RANKS[version] : undefined;

const bothKnown = <Value>(
  left: Value | undefined,
  operator: string,
  right: Value | undefined,
): boolean => left != null && right != null && compared(left, operator, right);

const equality = fc.constantFrom('=', '!=');
const anyOperator = fc.constantFrom('=', '!=', '<', '<=', '>', '>=');
const inequality = fc.constantFrom('<', '<=', '>', '>=');

const tag: fc.Arbitrary<AnyExpression> = fc
  .constantFrom(...TAGS, 'nobody')
  .map((name) => ({ text: `"${name}"`, holds: ({ tags }) => tags.includes(name) }));

const named = (
  fact: 'account' | 'platform' | 'locale' | 'timeZone' | 'brand' | 'vendor',
  values: readonly string[],
): fc.Arbitrary<AnyExpression> =>
  fc.oneof(
    fc.tuple(equality, fc.constantFrom(...values)).map(([operator, value]) => ({
      text: `${fact} ${operator} ${value}`,
      holds: (device: Device) => bothKnown(device[fact], operator, value),
    })),
    fc.subarray([...values], { minLength: 1 }).map((some) => ({
      text: `${fact} in (${some.join(', ')})`,
      holds: (device: Device) => some.includes(device[fact] ?? ''),
    })),
    fc.constant({ text: `has ${fact}`, holds: (device: Device) => device[fact] != null }),
  );

const language = fc.tuple(equality, fc.constantFrom('zh', 'de')).map(([operator, value]) => ({
  text: `language ${operator} ${value}`,
  holds: ({ locale }: Device) => bothKnown(locale?.split('-')[0], operator, value),
}));

const version = (fact: 'appVersion' | 'osVersion'): fc.Arbitrary<AnyExpression> =>
  fc.oneof(
    fc.tuple(anyOperator, fc.constantFrom(...Object.keys(RANKS))).map(([operator, value]) => ({
      text: `${fact} ${operator} ${value}`,
      holds: (device: Device) => bothKnown(rankOf(device[fact]), operator, rankOf(value)),
    })),
    fc.constant({ text: `has ${fact}`, holds: (device: Device) => device[fact] != null }),
  );

const instant = (
  fact: 'lastSeen' | 'registered',
  of: (device: Device) => Date | undefined,
): fc.Arbitrary<AnyExpression> =>
  fc.oneof(
    fc.tuple(inequality, fc.constantFrom(...DAYS)).map(([operator, day]) => ({
      text: `${fact} ${operator} ${day}`,
      holds: (device: Device) => bothKnown(of(device)?.getTime(), operator, Date.parse(day)),
    })),
    fc.constantFrom(1, 30, 60).map((days) => ({
      text: `${fact} within ${days}d`,
      holds: (device: Device) =>
        bothKnown(of(device)?.getTime(), '>=', NOW.getTime() - days * DAY_MS),
    })),
  );

type Attribute = AttributeValue | undefined;

const attributeOf = ({ attributes }: Device, name: string): Attribute =>
  attributes != null && Object.hasOwn(attributes, name) ? attributes[name] : undefined;

const ofType =
  <Type extends 'number' | 'string' | 'boolean'>(type: Type) =>
  (value: Attribute) =>
    typeof value === type ? value : undefined;

const dateOf = (value: Attribute): number | undefined =>
  typeof value === 'string' && value.startsWith('2026-') ? Date.parse(value) : undefined;

const attributeWith = (
  operators: fc.Arbitrary<string>,
  literals: readonly [string, unknown][],
  read: (value: Attribute) => unknown,
): fc.Arbitrary<AnyExpression> =>
  fc
    .tuple(fc.constantFrom('level', 'plan'), operators, fc.constantFrom(...literals))
    .map(([name, operator, [literal, value]]) => ({
      text: `attr.${name} ${operator} ${literal}`,
      holds: (device) => bothKnown(read(attributeOf(device, name)), operator, value),
    }));

const attribute = fc.oneof(
  attributeWith(
    anyOperator,
    [1, 10, -3, 2.5].map((one) => [String(one), one]),
    ofType('number'),
  ),
  attributeWith(
    equality,
    [
      ['true', true],
      ['false', false],
    ],
    ofType('boolean'),
  ),
  attributeWith(
    equality,
    [
      ['gold', 'gold'],
      ['"10"', '10'],
      ['"true"', 'true'],
    ],
    ofType('string'),
  ),
  attributeWith(
    anyOperator,
    [
      ['3.10.0', 3],
      ['v3.2', 2],
    ],
    rankOf,
  ),
  attributeWith(
    anyOperator,
    DAYS.map((day) => [day, Date.parse(day)]),
    dateOf,
  ),
  fc.constantFrom('level', 'plan').map((name) => ({
    text: `attr.${name} in (gold, 10, 2026-01-01, 3.2.0, true)`,
    holds: (device: Device) => {
      const value = attributeOf(device, name);
      const is = ['gold', 10, true].some((one) => one === value);
      return is || dateOf(value) === Date.parse('2026-01-01') || rankOf(value) === 2;
    },
  })),
  fc.constantFrom('level', 'plan').map((name) => ({
    text: `has attr.${name}`,
    holds: (device: Device) => attributeOf(device, name) != null,
  })),
);

const fact: fc.Arbitrary<AnyExpression> = fc.oneof(
  named('account', ACCOUNTS),
  named('platform', PLATFORMS),
  named('locale', LOCALES),
  named('timeZone', ZONES),
  named('brand', BRANDS),
  named('vendor', ['fcm', 'apns']),
  language,
  version('appVersion'),
  version('osVersion'),
  instant('lastSeen', ({ lastSeenAt }) => lastSeenAt),
  instant('registered', ({ createdAt }) => createdAt),
  attribute,
);

const over = (leaf: fc.Arbitrary<AnyExpression>): fc.Arbitrary<AnyExpression> =>
  fc.letrec<{ expression: AnyExpression }>((tie) => ({
    expression: fc.oneof(
      { maxDepth: 4, depthSize: 'medium' },
      leaf,
      tie('expression').map(({ text, holds }) => ({
        text: `!(${text})`,
        holds: (device: Device) => !holds(device),
      })),
      fc.array(tie('expression'), { minLength: 2, maxLength: 3 }).map((parts) => ({
        text: `(${parts.map(({ text }) => text).join(' & ')})`,
        holds: (device: Device) => parts.every(({ holds }) => holds(device)),
      })),
      fc.array(tie('expression'), { minLength: 2, maxLength: 3 }).map((parts) => ({
        text: `(${parts.map(({ text }) => text).join(' | ')})`,
        holds: (device: Device) => parts.some(({ holds }) => holds(device)),
      })),
    ),
  })).expression;

const isReadable = ({ text }: AnyExpression): boolean =>
  text.length < 2_000 && (text.match(/"|=|<|>|in|,/g) ?? []).length < 64;

export const anyTagExpression = over(tag).filter(isReadable);
export const anyExpression = over(fc.oneof(tag, fact, fact)).filter(isReadable);
