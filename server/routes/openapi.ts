/** The API's own description. */
import joi from 'joi';
import { openApiDocument } from '../openapi/document.js';
import { type Route, route } from '../route.js';

/** `routes` is asked once, at the first request: the list that it is part of does not stand before. */
export const openApiRoute = (routes: () => readonly Route[]): Route => {
  let document: Record<string, unknown> | undefined;
  return route({
    method: 'get',
    path: '/openapi.json',
    id: 'getOpenApi',
    tag: 'service',
    summary: 'This description, OpenAPI 3.1',
    answers: {
      200: {
        description: 'The description',
        schema: joi.object({ openapi: joi.string().valid('3.1.0').required() }).unknown(true),
      },
    },
    handle: async () => {
      document ??= openApiDocument(routes());
      return { status: 200, body: document };
    },
  });
};
