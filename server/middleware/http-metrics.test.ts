import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { expect } from 'chai';
import express, { type NextFunction, type Request, type Response, Router } from 'express';
import { Registry } from 'prom-client';
import { httpMetrics } from './http-metrics.js';

const app = (registry: Registry) => {
  const v1 = Router();
  v1.get('/devices/:id', (req, res) => void res.json({ id: req.params.id }));
  v1.post('/devices/:id', () => {
    throw new Error('broken');
  });
  v1.get('/slow', () => undefined);
  v1.get('/', (_req, res) => void res.end());
  return express()
    .use(httpMetrics(registry))
    .get('/healthz', (_req, res) => void res.end())
    .use('/v1', v1)
    .use((_error: unknown, _req: Request, res: Response, _next: NextFunction) => {
      res.status(500).end();
    });
};

describe('HTTP metrics', () => {
  let registry: Registry;
  let server: ReturnType<typeof createServer>;
  let port: number;
  beforeEach(async () => {
    registry = new Registry();
    server = createServer(app(registry)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    ({ port } = server.address() as AddressInfo);
  });
  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  /** The next request's answer is over, and so is its measurement. */
  const nextClosed = (): Promise<void> =>
    new Promise((resolve) => {
      server.once('request', (_req, res) => res.once('close', resolve));
    });
  const ask = async (method: string, path: string): Promise<void> => {
    const closed = nextClosed();
    await fetch(`http://127.0.0.1:${port}${path}`, { method }).then((reply) => reply.text());
    await closed;
  };
  const counted = (method: string, route: string, status: string): string =>
    `pigeonpost_http_requests_total{method="${method}",route="${route}",status="${status}"}`;

  it('name the template of the route and never the ids in the path', async () => {
    await ask('GET', '/v1/devices/secret-1?tag=hush');
    await ask('GET', '/v1/devices/secret-2/');
    const text = await registry.metrics();
    expect(text).to.include(`${counted('GET', '/v1/devices/:id', '200')} 2\n`);
    expect(text).to.include(
      'pigeonpost_http_request_seconds_count{method="GET",route="/v1/devices/:id"} 2\n',
    );
    expect(text).not.to.match(/secret|hush/);
  });

  for (const url of [
    'http://made-up.example/v1/devices/x',
    '/v1/devices/x#made/up/here',
    '/v1/devices/x#?made=up',
  ]) {
    it(`name the template of ${url}, and nothing that the caller made up`, async () => {
      const closed = nextClosed();
      const socket = connect(port, '127.0.0.1');
      socket.end(`GET ${url} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`).resume();
      await closed;
      const text = await registry.metrics();
      expect(text).to.match(/_total\{method="GET",route="(\/v1\/devices\/:id|unmatched)"/);
      expect(text).not.to.include('made');
    });
  }

  it('name the whole template also when an error handler answers', async () => {
    await ask('POST', '/v1/devices/x');
    expect(await registry.metrics()).to.include(counted('POST', '/v1/devices/:id', '500'));
  });

  it('name the root of a router and a route without router', async () => {
    await ask('GET', '/v1');
    await ask('GET', '/healthz');
    const text = await registry.metrics();
    expect(text).to.include(counted('GET', '/v1', '200'));
    expect(text).to.include(counted('GET', '/healthz', '200'));
  });

  it('put everything that no route takes under one name', async () => {
    await ask('GET', '/wp-login.php');
    await ask('GET', '/v1/nothing/here');
    const text = await registry.metrics();
    expect(text).to.include(`${counted('GET', 'unmatched', '404')} 2\n`);
    expect(text).not.to.match(/wp-login|nothing/);
  });

  it('count a request whose caller hung up', async () => {
    const closed = nextClosed();
    const socket = connect(port, '127.0.0.1');
    socket.end('GET /v1/slow HTTP/1.1\r\nhost: x\r\n\r\n');
    await once(server, 'request');
    socket.destroy();
    await closed;
    expect(await registry.metrics()).to.include(counted('GET', '/v1/slow', 'aborted'));
  });
});
