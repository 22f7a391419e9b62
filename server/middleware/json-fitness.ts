/** What no JSON body may hold, whatever its schema: texts and names the database cannot keep as they are, and bottomless nesting. */
import type { FieldError } from '../problems.js';
import { jsonPath } from './validation.js';

/** MongoDB keeps 180 levels of a document, and a body becomes a part of one. */
export const MAX_DEPTH = 64;

interface Fault {
  readonly detail: string;
  /** From the inside out: it is written on the way back. */
  readonly steps: (string | number)[];
}

const fault = (detail: string): Fault => ({ detail, steps: [] });

const at = (step: string | number, found: Fault): Fault => {
  found.steps.push(step);
  return found;
};

/**
 * Joi drops `__proto__` without a word, the driver takes whatever has a `_bsontype` for a value of its own, and a name
 * ends at a NUL in BSON.
 */
const isBadName = (name: string): boolean =>
  name === '__proto__' || name === '_bsontype' || name.includes('\0') || !name.isWellFormed();

const inList = (list: readonly unknown[], depth: number): Fault | undefined => {
  for (const [index, item] of list.entries()) {
    const found = faultIn(item, depth);
    if (found != null) return at(index, found);
  }
  return undefined;
};

const inObject = (object: Readonly<Record<string, unknown>>, depth: number): Fault | undefined => {
  for (const name of Object.keys(object)) {
    const found = isBadName(name)
      ? fault('Is not a name that can be kept')
      : faultIn(object[name], depth);
    if (found != null) return at(name, found);
  }
  return undefined;
};

/** No deeper on the stack than the limit. */
const faultIn = (value: unknown, depth: number): Fault | undefined => {
  if (typeof value === 'string') {
    return value.isWellFormed() ? undefined : fault('Must be Unicode');
  }
  if (typeof value !== 'object' || value == null) return undefined;
  if (depth > MAX_DEPTH) return fault(`Must not be nested deeper than ${MAX_DEPTH} levels`);
  return Array.isArray(value)
    ? inList(value, depth + 1)
    : inObject(value as Record<string, unknown>, depth + 1);
};

/** The first fault of a parsed body. */
export const unfit = (body: unknown): FieldError | undefined => {
  const found = faultIn(body, 1);
  return found && { field: jsonPath(found.steps.toReversed()), detail: found.detail };
};
