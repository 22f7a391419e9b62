/** The header list of a request, refusing what node:http2 would answer by destroying the session and everybody on it. */
import type { OutgoingHttpHeaders } from 'node:http2';
import { TransportError, type TransportRequest } from './transport.js';

// RFC 9110 section 5.6.2, lower case only (RFC 9113 section 8.2).
const NAME = /^[a-z0-9!#$%&'*+.^_`|~-]+$/;
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
const PATH = /^\/[\x21-\x7e]*$/;
// The transport's own, and what RFC 9113 section 8.2.2 forbids.
const RESERVED_NAMES = new Set([
  'host',
  'content-length',
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
  'te',
  'http2-settings',
]);
const HEADER_BYTES = 32 * 1024;

const MOST_REMEMBERED_NAMES = 500;
const goodNames = new Set<string>();

const isGoodName = (name: string): boolean => {
  if (goodNames.has(name)) return true;
  const isGood = NAME.test(name) && !RESERVED_NAMES.has(name);
  if (isGood && goodNames.size < MOST_REMEMBERED_NAMES) goodNames.add(name);
  return isGood;
};

const invalid = (message: string): TransportError => new TransportError('invalid', message, false);

/** Throws a TransportError `invalid` that names the header, never its value. */
export const requestHeaders = (
  authority: string,
  request: TransportRequest,
): OutgoingHttpHeaders => {
  if (!PATH.test(request.path)) throw invalid('The path is not a visible ASCII path');
  const headers: OutgoingHttpHeaders = {
    ':method': 'POST',
    ':scheme': 'https',
    ':authority': authority,
    ':path': request.path,
  };
  let bytes = request.path.length;
  for (const name in request.headers) {
    const value = request.headers[name];
    if (!isGoodName(name)) throw invalid(`Header name ${JSON.stringify(name)} is not allowed`);
    if (typeof value !== 'string' || !VALUE.test(value)) {
      throw invalid(`The value of header ${name} has characters that are not allowed`);
    }
    bytes += name.length + value.length;
    headers[name] = value;
  }
  if (bytes > HEADER_BYTES) throw invalid(`The headers are larger than ${HEADER_BYTES} bytes`);
  headers['content-length'] = Buffer.byteLength(request.body);
  return headers;
};
