/** The peer broke the protocol in a way that ends the connection (RFC 9113 section 5.4.1). */
import type { ErrorCode } from './frames.js';

export class ConnectionError extends Error {
  override readonly name = 'ConnectionError';
  constructor(
    /** For our GOAWAY. */
    readonly code: ErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
