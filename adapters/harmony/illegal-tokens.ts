/** Reads which tokens Huawei refused, and why, out of the `msg` of a reply. */

/** Reason by token. Undefined when `msg` is plain text, as it sometimes is. */
export const illegalTokens = (msg: unknown): ReadonlyMap<string, string> | undefined => {
  const groups = (parsedObject(msg) as { illegalTokens?: unknown } | undefined)?.illegalTokens;
  if (typeof groups !== 'object' || groups === null) return undefined;
  const reasons = new Map<string, string>();
  for (const [key, tokens] of Object.entries(groups)) {
    if (!Array.isArray(tokens)) continue;
    // A documented sample has blanks inside of a key.
    const reason = key.replaceAll(/\s/g, '');
    for (const token of tokens) if (typeof token === 'string') reasons.set(token.trim(), reason);
  }
  return reasons;
};

const parsedObject = (text: unknown): object | undefined => {
  if (typeof text !== 'string') return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
};
