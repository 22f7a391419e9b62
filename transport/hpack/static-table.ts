/** The static table (RFC 7541 appendix A). */
import type { HeaderField } from './header-field.js';

const FIELDS: readonly HeaderField[] = [
  [':authority', ''],
  [':method', 'GET'],
  [':method', 'POST'],
  [':path', '/'],
  [':path', '/index.html'],
  [':scheme', 'http'],
  [':scheme', 'https'],
  [':status', '200'],
  [':status', '204'],
  [':status', '206'],
  [':status', '304'],
  [':status', '400'],
  [':status', '404'],
  [':status', '500'],
  ['accept-charset', ''],
  ['accept-encoding', 'gzip, deflate'],
  ['accept-language', ''],
  ['accept-ranges', ''],
  ['accept', ''],
  ['access-control-allow-origin', ''],
  ['age', ''],
  ['allow', ''],
  ['authorization', ''],
  ['cache-control', ''],
  ['content-disposition', ''],
  ['content-encoding', ''],
  ['content-language', ''],
  ['content-length', ''],
  ['content-location', ''],
  ['content-range', ''],
  ['content-type', ''],
  ['cookie', ''],
  ['date', ''],
  ['etag', ''],
  ['expect', ''],
  ['expires', ''],
  ['from', ''],
  ['host', ''],
  ['if-match', ''],
  ['if-modified-since', ''],
  ['if-none-match', ''],
  ['if-range', ''],
  ['if-unmodified-since', ''],
  ['last-modified', ''],
  ['link', ''],
  ['location', ''],
  ['max-forwards', ''],
  ['proxy-authenticate', ''],
  ['proxy-authorization', ''],
  ['range', ''],
  ['referer', ''],
  ['refresh', ''],
  ['retry-after', ''],
  ['server', ''],
  ['set-cookie', ''],
  ['strict-transport-security', ''],
  ['transfer-encoding', ''],
  ['user-agent', ''],
  ['vary', ''],
  ['via', ''],
  ['www-authenticate', ''],
];

/** Indices begin at 1; those of the dynamic table follow (RFC 7541 section 2.3.3). */
export const STATIC_FIELDS = FIELDS.length;

/** The field at an index of 1 to STATIC_FIELDS. */
export const staticField = (index: number): HeaderField => FIELDS[index - 1]!;

const firstIndices = new Map<string, number>();
FIELDS.forEach(([name], position) => {
  if (!firstIndices.has(name)) firstIndices.set(name, position + 1);
});

/** The first index with this name, or 0. */
export const staticNameIndex = (name: string): number => firstIndices.get(name) ?? 0;

/** The index of this name with this value, or 0. Fields of one name stand together. */
export const staticFieldIndex = (name: string, value: string): number => {
  for (let index = staticNameIndex(name); index > 0 && index <= STATIC_FIELDS; index += 1) {
    const [itsName, itsValue] = staticField(index);
    if (itsName !== name) return 0;
    if (itsValue === value) return index;
  }
  return 0;
};
