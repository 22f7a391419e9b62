/** The header list of a request as node:http2 takes it. */
import type { OutgoingHttpHeaders } from 'node:http2';
import { assertSendable } from '../request-headers.js';
import type { TransportRequest } from '../transport.js';

/** Throws a TransportError `invalid`. */
export const requestHeaders = (
  authority: string,
  request: TransportRequest,
): OutgoingHttpHeaders => {
  assertSendable(request);
  return {
    ':method': 'POST',
    ':scheme': 'https',
    ':authority': authority,
    ':path': request.path,
    ...request.headers,
    'content-length': Buffer.byteLength(request.body),
  };
};
