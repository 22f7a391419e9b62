/** Attributes of a device: what a backend knows about it, by name. */
import type { AttributeValue, Device } from './device.js';
import { keyOfText } from './expression/literal.js';

/** Of one device. */
export const MAX_ATTRIBUTES = 50;
export const MAX_ATTRIBUTE_TEXT = 256;

/** What is named is set, null removes it, the rest stays. */
export type AttributeChange = Readonly<Record<string, AttributeValue | null>>;

type Attributed = Pick<Device, 'attributes' | 'attributeKeys'>;

/** Null removes all. The same object when nothing changes. */
export const mergedAttributes = (
  before: Device['attributes'],
  change: AttributeChange | null,
): Device['attributes'] => {
  if (change == null) return undefined;
  const known = new Map(Object.entries(before ?? {}));
  const changes = Object.entries(change).filter(
    ([name, value]) => value !== (known.get(name) ?? null),
  );
  if (changes.length === 0) return before;
  for (const [name, value] of changes) {
    if (value === null) known.delete(name);
    else known.set(name, value);
  }
  return known.size === 0 ? undefined : Object.fromEntries(known);
};

/** Undefined when none of them is a text that reads as a date or a version. */
export const attributeKeysOf = (attributes: Device['attributes']): Device['attributeKeys'] => {
  const keys = Object.entries(attributes ?? {}).flatMap(([name, value]) => {
    const key = typeof value === 'string' ? keyOfText(value) : undefined;
    return key == null ? [] : [[name, key] as const];
  });
  return keys.length === 0 ? undefined : Object.fromEntries(keys);
};

export const hasTooManyAttributes = ({ attributes }: Attributed): boolean =>
  attributes != null && Object.keys(attributes).length > MAX_ATTRIBUTES;
