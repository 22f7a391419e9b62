/** Gives every request an id: the caller's own when it is sane, else a new one. */
import { randomUUID } from 'node:crypto';
import type { RequestHandler, Response } from 'express';

const SANE_ID = /^[A-Za-z0-9._:-]{1,64}$/;

export const requestId: RequestHandler = (req, res, next) => {
  const given = req.get('x-request-id');
  const id = given != null && SANE_ID.test(given) ? given : randomUUID();
  res.locals.requestId = id;
  res.set('X-Request-Id', id);
  next();
};

export const requestIdOf = (res: Response): string => String(res.locals.requestId ?? '');
