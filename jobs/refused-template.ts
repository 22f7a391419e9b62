/** What becomes of a device, or of a request, for which a template has no message: no vendor is asked. */
import type { Outcome, Problem } from '../adapters/adapter.js';
import { Unresolved, Unwritable } from './template-text.js';

/** A word of reports. */
export const TEMPLATE_REFUSED = 'template';

const unresolved = ({ placeholder, kind, isMissing }: Unresolved): string =>
  isMissing
    ? `No value for the placeholder ${placeholder}`
    : `The value of the placeholder ${placeholder} is no ${kind}`;

/** Rethrows everything that is not of a template's text. No value is repeated: it is of a person. */
const detailOf = (error: unknown): string => {
  if (error instanceof Unresolved) return unresolved(error);
  if (error instanceof Unwritable) return error.message;
  throw error;
};

const fieldOf = (error: unknown): string => (error instanceof Unwritable ? error.field : 'message');

export const refusedTemplate = (error: unknown): Outcome => ({
  kind: 'message-refused',
  reason: TEMPLATE_REFUSED,
  detail: detailOf(error),
});

/** The same, told to who sends or tries it. */
export const templateProblem = (error: unknown): Problem => {
  const detail = detailOf(error);
  const field = error instanceof Unresolved ? `message.data.${error.placeholder}` : fieldOf(error);
  return { code: 'MESSAGE_INVALID', field, detail };
};
