/** A short name for an origin, equal for equal fields, computed once for each object. */
import { createHash } from 'node:crypto';
import type { Origin } from './transport.js';

const keys = new WeakMap<Origin, string>();

const keyOf = ({ url, credential, tls, proxy }: Origin): string => {
  const fields = [
    url,
    credential,
    proxy,
    tls?.ca,
    tls?.cert,
    tls?.key,
    tls?.pfx?.toString('base64'),
    tls?.passphrase,
  ];
  // Hashed, because private keys and passwords have no place among the keys of a long-lived map.
  return createHash('sha256')
    .update(JSON.stringify(fields.map((field) => field ?? null)))
    .digest('base64url');
};

export const originKey = (origin: Origin): string => {
  let key = keys.get(origin);
  if (key === undefined) {
    key = keyOf(origin);
    keys.set(origin, key);
  }
  return key;
};
