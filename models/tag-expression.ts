/** Reads tag expressions such as `vip & !(churned | trial)` into a tree. */

export type TagExpression =
  | { readonly kind: 'tag'; readonly tag: string }
  | { readonly kind: 'not'; readonly of: TagExpression }
  | { readonly kind: 'and' | 'or'; readonly of: readonly TagExpression[] };

export const TAG_EXPRESSION_LIMITS = {
  /** UTF-16 units of the whole text. */
  length: 2_000,
  /** Nested parentheses and negations. */
  depth: 20,
  /** Tags named, repetitions counted: each may become a branch of the query. */
  tags: 64,
  /** Characters of one tag; a device's tags obey the same limit. */
  tagLength: 64,
} as const;

/** `position` is the 0-based index (UTF-16 units) in the text at which reading stopped; the message tells it too. */
export class TagExpressionError extends Error {
  override readonly name = 'TagExpressionError';
  constructor(
    fault: string,
    readonly position: number,
  ) {
    super(`${fault} at character ${position}`);
  }
}

interface Piece {
  readonly text: string;
  readonly position: number;
  /** Present when it is a tag. */
  readonly tag?: string;
}

const BLANK = /\s*/y;
// Within quotes a backslash keeps the character behind it.
const SYMBOL = /[&|!()]|"(?:[^"\\]|\\.)*"|[A-Za-z0-9_.:-]+/sy;

const readTag = (text: string, position: number): string => {
  const tag = text.startsWith('"') ? text.slice(1, -1).replace(/\\(.)/gs, '$1') : text;
  if (tag === '') throw new TagExpressionError('Expected a tag between the quotes', position);
  if (tag.length > TAG_EXPRESSION_LIMITS.tagLength) {
    throw new TagExpressionError(
      `A tag has at most ${TAG_EXPRESSION_LIMITS.tagLength} characters, this one begins`,
      position,
    );
  }
  return tag;
};

const readSymbols = (text: string): Piece[] => {
  const symbols: Piece[] = [];
  let tags = 0;
  for (let position = 0; ; ) {
    BLANK.lastIndex = position;
    BLANK.test(text);
    position = BLANK.lastIndex;
    if (position >= text.length) return symbols;
    SYMBOL.lastIndex = position;
    const found = SYMBOL.exec(text)?.[0];
    if (found == null) {
      throw new TagExpressionError(
        text[position] === '"' ? 'Unclosed quote' : 'Unexpected character',
        position,
      );
    }
    if (/^[&|!()]$/.test(found)) symbols.push({ text: found, position });
    else {
      symbols.push({ text: found, position, tag: readTag(found, position) });
      tags += 1;
      if (tags > TAG_EXPRESSION_LIMITS.tags) {
        throw new TagExpressionError(`More than ${TAG_EXPRESSION_LIMITS.tags} tags`, position);
      }
    }
    position += found.length;
  }
};

/** Recursive descent; `!` binds closest, then `&`, then `|`. */
class Reader {
  #next = 0;
  #depth = 0;

  constructor(
    private readonly symbols: readonly Piece[],
    private readonly end: number,
  ) {}

  whole(): TagExpression {
    const expression = this.#row('or');
    const rest = this.symbols[this.#next];
    if (rest) throw new TagExpressionError('Expected "&", "|" or the end', rest.position);
    return expression;
  }

  #row(kind: 'or' | 'and'): TagExpression {
    const operator = kind === 'or' ? '|' : '&';
    const parts: TagExpression[] = [];
    do {
      const part = kind === 'or' ? this.#row('and') : this.#factor();
      // (a | b) | c is a | b | c: fewer levels for the query.
      parts.push(...(part.kind === kind ? part.of : [part]));
    } while (this.#take(operator));
    const [only, ...others] = parts;
    return only != null && others.length === 0 ? only : { kind, of: parts };
  }

  #factor(): TagExpression {
    const symbol = this.symbols[this.#next];
    if (symbol?.tag != null) {
      this.#next += 1;
      return { kind: 'tag', tag: symbol.tag };
    }
    if (symbol?.text !== '!' && symbol?.text !== '(') {
      throw new TagExpressionError('Expected a tag, "!" or "("', symbol?.position ?? this.end);
    }
    this.#next += 1;
    this.#depth += 1;
    if (this.#depth > TAG_EXPRESSION_LIMITS.depth) {
      throw new TagExpressionError(
        `Nested deeper than ${TAG_EXPRESSION_LIMITS.depth} levels`,
        symbol.position,
      );
    }
    const inner =
      symbol.text === '!' ? ({ kind: 'not', of: this.#factor() } as const) : this.#group();
    this.#depth -= 1;
    return inner;
  }

  #group(): TagExpression {
    const inner = this.#row('or');
    const closing = this.symbols[this.#next];
    if (!this.#take(')')) {
      throw new TagExpressionError('Expected "&", "|" or ")"', closing?.position ?? this.end);
    }
    return inner;
  }

  #take(text: string): boolean {
    const symbol = this.symbols[this.#next];
    if (symbol == null || symbol.tag != null || symbol.text !== text) return false;
    this.#next += 1;
    return true;
  }
}

/**
 * Tags stand bare (`[A-Za-z0-9_.:-]+`) or quoted (`"has blanks"`, `\"` and `\\` within); `&` binds closer than `|`.
 * Throws TagExpressionError.
 */
export const parseTagExpression = (text: string): TagExpression => {
  if (text.length > TAG_EXPRESSION_LIMITS.length) {
    throw new TagExpressionError(
      `A tag expression has at most ${TAG_EXPRESSION_LIMITS.length} characters, this one goes on`,
      TAG_EXPRESSION_LIMITS.length,
    );
  }
  return new Reader(readSymbols(text), text.length).whole();
};
