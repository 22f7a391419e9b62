/** Reads a JSON body within its limit, and keeps the raw bytes beside what they mean. */
import express, {
  type NextFunction,
  type Request,
  type RequestHandler,
  type Response,
} from 'express';
import { problem } from '../problems.js';

/** The request with the bytes of its body, as they were before parsing. */
export interface RequestWithRawBody extends Request {
  rawBody?: Buffer;
}

export const jsonReader = (limitBytes: number): RequestHandler =>
  express.json({
    limit: limitBytes,
    type: 'application/json',
    verify: (req, _res, bytes) => {
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
  return req.body ?? {};
};
