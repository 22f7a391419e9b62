/** Refuses what HTTP/2 cannot carry: a peer would answer it by ending the stream, or the connection and everybody on it. */
import { isFieldName } from './field-name.js';
import { TransportError, type TransportRequest } from './transport.js';

const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
const PATH = /^\/[\x21-\x7e]*$/;
/** The transport's own. */
const OWN_NAMES = new Set(['host', 'content-length', 'te']);
const HEADER_BYTES = 32 * 1024;

const invalid = (message: string): TransportError => new TransportError('invalid', message, false);

/** Returns their bytes. Throws a TransportError `invalid` that names the header, never its value. */
const assertHeaders = (headers: TransportRequest['headers']): number => {
  let bytes = 0;
  for (const name in headers) {
    const value = headers[name];
    if (!isFieldName(name) || OWN_NAMES.has(name)) {
      throw invalid(`Header name ${JSON.stringify(name)} is not allowed`);
    }
    if (typeof value !== 'string' || !VALUE.test(value)) {
      throw invalid(`The value of header ${name} has characters that are not allowed`);
    }
    bytes += name.length + value.length;
  }
  return bytes;
};

/** What was found good once stays so: whoever shares a headers object among requests leaves it as it is. */
const bytesOfGood = new WeakMap<TransportRequest['headers'], number>();

const bytesOf = (headers: TransportRequest['headers']): number => {
  let bytes = bytesOfGood.get(headers);
  if (bytes === undefined) {
    bytes = assertHeaders(headers);
    bytesOfGood.set(headers, bytes);
  }
  return bytes;
};

/** Throws a TransportError `invalid` unless HTTP/2 can carry path and headers. */
export const assertSendable = ({ path, headers }: TransportRequest): void => {
  if (!PATH.test(path)) throw invalid('The path is not a visible ASCII path');
  if (bytesOf(headers) + path.length > HEADER_BYTES) {
    throw invalid(`The headers are larger than ${HEADER_BYTES} bytes`);
  }
};
