/** What went wrong before there was a connection, as the caller is told. */
import { ForbiddenAddressError } from './private-addresses.js';
import { TransportError } from './transport.js';

export const NO_HTTP2 = 'the peer does not speak HTTP/2 (no ALPN h2)';
const REASONS: Readonly<Record<string, string>> = {
  ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL: NO_HTTP2,
};

const reasonOf = (error: Error): string => {
  const { code } = error as NodeJS.ErrnoException;
  // The error of several attempted addresses has no message of its own.
  const first: unknown = error instanceof AggregateError ? error.errors[0] : error;
  return REASONS[code ?? ''] ?? (first instanceof Error ? first.message : error.message);
};

/** Nothing was sent in any of these cases. */
export const connectFault = (error: Error, where: string): TransportError =>
  error instanceof ForbiddenAddressError
    ? new TransportError('forbidden', error.message, false, { cause: error })
    : new TransportError('connect', `Cannot connect to ${where}: ${reasonOf(error)}`, false, {
        cause: error,
      });

/** The peer accepted a connection, and then did not want it. */
export const cutOffFault = (authority: string): TransportError =>
  new TransportError(
    'connect',
    `${authority} cut the connection before it answered anything`,
    false,
  );
