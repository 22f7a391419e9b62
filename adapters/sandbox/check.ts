/** Finds what the sandbox refuses: only a message that is too large. Pure. */
import type { Message, Problem } from '../adapter.js';
import { largestField } from '../largest-field.js';

export const PAYLOAD_BYTES = 4096;

/** Counts title, body and data, in UTF-8. */
export const payloadBytes = ({ title = '', body = '', data = {} }: Message): number =>
  Buffer.byteLength([title, body, ...Object.entries(data).flat()].join(''));

export const check = (message: Message): Problem[] => {
  const bytes = payloadBytes(message);
  if (bytes <= PAYLOAD_BYTES) return [];
  const detail = `Payload is ${bytes} bytes, sandbox allows ${PAYLOAD_BYTES}`;
  return [{ code: 'PAYLOAD_TOO_LARGE', field: largestField(message), detail }];
};
