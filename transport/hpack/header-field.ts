/** A header field, and what it counts for in a table and in a list. */

export type HeaderField = readonly [name: string, value: string];

/** RFC 7541 section 4.1, and RFC 9113 section 6.5.2 for SETTINGS_MAX_HEADER_LIST_SIZE. */
const OVERHEAD_BYTES = 32;

export const fieldBytes = (name: string, value: string): number =>
  name.length + value.length + OVERHEAD_BYTES;
