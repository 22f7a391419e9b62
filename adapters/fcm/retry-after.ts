/** Reads a Retry-After header without a clock of ours: the reply brings its own. */
import type { TransportReply } from '../../transport/transport.js';

/** No header keeps a push longer than this; by then the vendor can say it again. */
const LONGEST_MS = 86_400_000;

/**
 * Milliseconds from the reply on, or undefined when it does not say. A date counts from the reply's own `date`.
 * https://www.rfc-editor.org/rfc/rfc9110#field.retry-after
 */
export const retryAfterMs = ({ headers }: TransportReply): number | undefined => {
  const value = headers['retry-after']?.trim();
  if (value == null || value === '') return undefined;
  const ms = /^\d+$/.test(value)
    ? Number(value) * 1000
    : Date.parse(value) - Date.parse(headers.date ?? '');
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), LONGEST_MS);
};
