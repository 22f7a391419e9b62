/** Finds the next sign, word or quoted text of an expression. */
import { ExpressionError } from './expression.js';

export interface Piece {
  readonly kind: 'sign' | 'word' | 'quoted' | 'end';
  /** Without quotes. */
  readonly text: string;
  readonly position: number;
  /** Where the next one begins, blanks before it included. */
  readonly end: number;
}

const BLANK = /\s*/y;
const SIGN = /!=|<=|>=|[&|!()=<>]/y;
// Within quotes a backslash keeps the character behind it.
const QUOTED = /"(?:[^"\\]|\\.)*"/sy;
const WORD = /[A-Za-z0-9_.:-]+/y;
/** A value may be a zone, or an instant with an offset. */
const VALUE = /[A-Za-z0-9_.:+/-]+/y;

const found = (pattern: RegExp, text: string, position: number): string | undefined => {
  pattern.lastIndex = position;
  return pattern.exec(text)?.[0];
};

/** Stands somewhere in a text. */
export class Scanner {
  #position = 0;

  constructor(private readonly text: string) {}

  /** Throws ExpressionError where there is none. */
  peek(): Piece {
    return this.#pieceWith(WORD);
  }

  /** The same where a value is due, whose words have more signs. */
  peekValue(): Piece {
    return this.#pieceWith(VALUE);
  }

  /** What stands behind a piece. */
  behind({ end }: Piece): Piece {
    const here = this.#position;
    this.#position = end;
    try {
      return this.peek();
    } finally {
      this.#position = here;
    }
  }

  pass({ end }: Piece): void {
    this.#position = end;
  }

  /** Passes the comma of a list, if it stands here. */
  passComma(): boolean {
    const position = this.#skipBlank();
    if (this.text[position] !== ',') return false;
    this.#position = position + 1;
    return true;
  }

  #skipBlank(): number {
    return this.#position + (found(BLANK, this.text, this.#position)?.length ?? 0);
  }

  #pieceWith(word: RegExp): Piece {
    const position = this.#skipBlank();
    const { text } = this;
    if (position >= text.length) return { kind: 'end', text: '', position, end: position };
    const sign = found(SIGN, text, position);
    if (sign != null) return { kind: 'sign', text: sign, position, end: position + sign.length };
    const plain = found(word, text, position);
    if (plain != null) return { kind: 'word', text: plain, position, end: position + plain.length };
    const quoted = found(QUOTED, text, position);
    if (quoted == null) {
      const fault = text[position] === '"' ? 'Unclosed quote' : 'Unexpected character';
      throw new ExpressionError(fault, position);
    }
    const inner = quoted.slice(1, -1).replace(/\\(.)/gs, '$1');
    return { kind: 'quoted', text: inner, position, end: position + quoted.length };
  }
}
