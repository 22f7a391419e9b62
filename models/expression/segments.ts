/** Segments: expressions with a name, which others may use by it. Puts what they stand for in their place. */
import { ExpressionError } from './expression.js';
import { parseExpression, type SegmentUse } from './parse.js';

export const SEGMENT_NAME = /^[a-z0-9][a-z0-9_-]{0,39}$/;

/** Segments within segments. */
export const MAX_NESTING = 5;

/** The segments that a text uses, in the order of the text. Throws ExpressionError where it cannot be read. */
export const segmentsIn = (text: string): SegmentUse[] => {
  const uses: SegmentUse[] = [];
  parseExpression(text, { onSegment: (use) => uses.push(use) });
  return uses;
};

/** Longer than this no expression becomes, with all that its segments stand for. */
export const EXPANDED_LENGTH = 20_000;

type Lookup = (name: string) => string | undefined;

const withoutPosition = ({ message }: ExpressionError): string =>
  message.replace(/ at character \d+$/, '');

/** Replaces segments in one text. Each that is used many times is read once for each level it is used on. */
class Expansion {
  readonly #known = new Map<string, string>();

  constructor(private readonly lookup: Lookup) {}

  /** `path`: the segments that the text stands in, from the outermost. */
  replaced(text: string, path: readonly string[]): string {
    let whole = '';
    let done = 0;
    // While it is built: what grows like this would take for ever.
    const add = (piece: string, position: number): void => {
      whole += piece;
      if (whole.length <= EXPANDED_LENGTH) return;
      const way = path.length === 0 ? '' : ` (${path.join(' > ')})`;
      const fault = `With its segments longer than ${EXPANDED_LENGTH} characters${way}`;
      throw new ExpressionError(fault, position);
    };
    for (const { name, start, end } of segmentsIn(text)) {
      try {
        add(`${text.slice(done, start)}(${this.#meaningOf(name, path)})`, start);
      } catch (error) {
        if (!(error instanceof ExpressionError)) throw error;
        // On every level, so that it ends as the position in the text that was given.
        throw new ExpressionError(withoutPosition(error), start);
      }
      done = end;
    }
    add(text.slice(done), 0);
    return whole;
  }

  #meaningOf(name: string, path: readonly string[]): string {
    // How deep it may still go depends on the level.
    const key = `${path.length}/${name}`;
    const known = this.#known.get(key);
    if (known != null) return known;
    const way = [...path, name];
    const fault = (what: string) => new ExpressionError(`${what} (${way.join(' > ')})`, 0);
    if (path.includes(name)) throw fault('Segments use each other in a circle');
    if (path.length >= MAX_NESTING) throw fault(`Segments nested deeper than ${MAX_NESTING}`);
    const text = this.lookup(name);
    if (text == null) throw fault('Expected the name of a segment that exists');
    const meaning = this.replaced(text, way);
    this.#known.set(key, meaning);
    return meaning;
  }
}

/**
 * The text with every segment replaced by what it stands for. `own`: the name of the segment that the text is to be. Throws
 * ExpressionError, with a position in the text itself.
 */
export const expanded = (text: string, lookup: Lookup, own?: string): string => {
  const whole = new Expansion(lookup).replaced(text, own == null ? [] : [own]);
  try {
    parseExpression(whole, { expanded: true });
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    throw new ExpressionError(`With its segments: ${withoutPosition(error)}`, 0);
  }
  return whole;
};
