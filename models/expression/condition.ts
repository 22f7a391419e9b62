/**
 * Turns an expression into an aggregation expression: the planner builds no index bounds from it, so it cannot lose the sorted
 * scan. What a device does not have matches no comparison, so each one that could hold for a missing value asks for the type.
 */
import type { Comparison, Expression, Literal, Operator } from './expression.js';
import { attributeOf, factOf } from './facts.js';

type Condition = Record<string, unknown>;

const OPERATORS = {
  '!=': '$ne',
  '<': '$lt',
  '<=': '$lte',
  '>': '$gt',
  '>=': '$gte',
} as const satisfies Partial<Record<Operator, string>>;

const BSON_TYPES = { text: 'string', version: 'string', date: 'date', boolean: 'bool' } as const;

/** A text of an attribute is compared as a date or a version by the key that is kept beside it. */
const pathOf = (fact: string, { type }: Pick<Literal, 'type'>): string => {
  const attribute = attributeOf(fact);
  if (attribute == null) return `$${factOf(fact)?.field}`;
  const isKey = type === 'date' || type === 'version';
  return `$${isKey ? 'attributeKeys' : 'attributes'}.${attribute}`;
};

const statedPathOf = (fact: string): string => {
  const stated = factOf(fact)?.stated;
  return stated == null ? pathOf(fact, { type: 'text' }) : `$${stated}`;
};

const isOfType = (path: string, type: Literal['type']): Condition =>
  type === 'number' || type === 'age'
    ? { $isNumber: path }
    : { $eq: [{ $type: path }, BSON_TYPES[type]] };

const isAnyOf = (fact: string, values: readonly Literal[]): Condition => {
  const byPath = new Map<string, unknown[]>();
  for (const value of values) {
    const path = pathOf(fact, value);
    byPath.set(path, [...(byPath.get(path) ?? []), value.value]);
  }
  const anywhere = [...byPath].map(([path, some]) => ({ $in: [path, { $literal: some }] }));
  return anywhere.length === 1 ? (anywhere[0] as Condition) : { $or: anywhere };
};

/** A language and its regional variants, which go on behind a hyphen; the full stop is the character after it. */
const isLanguage = (language: string): Condition => ({
  $or: [
    { $eq: ['$locale', { $literal: language }] },
    {
      $and: [
        { $gt: ['$locale', { $literal: `${language}-` }] },
        { $lt: ['$locale', { $literal: `${language}.` }] },
      ],
    },
  ],
});

const has = (path: string): Condition => ({ $gt: [path, null] });

const ofLanguage = ({ operator, values }: Comparison): Condition => {
  const any = { $or: values.map(({ value }) => isLanguage(String(value))) };
  return operator === '=' ? any : { $and: [has('$locale'), { $not: [any] }] };
};

const ofComparison = (comparison: Comparison, now: Date): Condition => {
  const { fact, operator, values } = comparison;
  if (fact === 'language') return ofLanguage(comparison);
  if (operator === '=') return isAnyOf(fact, values);
  const [literal] = values as [Literal];
  const path = pathOf(fact, literal);
  if (operator === 'within')
    return { $gte: [path, new Date(now.getTime() - Number(literal.value))] };
  return {
    $and: [
      isOfType(path, literal.type),
      { [OPERATORS[operator]]: [path, { $literal: literal.value }] },
    ],
  };
};

/** `now`: what an age counts back from. */
export const conditionOf = (expression: Expression, now: Date): Condition => {
  switch (expression.kind) {
    case 'tag':
      return { $in: [{ $literal: expression.tag }, '$tags'] };
    case 'has':
      return has(statedPathOf(expression.fact));
    case 'compare':
      return ofComparison(expression, now);
    case 'not':
      return { $not: [conditionOf(expression.of, now)] };
    case 'and':
      return { $and: expression.of.map((part) => conditionOf(part, now)) };
    case 'or':
      return { $or: expression.of.map((part) => conditionOf(part, now)) };
  }
};
