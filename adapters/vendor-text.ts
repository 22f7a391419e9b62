/** Makes a vendor's own words fit for a report: short, on one line, and without tokens. */
import type { Target } from './adapter.js';

const MAX_CHARACTERS = 300;

/** `text` as a vendor sent it; the tokens of `targets` are taken out wherever it repeats them. */
export const vendorText = (text: unknown, targets: readonly Target[]): string | undefined => {
  if (typeof text !== 'string') return undefined;
  let safe = text;
  for (const { token } of targets) safe = safe.replaceAll(token, '[token]');
  // A token that was cut short by the vendor is long and unbroken; ordinary words are not.
  safe = safe
    .replace(/[\w:%+/=.-]{48,}/g, '[...]')
    .replace(/[\p{C}\s]+/gu, ' ')
    .trim();
  if (safe === '') return undefined;
  return safe.length > MAX_CHARACTERS ? `${safe.slice(0, MAX_CHARACTERS)}…` : safe;
};
