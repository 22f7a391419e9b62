/** Cuts a stream of bytes into numbered lines, a bounded number at a time. */
import { problem } from '../problems.js';

export const MAX_LINE_BYTES = 64 * 1024;
export const LINES_AT_A_TIME = 1_000;
/** Of one import, the empty ones included. */
export const MAX_IMPORT_LINES = 5_000_000;

export interface Line {
  /** As an editor counts: the first is 1, empty ones count. */
  readonly number: number;
  readonly text: string;
  /** Why it cannot be read at all; `text` is empty then. */
  readonly fault?: string;
}

const NEWLINE = 0x0a;
const TOO_LONG = `Must have at most ${MAX_LINE_BYTES} bytes`;
const NOT_UTF8 = 'Must be UTF-8';
const BYTE_ORDER_MARK = '\ufeff';

/** Space and the control characters that trim() takes away, as bytes; a line break is one of them. */
const isBlankByte = (byte: number | undefined): boolean =>
  byte === 0x20 || (byte != null && byte >= 0x09 && byte <= 0x0d);

class LineCutter {
  #number = 0;
  #carry: Buffer[] = [];
  #carried = 0;

  constructor(private readonly maxLines: number) {}

  /** Lines that end in this chunk. */
  *cut(chunk: Buffer): Generator<Line> {
    let start = 0;
    for (;;) {
      if (this.#carried === 0) start = this.#skipBlank(chunk, start);
      const end = chunk.indexOf(NEWLINE, start);
      if (end < 0) break;
      yield this.#line(chunk.subarray(start, end));
      start = end + 1;
    }
    this.#keep(chunk.subarray(start));
  }

  /** What stands behind the last newline. */
  *rest(): Generator<Line> {
    if (this.#carried > 0) yield this.#line(Buffer.alloc(0));
  }

  /** Where the next line begins that is not blank. A few packed bytes hold millions of blank ones: they must cost nothing. */
  #skipBlank(chunk: Buffer, start: number): number {
    let next = start;
    for (let at = start; isBlankByte(chunk[at]); at += 1) {
      if (chunk[at] !== NEWLINE) continue;
      this.#count();
      next = at + 1;
    }
    return next;
  }

  /** Throws BODY_TOO_LARGE. */
  #count(): void {
    this.#number += 1;
    if (this.#number <= this.maxLines) return;
    throw problem('BODY_TOO_LARGE', { detail: `At most ${this.maxLines} lines are taken` });
  }

  #keep(part: Buffer): void {
    if (part.length === 0) return;
    this.#carried += part.length;
    // Of a line that is too long nothing needs to be remembered but that.
    if (this.#carried > MAX_LINE_BYTES) this.#carry = [];
    // A copy: the rest of the chunk would be held with it.
    else this.#carry.push(Buffer.from(part));
  }

  #line(part: Buffer): Line {
    this.#count();
    const number = this.#number;
    const length = this.#carried + part.length;
    const bytes = this.#carried > 0 ? Buffer.concat([...this.#carry, part]) : part;
    this.#carry = [];
    this.#carried = 0;
    if (length > MAX_LINE_BYTES) return { number, text: '', fault: TOO_LONG };
    const decoded = bytes.toString('utf8');
    if (decoded.includes('\ufffd')) return { number, text: '', fault: NOT_UTF8 };
    const whole = number === 1 && decoded.startsWith(BYTE_ORDER_MARK) ? decoded.slice(1) : decoded;
    return { number, text: whole.endsWith('\r') ? whole.slice(0, -1) : whole };
  }
}

const isBlank = ({ text, fault }: Line): boolean => fault == null && text.trim() === '';

/** Lines that are not empty, up to LINES_AT_A_TIME together; reads on only when asked to. Rejects with BODY_TOO_LARGE. */
export async function* lineGroups(
  source: AsyncIterable<Buffer>,
  { maxLines = MAX_IMPORT_LINES } = {},
): AsyncGenerator<Line[]> {
  const cutter = new LineCutter(maxLines);
  let group: Line[] = [];
  for await (const chunk of source) {
    for (const line of cutter.cut(chunk)) {
      if (isBlank(line)) continue;
      group.push(line);
      if (group.length < LINES_AT_A_TIME) continue;
      yield group;
      group = [];
    }
  }
  for (const line of cutter.rest()) if (!isBlank(line)) group.push(line);
  if (group.length > 0) yield group;
}
