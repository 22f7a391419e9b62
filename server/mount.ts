/** Puts routes onto an Express app, and answers other methods of their paths. */
import type { Express, RequestHandler } from 'express';
import type { Directory } from './directory.js';
import { handlerFactory } from './handler.js';
import type { ApiParts } from './parts.js';
import { problem } from './problems.js';
import type { Method, Route } from './route.js';

const otherMethods = (allowed: readonly Method[]): RequestHandler => {
  const methods = allowed.map((method) => method.toUpperCase());
  const allow = (methods.includes('GET') ? [...methods, 'HEAD'] : methods).join(', ');
  return (req, res) => {
    if (req.method !== 'OPTIONS')
      throw problem('METHOD_NOT_ALLOWED', { headers: { Allow: allow } });
    res.set('Allow', allow).status(204).end();
  };
};

export const mountRoutes = (
  express: Express,
  routes: readonly Route[],
  parts: ApiParts,
  directory: Directory,
): void => {
  const handlerOf = handlerFactory(parts, directory);
  for (const path of new Set(routes.map((route) => route.path))) {
    const here = routes.filter((route) => route.path === path);
    for (const route of here) express[route.method](path, handlerOf(route));
  }
  // Behind all routes, so that `/v1/devices/import` does not hide what `/v1/devices/:device` takes.
  for (const path of new Set(routes.map((route) => route.path))) {
    const methods = routes.filter((route) => route.path === path).map(({ method }) => method);
    express.all(path, otherMethods(methods));
  }
};
