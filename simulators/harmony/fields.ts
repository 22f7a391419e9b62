/** Small checks of single fields, so that a message's rules read as a list. */
export type Json = Record<string, unknown>;

export const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value != null && !Array.isArray(value);

/** Says what is wrong with a value; undefined when nothing is. */
export type Check = (value: unknown) => string | undefined;

export const text =
  (maxBytes = Infinity): Check =>
  (value) =>
    typeof value === 'string' && value !== '' && Buffer.byteLength(value) <= maxBytes
      ? undefined
      : `must be a text${maxBytes === Infinity ? '' : ` of at most ${maxBytes} bytes`}`;

export const matching =
  (pattern: RegExp, description: string): Check =>
  (value) =>
    typeof value === 'string' && pattern.test(value) ? undefined : `must be ${description}`;

export const int =
  (least: number, most: number): Check =>
  (value) =>
    Number.isInteger(value) && Number(value) >= least && Number(value) <= most
      ? undefined
      : `must be an integer from ${least} to ${most}`;

export const oneOf =
  (...allowed: readonly unknown[]): Check =>
  (value) =>
    allowed.includes(value) ? undefined : `must be one of ${allowed.join(', ')}`;

export const bool: Check = (value) =>
  typeof value === 'boolean' ? undefined : 'must be true or false';

export const object: Check = (value) => (isObject(value) ? undefined : 'must be an object');

export const listOf =
  (check: Check, most: number): Check =>
  (value) =>
    Array.isArray(value) && value.length <= most && value.every((item) => check(item) == null)
      ? undefined
      : `must be a list of at most ${most} items`;

export interface ObjectRules {
  readonly required?: Readonly<Record<string, Check>>;
  readonly optional?: Readonly<Record<string, Check>>;
}

/** The first fault of an object's fields, by path. Unknown names are faults too: most are misspelt. */
export const checkObject = (
  value: unknown,
  path: string,
  { required = {}, optional = {} }: ObjectRules,
): string | undefined => {
  if (!isObject(value)) return `${path} must be an object`;
  for (const name of Object.keys(required)) {
    if (value[name] === undefined) return `${path}.${name} is required`;
  }
  for (const [name, item] of Object.entries(value)) {
    const check = Object.hasOwn(required, name)
      ? required[name]
      : Object.hasOwn(optional, name)
        ? optional[name]
        : undefined;
    if (check == null) return `${path}.${name} is not known`;
    const fault = check(item);
    if (fault != null) return `${path}.${name} ${fault}`;
  }
  return undefined;
};
