/** Takes an error reply of a Google API apart. Nothing in it is believed before it is looked at. */
import type { TransportReply } from '../../transport/transport.js';

export interface ErrorReply {
  /** FCM's own code, else the status of the API; absent when the reply names neither. */
  readonly code: string | undefined;
  readonly message: string | undefined;
  /** Which fields of the request are at fault, and why. */
  readonly violations: readonly {
    readonly field: string | undefined;
    readonly description: string | undefined;
  }[];
}

const FCM_ERROR = 'type.googleapis.com/google.firebase.fcm.v1.FcmError';
const BAD_REQUEST = 'type.googleapis.com/google.rpc.BadRequest';

type Json = Readonly<Record<string, unknown>>;

const objectOf = (value: unknown): Json | undefined =>
  typeof value === 'object' && value !== null ? (value as Json) : undefined;
/** Codes are upper-case words; anything else in their place is not one. */
const codeOf = (value: unknown): string | undefined =>
  typeof value === 'string' && /^[A-Z][A-Z_]{1,60}$/.test(value) ? value : undefined;
const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;
const listOf = (value: unknown): readonly Json[] =>
  Array.isArray(value) ? value.map(objectOf).filter((item) => item != null) : [];

const parsed = (body: Buffer): Json | undefined => {
  try {
    return objectOf(JSON.parse(body.toString()));
  } catch {
    return undefined;
  }
};

/** Undefined for a page: something that is neither JSON nor empty, so not from the push service. */
export const errorReply = ({ body }: TransportReply): ErrorReply | undefined => {
  if (body.length === 0) return { code: undefined, message: undefined, violations: [] };
  const reply = parsed(body);
  if (!reply) return undefined;
  const error = objectOf(reply.error) ?? {};
  const details = listOf(error.details);
  const ofType = (type: string) => details.filter((detail) => detail['@type'] === type);
  const code =
    ofType(FCM_ERROR).flatMap((detail) => codeOf(detail.errorCode) ?? [])[0] ??
    codeOf(error.status);
  return {
    code,
    message: textOf(error.message),
    violations: ofType(BAD_REQUEST)
      .flatMap((detail) => listOf(detail.fieldViolations))
      .map(({ field, description }) => ({
        field: textOf(field),
        description: textOf(description),
      })),
  };
};
