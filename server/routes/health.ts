/** Whether the process lives, whether it can work, and its metrics: open to everybody who reaches the port. */
import joi from 'joi';
import type { ApiParts } from '../parts.js';
import { problem } from '../problems.js';
import { type Route, route } from '../route.js';

const status = joi.object({ status: joi.string().valid('ok').required() });
const OK = { status: 'ok' };

const healthz = (): Route =>
  route({
    method: 'get',
    path: '/healthz',
    id: 'getHealth',
    tag: 'service',
    summary: 'Whether the process lives',
    answers: { 200: { description: 'It lives', schema: status, example: OK } },
    handle: async () => ({ status: 200, body: OK }),
  });

const readyz = ({ engine }: ApiParts): Route =>
  route({
    method: 'get',
    path: '/readyz',
    id: 'getReadiness',
    tag: 'service',
    summary: 'Whether requests and pushes can be worked on now',
    answers: { 200: { description: 'They can', schema: status, example: OK } },
    problems: ['NOT_READY'],
    handle: async () => {
      try {
        await engine.ready();
      } catch (error) {
        throw problem('NOT_READY', { cause: error, headers: { 'Retry-After': '1' } });
      }
      return { status: 200, body: OK };
    },
  });

const metricsRoute = ({ metrics }: ApiParts): Route =>
  route({
    method: 'get',
    path: '/metrics',
    id: 'getMetrics',
    tag: 'service',
    summary: 'Metrics in the text format of Prometheus',
    description: 'Holds no token, account or message, but counts by app: keep the port private.',
    answers: {
      200: {
        description: 'The metrics',
        content: {
          'text/plain': { schema: joi.string(), example: '# HELP process_cpu_seconds_total ...' },
        },
      },
    },
    handle: async ({ res }) => {
      res
        .status(200)
        .type(metrics.contentType)
        .send(await metrics.metrics());
      return undefined;
    },
  });

export const healthRoutes = (parts: ApiParts): Route[] => [
  healthz(),
  readyz(parts),
  metricsRoute(parts),
];
