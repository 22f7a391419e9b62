/** Reads a JSON body within its limit, and keeps the raw bytes beside what they mean. */
import { isUtf8 } from 'node:buffer';
import express, {
  type NextFunction,
  type Request,
  type RequestHandler,
  type Response,
} from 'express';
import { problem } from '../problems.js';
import { unfit } from './json-fitness.js';

/** The request with the bytes of its body, as they were before parsing. */
export interface RequestWithRawBody extends Request {
  rawBody?: Buffer;
}

/** With the type of an error of the body parser, which is told to the caller like the parser's own. */
const refuse = (type: 'charset.unsupported' | 'entity.parse.failed'): never => {
  throw Object.assign(new Error('The body is not UTF-8'), { type });
};

export const jsonReader = (limitBytes: number): RequestHandler =>
  express.json({
    limit: limitBytes,
    type: 'application/json',
    verify: (req, _res, bytes, charset) => {
      // JSON is UTF-8 (RFC 8259 section 8.1). Decoding would make one text of different wrong ones, accounts for example.
      if (charset !== 'utf-8') refuse('charset.unsupported');
      if (!isUtf8(bytes)) refuse('entity.parse.failed');
      (req as RequestWithRawBody).rawBody = bytes;
    },
  });

/** A POST without a body, as fetch sends it, has a length of zero and no type. */
const hasBody = (req: Request): boolean => req.get('content-length') !== '0';

/** Reads the body with `reader`; a body of another type is refused rather than ignored, none is an empty object. */
export const readJsonBody = async (
  reader: RequestHandler,
  req: Request,
  res: Response,
): Promise<unknown> => {
  if (hasBody(req) && req.is('application/json') === false) {
    throw problem('MEDIA_TYPE_UNSUPPORTED', { detail: 'Send application/json' });
  }
  await new Promise<void>((resolve, reject) => {
    const done = (error?: Error): void => (error == null ? resolve() : reject(error));
    void reader(req, res, done as NextFunction);
  });
  const fault = unfit(req.body);
  if (fault != null) throw problem('VALIDATION_FAILED', { errors: [fault] });
  return req.body ?? {};
};
