/** What an operator reads about a vendor profile that rests. */
import type { Storm } from './storm.js';

export const refusalInWords = ({ reason, detail }: { reason: string; detail?: string }): string =>
  detail ?? `The vendor refuses the account (${reason}): check its settings`;

// https's own faults are named in transport/transport.ts; everything else is the vendor's word.
const TROUBLE: ReadonlyMap<string, string> = new Map([
  ['connect', 'The vendor cannot be reached: check the network, a proxy, and the endpoint'],
  ['timeout', 'The vendor does not answer in time'],
  ['reset', 'The vendor breaks off connections'],
  ['refused', 'The vendor takes no requests'],
  ['credential-unavailable', 'The service that issues access tokens does not answer'],
]);

export const stormInWords = ({ code, pushes }: Storm): string => {
  const trouble = TROUBLE.get(code) ?? 'The vendor answers with errors of its own';
  return `${trouble} (${code}, ${pushes} pushes in a row)`;
};
