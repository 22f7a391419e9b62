/** The JSON mapping of protocol buffers, as far as FCM's messages need it: names, types, enums and oneofs. */
import type { FieldViolation } from './errors.js';

export type Shape =
  | { readonly kind: 'string' }
  | { readonly kind: 'bool' }
  | { readonly kind: 'int32' }
  | { readonly kind: 'float' }
  | { readonly kind: 'duration' }
  | { readonly kind: 'timestamp' }
  | { readonly kind: 'enum'; readonly type: string; readonly values: readonly string[] }
  | { readonly kind: 'list'; readonly of: Shape }
  | { readonly kind: 'stringMap' }
  /** Any JSON object. */
  | { readonly kind: 'struct' }
  | { readonly kind: 'message'; readonly fields: Fields; readonly oneofs?: Oneofs };

/** Names in snake_case. */
export type Fields = Readonly<Record<string, Shape>>;
/** The fields of which only one may be set. */
export type Oneofs = Readonly<Record<string, readonly string[]>>;

export type Json = Record<string, unknown>;

type Report = (field: string, description: string) => undefined;

const INT32_MAX = 2 ** 31 - 1;
const DURATION = /^-?\d{1,12}(\.\d{1,9})?s$/;
const TIMESTAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/;

/** Proto names of scalar types, for the texts of errors. */
const TYPE_NAMES: Partial<Record<Shape['kind'], string>> = {
  string: 'TYPE_STRING',
  bool: 'TYPE_BOOL',
  int32: 'TYPE_INT32',
  float: 'TYPE_FLOAT',
  duration: 'type.googleapis.com/google.protobuf.Duration',
  timestamp: 'type.googleapis.com/google.protobuf.Timestamp',
};

const snakeCase = (name: string): string =>
  name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value != null && !Array.isArray(value);

const isScalar = (kind: Shape['kind'], value: unknown): boolean => {
  switch (kind) {
    case 'string':
      return typeof value === 'string';
    case 'bool':
      return typeof value === 'boolean';
    case 'int32':
      return Number.isInteger(value) && Math.abs(Number(value)) <= INT32_MAX;
    case 'float':
      return typeof value === 'number';
    case 'duration':
      return typeof value === 'string' && DURATION.test(value);
    case 'timestamp':
      return typeof value === 'string' && TIMESTAMP.test(value);
    case 'enum':
    case 'list':
    case 'stringMap':
    case 'struct':
    case 'message':
      return false;
  }
};

/**
 * The value with all names in snake_case and nulls left out; undefined after a report. `unknown` keys, wrong types and a
 * second field of a oneof are reported.
 */
const normalize = (shape: Shape, value: unknown, path: string, report: Report): unknown => {
  switch (shape.kind) {
    case 'message':
      return normalizeMessage(shape, value, path, report);
    case 'struct':
      return isObject(value)
        ? value
        : report(path, `Invalid value at '${path}' (Map), "${String(value)}"`);
    case 'stringMap':
      return normalizeMap(value, path, report);
    case 'list':
      return Array.isArray(value)
        ? value.map((item, index) => normalize(shape.of, item, `${path}[${index}]`, report))
        : report(path, `Invalid value at '${path}', a list is expected`);
    case 'enum': {
      const name = typeof value === 'string' ? value.toUpperCase() : undefined;
      return name != null && shape.values.includes(name)
        ? name
        : report(path, `Invalid value at '${path}' (${shape.type}), ${JSON.stringify(value)}`);
    }
    case 'string':
    case 'bool':
    case 'int32':
    case 'float':
    case 'duration':
    case 'timestamp':
      return isScalar(shape.kind, value)
        ? value
        : report(
            path,
            `Invalid value at '${path}' (${TYPE_NAMES[shape.kind]}), ${JSON.stringify(value)}`,
          );
  }
};

const normalizeMap = (value: unknown, path: string, report: Report): unknown => {
  if (!isObject(value)) return report(path, `Invalid value at '${path}' (Map)`);
  for (const [key, item] of Object.entries(value)) {
    if (typeof item !== 'string') {
      return report(
        `${path}[0].value`,
        `Invalid value at '${path}[0].value' (TYPE_STRING), ${JSON.stringify(item)} of ${JSON.stringify(key)}`,
      );
    }
  }
  return value;
};

const normalizeMessage = (
  shape: Shape & { kind: 'message' },
  value: unknown,
  path: string,
  report: Report,
): unknown => {
  if (!isObject(value)) return report(path, `Invalid value at '${path}', an object is expected`);
  const normal: Json = {};
  for (const [key, item] of Object.entries(value)) {
    const name = snakeCase(key);
    // A capital in a snake_case spelling (`Collapse_Key`) is neither of the two forms.
    const field = key === name || !key.includes('_') ? shape.fields[name] : undefined;
    if (field == null || !Object.hasOwn(shape.fields, name)) {
      const where = path === '' ? '' : ` at '${path}'`;
      report(
        path,
        `Invalid JSON payload received. Unknown name "${key}"${where}: Cannot find field.`,
      );
      continue;
    }
    if (item === null) continue;
    const at = path === '' ? name : `${path}.${name}`;
    if (Object.hasOwn(normal, name)) report(at, `Field '${at}' is set twice`);
    normal[name] = normalize(field, item, at, report);
  }
  for (const [oneof, names] of Object.entries(shape.oneofs ?? {})) {
    const [first, second] = names.filter((name) => Object.hasOwn(normal, name));
    if (first != null && second != null) {
      report(
        path,
        `Invalid value at '${path}' (oneof), oneof field '${oneof}' is already set. Cannot set '${second}'`,
      );
    }
  }
  return normal;
};

export type Normalized =
  | { readonly value: Json }
  /** The first fault that was found. */
  | { readonly violation: FieldViolation };

export const readBySchema = (shape: Shape, value: unknown): Normalized => {
  const violations: FieldViolation[] = [];
  const normal = normalize(shape, value, '', (field, description) => {
    violations.push({ field, description });
    return undefined;
  });
  const [violation] = violations;
  return violation == null ? { value: normal as Json } : { violation };
};
