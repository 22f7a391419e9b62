/** Everything that can keep the embedded MongoDB from starting, each with a code of its own. */

export const EMBEDDED_MONGO_ERROR_CODES = [
  'UNSUPPORTED_PLATFORM',
  'NO_MONGOD',
  'FOLDER_NOT_WRITABLE',
  'DATA_IN_USE',
  'DATA_VERSION',
  'PORT_TAKEN',
  'START_FAILED',
] as const;
export type EmbeddedMongoErrorCode = (typeof EMBEDDED_MONGO_ERROR_CODES)[number];

/** Its message is for the operator: what is wrong, where, and what to do about it. */
export class EmbeddedMongoError extends Error {
  override readonly name = 'EmbeddedMongoError';
  constructor(
    readonly code: EmbeddedMongoErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
