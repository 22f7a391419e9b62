/** Holds what a caller sent against a joi schema, and names the fields at fault. */
import type { Schema, ValidationErrorItem } from 'joi';
import { type FieldError, problem } from '../problems.js';

/** A list of 5,000 bad tokens is told by its first faults. */
const MAX_ERRORS = 20;

// Joi's own text for a pattern repeats the value, which may be a token.
const MESSAGES = {
  'string.pattern.base': 'has a form that is not allowed',
  'string.pattern.name': 'must be {{#name}}',
  'string.pattern.invert.base': 'has a form that is not allowed',
  'string.pattern.invert.name': 'must not be {{#name}}',
  'object.unknown': 'is not a field that is known here',
};

/** `['audience', 'tokens', 3, 'vendor']` -> `audience.tokens[3].vendor`. */
export const jsonPath = (path: readonly (string | number)[]): string =>
  path.reduce<string>((text, step) => {
    if (typeof step === 'number') return `${text}[${step}]`;
    return text === '' ? step : `${text}.${step}`;
  }, '');

const asSentence = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

export const fieldErrors = (details: readonly ValidationErrorItem[]): FieldError[] =>
  details.slice(0, MAX_ERRORS).map(({ path, message }) => ({
    field: jsonPath(path),
    detail: asSentence(message.trim()),
  }));

export interface Checked<Value> {
  readonly value: Value;
  readonly errors?: FieldError[];
}

const strict = new WeakMap<Schema, Schema>();

/** The schema with our preferences in it: given with each value instead, they cost as much as the value itself. */
const strictOf = (schema: Schema): Schema => {
  const known = strict.get(schema);
  if (known != null) return known;
  const made = schema.prefs({
    abortEarly: false,
    allowUnknown: false,
    errors: { label: false, wrap: { label: false } },
    messages: MESSAGES,
  });
  strict.set(schema, made);
  return made;
};

/** The value with defaults filled in, or the fields at fault. Unknown fields are refused. */
export const check = <Value>(schema: Schema<Value>, given: unknown): Checked<Value> => {
  const { value, error } = strictOf(schema).validate(given) as {
    value: Value;
    error?: { details: ValidationErrorItem[] };
  };
  return error == null ? { value } : { value, errors: fieldErrors(error.details) };
};

/** Like `check`, but throws VALIDATION_FAILED. */
export const validated = <Value>(schema: Schema<Value>, given: unknown): Value => {
  const { value, errors } = check(schema, given);
  if (errors != null) throw problem('VALIDATION_FAILED', { errors });
  return value;
};
