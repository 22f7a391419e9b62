/** The header list of a reply, checked (RFC 9113 sections 8.2 and 8.3). */
import { isFieldName } from '../field-name.js';
import type { HeaderField } from '../hpack/decoder.js';

export interface ReplyHead {
  readonly status: number;
  /** Undefined when the peer does not say. */
  readonly contentLength: number | undefined;
  readonly fields: readonly HeaderField[];
}

const STATUS = /^[1-9]\d\d$/;
const LENGTH = /^\d{1,15}$/;
// Section 8.2.1: these would be taken for something else wherever the value is passed on.

const FORBIDDEN_IN_VALUE = /[\0\r\n]/;

const isGood = ([name, value]: HeaderField): boolean =>
  isFieldName(name) && !FORBIDDEN_IN_VALUE.test(value);

/** Undefined when it is malformed (section 8.1.1). */
export const replyHead = (fields: readonly HeaderField[]): ReplyHead | undefined => {
  const [first] = fields;
  // Section 8.3: `:status`, once, before all others; no other pseudo field.
  if (first?.[0] !== ':status' || !STATUS.test(first[1])) return undefined;
  let contentLength: number | undefined;
  for (let index = 1; index < fields.length; index += 1) {
    const field = fields[index]!;
    if (!isGood(field)) return undefined;
    if (field[0] === 'content-length') {
      if (!LENGTH.test(field[1])) return undefined;
      contentLength = Number(field[1]);
    }
  }
  return { status: Number(first[1]), contentLength, fields };
};

/** Names as keys; what comes more than once is joined (RFC 9110 section 5.3). */
export const headersOf = ({ fields }: ReplyHead): Record<string, string> => {
  const headers: Record<string, string> = {};
  for (let index = 1; index < fields.length; index += 1) {
    const [name, value] = fields[index]!;
    const before = headers[name];
    headers[name] = before === undefined ? value : `${before}, ${value}`;
  }
  return headers;
};

/** The same value for one name. */
export const fieldOf = ({ fields }: ReplyHead, wanted: string): string | undefined => {
  let found: string | undefined;
  for (let index = 1; index < fields.length; index += 1) {
    const [name, value] = fields[index]!;
    if (name === wanted) found = found === undefined ? value : `${found}, ${value}`;
  }
  return found;
};
