/** Names that a header may have in HTTP/2, in either direction. */

// RFC 9110 section 5.6.2, lower case only (RFC 9113 section 8.2).
const NAME = /^[a-z0-9!#$%&'*+.^_`|~-]+$/;
/** RFC 9113 section 8.2.2. */
const CONNECTION_SPECIFIC = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
]);

const MOST_REMEMBERED = 500;
const goodNames = new Set<string>();

export const isFieldName = (name: string): boolean => {
  if (goodNames.has(name)) return true;
  const isGood = NAME.test(name) && !CONNECTION_SPECIFIC.has(name);
  if (isGood && goodNames.size < MOST_REMEMBERED) goodNames.add(name);
  return isGood;
};
