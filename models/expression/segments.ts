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

const expansionOf = (
  name: string,
  start: number,
  lookup: Lookup,
  path: readonly string[],
): string => {
  const way = [...path, name];
  if (path.includes(name)) {
    throw new ExpressionError(`Segments use each other in a circle (${way.join(' > ')})`, start);
  }
  if (path.length >= MAX_NESTING) {
    throw new ExpressionError(
      `Segments nested deeper than ${MAX_NESTING} (${way.join(' > ')})`,
      start,
    );
  }
  const text = lookup(name);
  if (text == null) {
    throw new ExpressionError(
      `Expected the name of a segment that exists (${way.join(' > ')})`,
      start,
    );
  }
  return replaced(text, lookup, way);
};

const replaced = (text: string, lookup: Lookup, path: readonly string[]): string => {
  let whole = '';
  let done = 0;
  for (const { name, start, end } of segmentsIn(text)) {
    whole += `${text.slice(done, start)}(${expansionOf(name, start, lookup, path)})`;
    done = end;
    // Before the next: what grows like this would take for ever.
    if (whole.length > EXPANDED_LENGTH) break;
  }
  whole += text.slice(done);
  if (whole.length <= EXPANDED_LENGTH) return whole;
  const way = path.length === 0 ? '' : ` (${path.join(' > ')})`;
  throw new ExpressionError(`With its segments longer than ${EXPANDED_LENGTH} characters${way}`, 0);
};

/** For an error inside of a segment: where the text that was given uses it. */
const outermost = (text: string, lookup: Lookup, path: readonly string[]): void => {
  for (const { name, start } of segmentsIn(text)) {
    try {
      expansionOf(name, start, lookup, path);
    } catch (error) {
      if (!(error instanceof ExpressionError)) throw error;
      throw new ExpressionError(error.message.replace(/ at character \d+$/, ''), start);
    }
  }
};

/**
 * The text with every segment replaced by what it stands for. `own`: the name of the segment that the text is to be. Throws
 * ExpressionError, with a position in the text itself.
 */
export const expanded = (text: string, lookup: Lookup, own?: string): string => {
  const path = own == null ? [] : [own];
  outermost(text, lookup, path);
  const whole = replaced(text, lookup, path);
  try {
    parseExpression(whole, { expanded: true });
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    const fault = error.message.replace(/ at character \d+$/, '');
    throw new ExpressionError(`With its segments: ${fault}`, 0);
  }
  return whole;
};
