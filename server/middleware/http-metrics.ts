/** Counts and times HTTP requests by route template, never by path: ids must not become label values. */
import type { Request, RequestHandler } from 'express';
import { Counter, Histogram, type Registry } from 'prom-client';

/** What no route took: wrong paths, and requests refused before they reached a route. */
const UNMATCHED = 'unmatched';

/**
 * The path a router is mounted on is what stands before the part that the route matched. (`req.baseUrl` has been reset
 * by the time an error handler answers.)
 */
const mountOf = (path: string, template: string): string => {
  const isRoot = template === '/';
  const segments = path.replace(/\/$/, '').split('/');
  const own = isRoot ? 0 : template.split('/').length - 1;
  return segments.slice(0, segments.length - own).join('/');
};

const templateOf = (req: Request, path: string): string => {
  const own = (req.route as { path?: unknown } | undefined)?.path;
  if (typeof own !== 'string') return UNMATCHED;
  // A wildcard matches any number of segments, so nothing can be said about the mount.
  if (/[*{]/.test(own)) return own;
  const template = `${mountOf(path, own)}${own}`;
  return template.length > 1 ? template.replace(/\/$/, '') : template;
};

/** Mount it first, so that it sees every answer. Routers must be mounted on plain paths, without parameters. */
export const httpMetrics = (registry: Registry): RequestHandler => {
  const requests = new Counter({
    name: 'pigeonpost_http_requests_total',
    help: 'Requests by route and status',
    labelNames: ['method', 'route', 'status'],
    registers: [registry],
  });
  const seconds = new Histogram({
    name: 'pigeonpost_http_request_seconds',
    help: 'From the first byte of a request to the end of its answer',
    labelNames: ['method', 'route'],
    buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60],
    registers: [registry],
  });
  return (req, res, next) => {
    const startedAt = performance.now();
    // As the router will read it: the URL itself may name any host, or have a fragment, and would make any label.
    const { path } = req;
    // `close` comes also when the caller hangs up; an answer that was never finished has no status to tell.
    res.once('close', () => {
      const labels = { method: req.method, route: templateOf(req, path) };
      const status = res.writableFinished ? String(res.statusCode) : 'aborted';
      requests.inc({ ...labels, status });
      seconds.observe(labels, (performance.now() - startedAt) / 1_000);
    });
    next();
  };
};
