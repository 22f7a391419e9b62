/** Turns an audience into a query that an index answers in the order of `_id`, so that it streams without sorting. */
import type { mongo, Types } from 'mongoose';
import type { Device } from './device.js';
import type { TagExpression } from './tag-expression.js';

/**
 * Makes the filter for the devices behind `after` (absent: from the first); sort by `_id` and give the hint. Nobody is
 * missed who was there when it began: ids never change. Who registers meanwhile may or may not be seen.
 */
export interface AudienceQuery {
  filter(after?: Types.ObjectId): mongo.Filter<Device>;
  readonly hint: Readonly<Record<string, 1>>;
}

/** Devices by tag, as far as it is known: tells which tag of a conjunction is the rarest. */
export type TagCounts = ReadonlyMap<string, number>;

/** Every matching device has `lead`; what else must hold is in `rest`. */
interface Branch {
  readonly lead: string;
  readonly rest: readonly TagExpression[];
}

const BY_TAG = { app: 1, tags: 1, _id: 1 } as const;
const BY_ID = { app: 1, _id: 1 } as const;

/** The same expression with negations on tags only, so that `!(!a | b)` shows that it needs `a`. */
const pushNegation = (expression: TagExpression, negated = false): TagExpression => {
  if (expression.kind === 'tag') return negated ? { kind: 'not', of: expression } : expression;
  if (expression.kind === 'not') return pushNegation(expression.of, !negated);
  const swapped = expression.kind === 'and' ? 'or' : 'and';
  return {
    kind: negated ? swapped : expression.kind,
    of: expression.of.map((part) => pushNegation(part, negated)),
  };
};

/**
 * Alternatives that each begin with a tag; undefined when a device without any tag could match. Only one part of a
 * conjunction leads, so there are never more branches than tags in the expression.
 */
const branchesOf = (expression: TagExpression, counts: TagCounts): Branch[] | undefined => {
  if (expression.kind === 'tag') return [{ lead: expression.tag, rest: [] }];
  if (expression.kind === 'not') return undefined;
  if (expression.kind === 'and') return branchesOfAnd(expression.of, counts);
  const branches = expression.of.map((part) => branchesOf(part, counts));
  return branches.every((found) => found != null) ? branches.flat() : undefined;
};

/** Keys that the scans of these branches read, then their number. */
const costOf = (branches: readonly Branch[], counts: TagCounts): readonly [number, number] => [
  branches.reduce((sum, { lead }) => sum + (counts.get(lead) ?? 0), 0),
  branches.length,
];

const branchesOfAnd = (
  parts: readonly TagExpression[],
  counts: TagCounts,
): Branch[] | undefined => {
  const [cheapest] = parts
    .flatMap((part) => {
      const branches = branchesOf(part, counts);
      return branches ? [{ part, branches, cost: costOf(branches, counts) }] : [];
    })
    .sort((left, right) => left.cost[0] - right.cost[0] || left.cost[1] - right.cost[1]);
  if (cheapest == null) return undefined;
  const others = parts.filter((part) => part !== cheapest.part);
  return cheapest.branches.map(({ lead, rest }) => ({ lead, rest: [...rest, ...others] }));
};

/** As an aggregation expression: the planner builds no index bounds from it, so it cannot lose the sorted scan. */
const asCondition = (expression: TagExpression): Record<string, unknown> => {
  switch (expression.kind) {
    case 'tag':
      return { $in: [{ $literal: expression.tag }, '$tags'] };
    case 'not':
      return { $not: [asCondition(expression.of)] };
    case 'and':
      return { $and: expression.of.map(asCondition) };
    case 'or':
      return { $or: expression.of.map(asCondition) };
  }
};

const restFilter = (rest: readonly TagExpression[]): mongo.Filter<Device> =>
  rest.length === 0 ? {} : { $expr: { $and: rest.map(asCondition) } };

const behind = (after: Types.ObjectId | undefined): mongo.Filter<Device> =>
  after ? { _id: { $gt: after } } : {};

/** All devices of an app. */
export const allQuery = (app: string): AudienceQuery => ({
  filter: (after) => ({ app, ...behind(after) }),
  hint: BY_ID,
});

/** The devices of an app whose tags make the expression true; with `counts`, the rarest tag leads a conjunction. */
export const tagQuery = (
  app: string,
  expression: TagExpression,
  counts: TagCounts = new Map(),
): AudienceQuery => {
  const plain = pushNegation(expression);
  const branches = branchesOf(plain, counts);
  if (branches == null) {
    return {
      filter: (after) => ({ app, ...behind(after), ...restFilter([plain]) }),
      hint: BY_ID,
    };
  }
  return {
    filter: (after) => {
      const alternatives = branches.map(({ lead, rest }) => ({
        app,
        tags: lead,
        // In every branch, so that each scan begins there.
        ...behind(after),
        ...restFilter(rest),
      }));
      const [only, ...others] = alternatives;
      return only != null && others.length === 0 ? only : { $or: alternatives };
    },
    hint: BY_TAG,
  };
};

/** The tags that could lead: those a match may need to have. */
const wantedTags = (plain: TagExpression): string[] => {
  if (plain.kind === 'tag') return [plain.tag];
  return plain.kind === 'not' ? [] : plain.of.flatMap(wantedTags);
};

const COUNT_CAP = 10_000;

/** Counts the tags among which `tagQuery` may choose, each up to a cap of a few milliseconds; none when it has no choice. */
export const countTags = async (
  devices: mongo.Collection<Device>,
  app: string,
  expression: TagExpression,
): Promise<TagCounts> => {
  const plain = pushNegation(expression);
  const wanted = wantedTags(plain);
  const branches = branchesOf(plain, new Map());
  if (branches == null || branches.length === wanted.length) return new Map();
  const counts = [...new Set(wanted)].map(async (tag) => {
    const count = await devices.countDocuments(
      { app, tags: tag },
      { hint: BY_TAG, limit: COUNT_CAP },
    );
    return [tag, count] as const;
  });
  return new Map(await Promise.all(counts));
};
