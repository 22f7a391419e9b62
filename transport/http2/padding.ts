/** Takes the padding off a frame (RFC 9113 sections 6.1 and 6.2). */
import { ConnectionError } from './connection-error.js';
import type { Frame } from './frame-reader.js';
import { ERROR } from './frames.js';

/** Where the payload without padding begins and ends. */
export const unpadded = ({ bytes, start, end }: Frame): [start: number, end: number] => {
  if (start === end) throw new ConnectionError(ERROR.frameSize, 'Padding without a length');
  const withoutPadding = end - bytes[start]!;
  if (withoutPadding < start + 1) {
    throw new ConnectionError(ERROR.protocol, 'Padding larger than the payload');
  }
  return [start + 1, withoutPadding];
};
