/** Names the field that makes a message large, so that its sender knows where to cut. */
import type { Message } from './adapter.js';

const FIELDS = ['title', 'body', 'data', 'overrides'] as const;

/** A path for `Problem.field`; fields are compared as JSON in UTF-8. */
export const largestField = (message: Message): string => {
  const sizes = FIELDS.map((field) => ({
    field,
    bytes: Buffer.byteLength(JSON.stringify(message[field] ?? '')),
  }));
  const largest = sizes.reduce((most, size) => (size.bytes > most.bytes ? size : most));
  return `message.${largest.field}`;
};
