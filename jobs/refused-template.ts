/** What becomes of a device for which a template has no message: no vendor is asked. */
import type { Outcome } from '../adapters/adapter.js';
import { Unresolved } from './template-text.js';

/** A word of reports. */
export const TEMPLATE_REFUSED = 'template';

/** Rethrows everything else. No value is repeated: it is of a person. */
export const refusedTemplate = (error: unknown): Outcome => {
  if (!(error instanceof Unresolved)) throw error;
  const { placeholder, kind, isMissing } = error;
  const detail = isMissing
    ? `No value for the placeholder ${placeholder}`
    : `The value of the placeholder ${placeholder} is no ${kind}`;
  return { kind: 'message-refused', reason: TEMPLATE_REFUSED, detail };
};
