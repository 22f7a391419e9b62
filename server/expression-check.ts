/** Tells a caller where an expression cannot be read, and what is allowed there. */
import { ExpressionError } from '../models/expression/expression.js';
import { problem } from './problems.js';

/** The problem to be thrown for an error of the reader; any other error as it is. */
export const unreadable = (
  code: 'EXPRESSION_INVALID' | 'TAG_EXPRESSION_INVALID',
  field: string,
  error: unknown,
): unknown =>
  error instanceof ExpressionError
    ? problem(code, { errors: [{ field, detail: error.message, position: error.position }] })
    : error;
