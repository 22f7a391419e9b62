/** Turns an audience into a query that an index answers in the order of `_id`, so that it streams without sorting. */
import type { mongo, Types } from 'mongoose';
import type { Device } from './device.js';
import { conditionOf } from './expression/condition.js';
import type { Expression } from './expression/expression.js';
import { fewAtOnce } from './few-at-once.js';

/**
 * Makes the filter for the devices behind `after` (absent: from the first); sort by `_id` and give the hint. Nobody is
 * missed who was there when it began: ids never change. Who registers meanwhile may or may not be seen.
 */
export interface AudienceQuery {
  filter(after?: Types.ObjectId): mongo.Filter<Device>;
  readonly hint: Readonly<Record<string, 1>>;
}

/** Places of a device that an index begins with (behind the app), and ends in the order of `_id`. */
const LEADING = ['account', 'tags', 'platform'] as const;
type LeadField = (typeof LEADING)[number];

const HINTS = {
  account: { app: 1, account: 1, _id: 1 },
  tags: { app: 1, tags: 1, _id: 1 },
  platform: { app: 1, platform: 1, _id: 1 },
} as const satisfies Record<LeadField, Readonly<Record<string, 1>>>;
const BY_ID = { app: 1, _id: 1 } as const;

interface Lead {
  readonly field: LeadField;
  readonly value: string;
}

/** Devices by lead, as far as it is known: tells which part of a conjunction is the rarest. */
export type LeadCounts = ReadonlyMap<string, number>;

const keyOf = ({ field, value }: Lead): string => `${field}/${value}`;

/** Every matching device has `lead`; what else must hold is in `rest`. */
interface Branch {
  readonly lead: Lead;
  readonly rest: readonly Expression[];
}

/** The same expression with negations on leaves only, so that `!(!a | b)` shows that it needs `a`. */
const pushNegation = (expression: Expression, negated = false): Expression => {
  if (expression.kind === 'not') return pushNegation(expression.of, !negated);
  if (expression.kind !== 'and' && expression.kind !== 'or') {
    return negated ? { kind: 'not', of: expression } : expression;
  }
  const swapped = expression.kind === 'and' ? 'or' : 'and';
  return {
    kind: negated ? swapped : expression.kind,
    of: expression.of.map((part) => pushNegation(part, negated)),
  };
};

/** What the matches of a leaf have, one of them each; undefined when no index finds them. */
const leadsOf = (expression: Expression): Lead[] | undefined => {
  if (expression.kind === 'tag') return [{ field: 'tags', value: expression.tag }];
  if (expression.kind !== 'compare' || expression.operator !== '=') return undefined;
  const { fact, values } = expression;
  return fact === 'account' || fact === 'platform'
    ? [...new Set(values.map(({ value }) => String(value)))].map((value) => ({
        field: fact,
        value,
      }))
    : undefined;
};

/** More scans at a time cost more than one through all devices. */
const MOST_BRANCHES = 64;

const branchesOfOr = (
  parts: readonly Expression[],
  field: LeadField,
  counts: LeadCounts,
): Branch[] | undefined => {
  const branches = parts.map((part) => branchesOf(part, field, counts));
  return branches.every((found) => found != null) ? branches.flat() : undefined;
};

const branchesOfLeaf = (leaf: Expression, field: LeadField): Branch[] | undefined => {
  const leads = leadsOf(leaf);
  return leads?.[0]?.field === field ? leads.map((lead) => ({ lead, rest: [] })) : undefined;
};

/**
 * Alternatives that each begin with a lead in this field, because a query walks one index; undefined when a device could match
 * without, or when there are too many. Only one part of a conjunction leads, so there are never more branches than terms.
 */
const branchesOf = (
  expression: Expression,
  field: LeadField,
  counts: LeadCounts,
): Branch[] | undefined => {
  const { kind } = expression;
  const branches =
    kind === 'and'
      ? branchesOfAnd(expression.of, field, counts)
      : kind === 'or'
        ? branchesOfOr(expression.of, field, counts)
        : branchesOfLeaf(expression, field);
  return branches != null && branches.length <= MOST_BRANCHES ? branches : undefined;
};

/** Keys that the scans of these branches read, then their number. */
const costOf = (branches: readonly Branch[], counts: LeadCounts): readonly [number, number] => [
  branches.reduce((sum, { lead }) => sum + (counts.get(keyOf(lead)) ?? 0), 0),
  branches.length,
];

interface Choice {
  readonly branches: Branch[];
  readonly cost: readonly [number, number];
}

const byCost = (left: Choice, right: Choice): number =>
  left.cost[0] - right.cost[0] || left.cost[1] - right.cost[1];

const branchesOfAnd = (
  parts: readonly Expression[],
  field: LeadField,
  counts: LeadCounts,
): Branch[] | undefined => {
  const [cheapest] = parts
    .flatMap((part) => {
      const branches = branchesOf(part, field, counts);
      return branches ? [{ part, branches, cost: costOf(branches, counts) }] : [];
    })
    .sort(byCost);
  if (cheapest == null) return undefined;
  const others = parts.filter((part) => part !== cheapest.part);
  return cheapest.branches.map(({ lead, rest }) => ({ lead, rest: [...rest, ...others] }));
};

/** Of no lead anything is known: the fewest branches. */
const UNCOUNTED: LeadCounts = new Map();

/** Undefined when a device that no index finds could match. The fields are in the order of what they usually leave over. */
const cheapestBranches = (plain: Expression, counts: LeadCounts): Branch[] | undefined =>
  LEADING.flatMap((field): Choice[] => {
    // The rarest may be too many, where fewer that are more frequent are not.
    const branches = branchesOf(plain, field, counts) ?? branchesOf(plain, field, UNCOUNTED);
    return branches ? [{ branches, cost: [costOf(branches, counts)[0], 0] }] : [];
  })
    // What is as cheap stays in the order of the fields.
    .sort(byCost)[0]?.branches;

const behind = (after: Types.ObjectId | undefined): mongo.Filter<Device> =>
  after ? { _id: { $gt: after } } : {};

/** All devices of an app. */
export const allQuery = (app: string): AudienceQuery => ({
  filter: (after) => ({ app, ...behind(after) }),
  hint: BY_ID,
});

/**
 * The devices of an app for which the expression is true; with `counts`, the rarest lead is the one that is walked. `now` is
 * what ages count back from: the same for all pages of an audience.
 */
export const expressionQuery = (
  app: string,
  expression: Expression,
  { now, counts = UNCOUNTED }: { readonly now: Date; readonly counts?: LeadCounts },
): AudienceQuery => {
  const plain = pushNegation(expression);
  const restFilter = (rest: readonly Expression[]): mongo.Filter<Device> =>
    rest.length === 0 ? {} : { $expr: { $and: rest.map((part) => conditionOf(part, now)) } };
  const branches = cheapestBranches(plain, counts);
  const [first] = branches ?? [];
  if (branches == null || first == null) {
    return {
      filter: (after) => ({ app, ...behind(after), ...restFilter([plain]) }),
      hint: BY_ID,
    };
  }
  return {
    filter: (after) => {
      const alternatives = branches.map(({ lead, rest }) => ({
        app,
        [lead.field]: lead.value,
        // In every branch, so that each scan begins there.
        ...behind(after),
        ...restFilter(rest),
      }));
      const [only, ...others] = alternatives;
      return only != null && others.length === 0 ? only : { $or: alternatives };
    },
    hint: HINTS[first.lead.field],
  };
};

/** What could lead in this field. */
const wantedLeads = (plain: Expression, field: LeadField): Lead[] => {
  if (branchesOf(plain, field, UNCOUNTED) == null) return [];
  return plain.kind === 'and' || plain.kind === 'or'
    ? plain.of.flatMap((part) => wantedLeads(part, field))
    : (leadsOf(plain) ?? []);
};

const COUNT_CAP = 10_000;

/**
 * Counts what `expressionQuery` may choose from, each up to a cap of a few milliseconds; none when it has no choice.
 */
export const countLeads = async (
  devices: mongo.Collection<Device>,
  app: string,
  expression: Expression,
): Promise<LeadCounts> => {
  const plain = pushNegation(expression);
  const wanted = LEADING.flatMap((field) => wantedLeads(plain, field));
  const branches = cheapestBranches(plain, UNCOUNTED);
  if (branches == null || branches.length === wanted.length) return new Map();
  const different = new Map(wanted.map((lead) => [keyOf(lead), lead]));
  const counted = await fewAtOnce([...different], async ([key, { field, value }]) => {
    const options = { hint: HINTS[field], limit: COUNT_CAP };
    return [key, await devices.countDocuments({ app, [field]: value }, options)] as const;
  });
  return new Map(counted);
};
