/** What an audience expression is once it is read: tags, comparisons of facts, and what joins them. */

/** Typed as it is stored; a version is its sortable key (version.ts), an age counts back from when the audience is planned. */
export type Literal =
  | { readonly type: 'text' | 'version'; readonly value: string }
  | { readonly type: 'number' | 'age'; readonly value: number }
  | { readonly type: 'boolean'; readonly value: boolean }
  | { readonly type: 'date'; readonly value: Date };

export type Operator = '=' | '!=' | '<' | '<=' | '>' | '>=' | 'within';

export interface Comparison {
  readonly kind: 'compare';
  /** A name of facts.ts, or `attr.<name>`. */
  readonly fact: string;
  readonly operator: Operator;
  /** One, or those of a list: any of them will do. */
  readonly values: readonly Literal[];
}

export type Leaf =
  | { readonly kind: 'tag'; readonly tag: string }
  | { readonly kind: 'has'; readonly fact: string }
  | Comparison;

export type Expression =
  | Leaf
  | { readonly kind: 'not'; readonly of: Expression }
  | { readonly kind: 'and' | 'or'; readonly of: readonly Expression[] };

export const EXPRESSION_LIMITS = {
  /** UTF-16 units of the whole text. */
  length: 2_000,
  /** Nested parentheses and negations. */
  depth: 20,
  /** Tags and values named, repetitions counted: each may become a branch of the query. */
  terms: 64,
  /** Characters of one tag; a device's tags obey the same limit. */
  tagLength: 64,
} as const;

/**
 * The same where segments have been replaced by what they stand for. A level may hold an `or` with an `and` in it, four levels of
 * BSON, and MongoDB takes 200 of them: deeper, a task would be accepted that nobody can plan.
 */
export const EXPANDED_LIMITS = { length: 25_000, depth: 40, terms: 256 } as const;

/** `position` is the 0-based index (UTF-16 units) in the text at which reading stopped; the message tells it too. */
export class ExpressionError extends Error {
  override readonly name = 'ExpressionError';
  constructor(
    fault: string,
    readonly position: number,
  ) {
    super(`${fault} at character ${position}`);
  }
}
