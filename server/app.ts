/** Builds the Express app from its parts. It never listens: `server/index.ts` and tests do. */
import express, { type Express } from 'express';
import helmet from 'helmet';
import { directory as makeDirectory } from './directory.js';
import { errorHandler } from './middleware/errors.js';
import { httpMetrics } from './middleware/http-metrics.js';
import { requestId } from './middleware/request-id.js';
import { mountRoutes } from './mount.js';
import type { ApiParts } from './parts.js';
import { problem } from './problems.js';
import { allRoutes } from './routes/index.js';

export const buildApp = (parts: ApiParts): Express => {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('query parser', 'simple');
  app.enable('case sensitive routing');
  app.use(httpMetrics(parts.metrics));
  app.use(helmet());
  app.use(requestId);
  const directory = makeDirectory(parts.connection);
  mountRoutes(app, allRoutes(parts, directory), parts, directory);
  app.use(() => {
    throw problem('ROUTE_UNKNOWN');
  });
  app.use(errorHandler(parts.logger));
  return app;
};
