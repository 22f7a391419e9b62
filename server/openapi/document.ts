/** The OpenAPI 3.1 document, made from the routes themselves: it cannot tell anything else than they do. */
import joi from 'joi';
import { PROBLEMS } from '../problems.js';
import type { Route } from '../route.js';
import { jsonSchema } from './json-schema.js';
import { operation } from './operation.js';
import { expandedPaths, openApiPath } from './paths.js';

const problemSchema = joi
  .object({
    type: joi.string().required(),
    title: joi.string().required(),
    status: joi.number().integer().required(),
    code: joi
      .string()
      .valid(...Object.keys(PROBLEMS))
      .required(),
    detail: joi.string(),
    errors: joi.array().items(
      joi.object({
        field: joi.string().allow('').required().description('Such as `audience.tokens[3].vendor`'),
        detail: joi.string().required(),
        position: joi.number().integer().description('Where in the text of the field, from 0'),
      }),
    ),
    requestId: joi.string().required(),
  })
  .unknown(true)
  .description('An RFC 9457 problem document; docs/errors.md explains each code');

const TAGS = [
  { name: 'tasks', description: 'Push tasks and their reports' },
  { name: 'campaigns', description: 'Rules that create tasks' },
  { name: 'devices', description: 'Devices, their tags and their consent' },
  { name: 'consent', description: 'What people are asked to agree to, and how they decline' },
  { name: 'accounts', description: 'What is held about an account' },
  { name: 'segments', description: 'Audience expressions with a name' },
  { name: 'vendors', description: "Vendors' credentials and settings" },
  { name: 'apps', description: 'Apps and keys' },
  { name: 'service', description: 'The gateway itself' },
];

const pathsOf = (routes: readonly Route[]): Record<string, Record<string, unknown>> => {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of routes) {
    expandedPaths(route.path).forEach((path, index) => {
      // The longer form of a path with an optional part needs an id of its own.
      const id = index === 0 ? route.id : `${route.id}Profile`;
      const item = (paths[openApiPath(path)] ??= {});
      item[route.method] = operation(route, path, id);
    });
  }
  return paths;
};

export const openApiDocument = (routes: readonly Route[]): Record<string, unknown> => ({
  openapi: '3.1.0',
  info: {
    title: 'Pigeonpost',
    version: '1',
    summary: 'Mobile pushes with consent and a report for every device',
    license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
  },
  servers: [{ url: '/' }],
  tags: TAGS,
  paths: pathsOf(routes),
  components: {
    securitySchemes: {
      key: {
        type: 'http',
        scheme: 'bearer',
        description: '`<id>.<secret>` of a key with the named scope, or the operator key',
      },
    },
    headers: {
      RequestId: {
        description: 'Names the request in the log; the caller may send its own',
        schema: { type: 'string' },
      },
    },
    schemas: { Problem: jsonSchema(problemSchema) },
  },
});
