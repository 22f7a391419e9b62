/** Every error a caller can see: one table of codes, and the problem document (RFC 9457) made from it. */

interface ProblemKind {
  readonly status: number;
  /** Sentence case, no full stop; the same for every occurrence. */
  readonly title: string;
}

/** Codes are part of the interface: never renamed, never reused. docs/errors.md explains each; a test holds the two together. */
export const PROBLEMS = {
  MALFORMED_REQUEST: { status: 400, title: 'The request cannot be read' },
  MALFORMED_JSON: { status: 400, title: 'The body is not valid JSON' },
  APP_NOT_NAMED: { status: 400, title: 'The operator key needs the app it speaks for' },
  IDEMPOTENCY_KEY_INVALID: { status: 400, title: 'The idempotency key is not usable' },
  IMPORT_INTERRUPTED: { status: 400, title: 'The import broke off in the middle' },
  UNAUTHENTICATED: { status: 401, title: 'No valid key was presented' },
  SCOPE_MISSING: { status: 403, title: 'The key lacks the scope that this needs' },
  ACCOUNT_PROOF_INVALID: { status: 403, title: 'The account proof does not prove this account' },
  NOT_FOUND: { status: 404, title: 'There is no such thing' },
  ROUTE_UNKNOWN: { status: 404, title: 'There is no such route' },
  METHOD_NOT_ALLOWED: { status: 405, title: 'The route does not take this method' },
  NOT_ACCEPTABLE: { status: 406, title: 'None of the accepted formats is offered' },
  APP_EXISTS: { status: 409, title: 'An app with this id exists' },
  SUPPRESSED: {
    status: 409,
    title: 'The token, installation or account was erased and has not agreed anew',
  },
  LIMIT_REACHED: { status: 409, title: 'It would be one more than there may be' },
  PURPOSE_VERSION_EXISTS: { status: 409, title: 'The version exists and cannot be changed' },
  SEGMENT_IN_USE: { status: 409, title: 'Other segments use this one' },
  TASK_STATE_CONFLICT: { status: 409, title: 'The state of the task does not allow this' },
  CAMPAIGN_STATE_CONFLICT: {
    status: 409,
    title: 'What the campaign is now does not allow this',
  },
  NOT_RECALLABLE: { status: 409, title: 'The task cannot be recalled, or not in this way' },
  BODY_TOO_LARGE: { status: 413, title: 'The body is too large' },
  PAYLOAD_TOO_LARGE: { status: 413, title: 'The message is larger than a vendor allows' },
  MEDIA_TYPE_UNSUPPORTED: { status: 415, title: 'The body has a type that is not taken here' },
  BODY_ENCODING_UNSUPPORTED: { status: 415, title: 'The body has an encoding that is not taken' },
  VALIDATION_FAILED: { status: 422, title: 'Some fields are not as they must be' },
  EXPRESSION_INVALID: { status: 422, title: 'The expression cannot be read' },
  TAG_EXPRESSION_INVALID: { status: 422, title: 'The tag expression cannot be read' },
  MESSAGE_INVALID: { status: 422, title: 'A vendor would refuse the message' },
  PURPOSE_UNKNOWN: { status: 422, title: 'The app has no such purpose' },
  PURPOSE_NOT_MAPPED: { status: 422, title: 'A vendor has no mapping for the purpose' },
  CREDENTIAL_REFUSED: { status: 422, title: 'The vendor refuses these credentials' },
  ENDPOINT_FORBIDDEN: { status: 422, title: 'An endpoint is at a private address' },
  IDEMPOTENCY_KEY_REUSED: {
    status: 422,
    title: 'The idempotency key was used for another request',
  },
  INTERNAL: { status: 500, title: 'Something went wrong on our side' },
  NOT_READY: { status: 503, title: 'The gateway cannot work now' },
  STORAGE_UNAVAILABLE: { status: 503, title: 'The database does not answer now' },
} as const satisfies Record<string, ProblemKind>;

export type ProblemCode = keyof typeof PROBLEMS;

/** One field at fault. */
export interface FieldError {
  /** A path such as `audience.tokens[3].vendor`; empty for the whole body. */
  readonly field: string;
  /** Sentence case, no full stop, says what is allowed. Never repeats the value: it may be a token. */
  readonly detail: string;
  /** Where in the field's text, 0-based, when that is known. */
  readonly position?: number;
}

export interface ProblemOptions {
  /** What is special about this occurrence. Sentence case, no full stop. */
  readonly detail?: string;
  readonly errors?: readonly FieldError[];
  readonly headers?: Readonly<Record<string, string>>;
  /** Further members of the document, for example the state of a task. */
  readonly members?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

/** Thrown anywhere under a route; the error handler turns it into its document. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';
  constructor(
    readonly code: ProblemCode,
    readonly options: ProblemOptions = {},
  ) {
    super(options.detail ?? PROBLEMS[code].title, { cause: options.cause });
  }

  get status(): number {
    return PROBLEMS[this.code].status;
  }
}

/** `throw problem('NOT_FOUND')`. */
export const problem = (code: ProblemCode, options?: ProblemOptions): ProblemError =>
  new ProblemError(code, options);

export interface ProblemDocument {
  type: string;
  title: string;
  status: number;
  code: ProblemCode;
  detail?: string;
  errors?: readonly FieldError[];
  requestId: string;
}

export const problemType = (code: ProblemCode): string =>
  `urn:pigeonpost:problem:${code.toLowerCase().replaceAll('_', '-')}`;

export const problemDocument = (error: ProblemError, requestId: string): ProblemDocument => {
  const { status, title } = PROBLEMS[error.code];
  const { detail, errors, members } = error.options;
  return {
    ...members,
    type: problemType(error.code),
    title,
    status,
    code: error.code,
    ...(detail == null ? {} : { detail }),
    ...(errors == null ? {} : { errors }),
    requestId,
  };
};
