/** Reads audience expressions such as `vip & !(churned | trial) & appVersion < 3.2.0` into a tree. */
import {
  EXPANDED_LIMITS,
  EXPRESSION_LIMITS,
  type Expression,
  ExpressionError,
  type Literal,
} from './expression.js';
import { FACT_NAMES, type Fact, factOf, type WrittenOperator } from './facts.js';
import { type Piece, Scanner } from './scanner.js';

export interface ReadingOptions {
  /** Facts are not compared here. */
  readonly tagsOnly?: boolean;
  /** Segments have been replaced by what they stand for. */
  readonly expanded?: boolean;
  /** Told of each segment, which stands in the tree as a tag; without it segments are not allowed. */
  readonly onSegment?: (use: SegmentUse) => void;
}

/** Where a text uses a segment. */
export interface SegmentUse {
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

type Limits = Readonly<Record<'length' | 'depth' | 'terms', number>>;

const limitsOf = ({ expanded }: ReadingOptions): Limits =>
  expanded ? EXPANDED_LIMITS : EXPRESSION_LIMITS;

const WORD_OPERATORS = ['in', 'within', 'before', 'after'];
const SIGN_OPERATORS = ['=', '!=', '<', '<=', '>', '>='];

const isOperator = ({ kind, text }: Piece): boolean =>
  (kind === 'sign' && SIGN_OPERATORS.includes(text)) ||
  (kind === 'word' && WORD_OPERATORS.includes(text));

/** As it is compared: `in` is a list of what may equal. */
const PLAIN = { in: '=', before: '<', after: '>' } as const;
const plainOperator = (written: WrittenOperator) =>
  written === 'in' || written === 'before' || written === 'after' ? PLAIN[written] : written;

const checkedTag = ({ text, position }: Piece): string => {
  if (text === '') throw new ExpressionError('Expected a tag between the quotes', position);
  if (text.length > EXPRESSION_LIMITS.tagLength) {
    throw new ExpressionError(
      `A tag has at most ${EXPRESSION_LIMITS.tagLength} characters, this one begins`,
      position,
    );
  }
  return text;
};

/** Recursive descent; `!` binds closest, then `&`, then `|`. */
class Reader {
  readonly #scanner: Scanner;
  readonly #limits: Limits;
  #depth = 0;
  #terms = 0;

  constructor(
    text: string,
    private readonly options: ReadingOptions,
  ) {
    this.#scanner = new Scanner(text);
    this.#limits = limitsOf(options);
  }

  whole(): Expression {
    const expression = this.#row('or');
    const rest = this.#scanner.peek();
    if (rest.kind === 'end') return expression;
    throw new ExpressionError('Expected "&", "|" or the end', rest.position);
  }

  #row(kind: 'or' | 'and'): Expression {
    const operator = kind === 'or' ? '|' : '&';
    const parts: Expression[] = [];
    do {
      const part = kind === 'or' ? this.#row('and') : this.#factor();
      // (a | b) | c is a | b | c: fewer levels for the query.
      parts.push(...(part.kind === kind ? part.of : [part]));
    } while (this.#take(operator));
    const [only, ...others] = parts;
    return only != null && others.length === 0 ? only : { kind, of: parts };
  }

  #factor(): Expression {
    const piece = this.#scanner.peek();
    if (piece.kind === 'word' || piece.kind === 'quoted') return this.#leaf(piece);
    if (piece.text !== '!' && piece.text !== '(') {
      const allowed = this.options.tagsOnly ? 'a tag' : 'a tag, a fact';
      throw new ExpressionError(`Expected ${allowed}, "!" or "("`, piece.position);
    }
    this.#scanner.pass(piece);
    this.#depth += 1;
    if (this.#depth > this.#limits.depth) {
      throw new ExpressionError(`Nested deeper than ${this.#limits.depth} levels`, piece.position);
    }
    const inner =
      piece.text === '!' ? ({ kind: 'not', of: this.#factor() } as const) : this.#group();
    this.#depth -= 1;
    return inner;
  }

  #group(): Expression {
    const inner = this.#row('or');
    const closing = this.#scanner.peek();
    if (!this.#take(')')) {
      throw new ExpressionError('Expected "&", "|" or ")"', closing.position);
    }
    return inner;
  }

  /** A word is a tag unless what stands behind it makes it a fact, which no tag expression has ever allowed. */
  #leaf(piece: Piece): Expression {
    const next = this.#scanner.behind(piece);
    if (isOperator(next)) return this.#comparison(piece, next);
    if (piece.kind === 'word' && piece.text === 'has' && next.kind === 'word') {
      return this.#presence(piece, next);
    }
    if (piece.kind === 'word' && piece.text === 'segment' && next.text === '(') {
      return this.#segment(piece, next);
    }
    this.#scanner.pass(piece);
    this.#count(piece);
    return { kind: 'tag', tag: checkedTag(piece) };
  }

  #segment(word: Piece, opening: Piece): Expression {
    const { onSegment, tagsOnly } = this.options;
    if (onSegment == null) {
      const allowed = tagsOnly ? 'Only tags are' : 'No segments are';
      throw new ExpressionError(`${allowed} allowed here, a segment begins`, word.position);
    }
    this.#scanner.pass(opening);
    const name = this.#scanner.peek();
    if (name.kind !== 'word') throw new ExpressionError('Expected a name', name.position);
    this.#scanner.pass(name);
    const closing = this.#scanner.peek();
    if (!this.#take(')')) throw new ExpressionError('Expected ")"', closing.position);
    this.#count(word);
    onSegment({ name: name.text, start: word.position, end: closing.end });
    return { kind: 'tag', tag: name.text };
  }

  #presence(has: Piece, name: Piece): Expression {
    this.#fact(name, has.position);
    this.#scanner.pass(name);
    this.#count(name);
    return { kind: 'has', fact: name.text };
  }

  #comparison(name: Piece, operator: Piece): Expression {
    const fact = this.#fact(name, name.position);
    const written = fact.operators.find((one) => one === operator.text);
    if (written == null) {
      throw new ExpressionError(
        `Expected one of ${fact.operators.join(' ')} behind ${name.text}`,
        operator.position,
      );
    }
    this.#scanner.pass(operator);
    const values = written === 'in' ? this.#list(fact) : [this.#value(fact, written)];
    return { kind: 'compare', fact: name.text, operator: plainOperator(written), values };
  }

  #fact({ kind, text }: Piece, position: number): Fact {
    if (this.options.tagsOnly) {
      throw new ExpressionError('Only tags are allowed here, a comparison begins', position);
    }
    const fact = kind === 'word' ? factOf(text) : undefined;
    if (fact != null) return fact;
    throw new ExpressionError(`Expected one of ${FACT_NAMES.join(', ')}`, position);
  }

  #list(fact: Fact): Literal[] {
    const { position } = this.#scanner.peek();
    if (!this.#take('(')) throw new ExpressionError('Expected "("', position);
    const values: Literal[] = [];
    do values.push(this.#value(fact, 'in'));
    while (this.#scanner.passComma());
    const closing = this.#scanner.peek();
    if (!this.#take(')')) throw new ExpressionError('Expected "," or ")"', closing.position);
    return values;
  }

  #value(fact: Fact, operator: WrittenOperator): Literal {
    const piece = this.#scanner.peekValue();
    const { kind, text, position } = piece;
    const value =
      kind === 'word' || kind === 'quoted'
        ? fact.read({ text, quoted: kind === 'quoted' }, operator)
        : undefined;
    if (value == null) {
      throw new ExpressionError(`Expected ${fact.expects} behind ${operator}`, position);
    }
    this.#scanner.pass(piece);
    this.#count(piece);
    return value;
  }

  #count({ position }: Piece): void {
    this.#terms += 1;
    if (this.#terms <= this.#limits.terms) return;
    throw new ExpressionError(
      `More than ${this.#limits.terms} ${this.options.tagsOnly ? 'tags' : 'tags and values'}`,
      position,
    );
  }

  #take(text: string): boolean {
    const piece = this.#scanner.peek();
    if (piece.kind !== 'sign' || piece.text !== text) return false;
    this.#scanner.pass(piece);
    return true;
  }
}

/**
 * Tags stand bare (`[A-Za-z0-9_.:-]+`) or quoted (`"has blanks"`, `\"` and `\\` within); `&` binds closer than `|`. A word with
 * an operator behind it is a fact (facts.ts). Throws ExpressionError.
 */
export const parseExpression = (text: string, options: ReadingOptions = {}): Expression => {
  const { length } = limitsOf(options);
  if (text.length > length) {
    throw new ExpressionError(
      `An expression has at most ${length} characters, this one goes on`,
      length,
    );
  }
  return new Reader(text, options).whole();
};
