/** The plain HTTP side door of a simulator, for tests and people in another process. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Fault, FaultRefused, type Faults } from './faults.js';
import type { Records } from './records.js';
import type { AnswerRow } from './tokens.js';

export interface AdminParts {
  readonly records: Records;
  readonly faults: Faults;
  readonly answers: readonly AnswerRow[];
  /** Throws FaultRefused for an unknown answer. */
  makeToken(seed: string, answer: string | undefined): string;
  reset(): void;
  readonly port: number;
}

export interface RunningAdmin {
  readonly url: string;
  close(): Promise<void>;
}

type Handler = (url: URL, request: IncomingMessage) => unknown;

const HOST = '127.0.0.1';
const MAX_BODY_BYTES = 65_536;

const bodyOf = async (request: IncomingMessage): Promise<unknown> => {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) {
    text += String(chunk);
    if (text.length > MAX_BODY_BYTES) throw new FaultRefused('The body is too large');
  }
  try {
    return JSON.parse(text);
  } catch {
    throw new FaultRefused('The body must be JSON');
  }
};

/** Rows to be sent one a line, as they are asked for. */
class Lines {
  constructor(readonly rows: Iterable<unknown>) {}

  *[Symbol.iterator](): Generator<string> {
    for (const row of this.rows) yield `${JSON.stringify(row)}\n`;
  }
}

const routesOf = (parts: AdminParts): Record<string, Handler> => {
  const { records, faults } = parts;
  return {
    'GET /': () => ({ routes: Object.keys(routesOf(parts)) }),
    'GET /answers': () => parts.answers,
    'GET /counts': (url) => {
      const token = url.searchParams.get('token');
      return token == null ? records.counts() : records.countsOf(token);
    },
    'GET /received': (url) => [...records.list(url.searchParams.get('token') ?? undefined)],
    'GET /received.ndjson': () => new Lines(records.list()),
    'GET /tokens.ndjson': () => new Lines(records.tokens()),
    'GET /screen': (url) => records.screenOf(url.searchParams.get('token') ?? ''),
    'GET /token': (url) => ({
      token: parts.makeToken(
        url.searchParams.get('seed') ?? '',
        url.searchParams.get('answer') ?? undefined,
      ),
    }),
    'GET /faults': () => faults.list(),
    'POST /faults': async (_url, request) => {
      faults.add((await bodyOf(request)) as Fault);
      return faults.list();
    },
    'DELETE /faults': () => {
      faults.reset();
      return faults.list();
    },
    'POST /reset': () => {
      parts.reset();
      return records.counts();
    },
  };
};

const sendJson = (response: ServerResponse, status: number, body: unknown): void => {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(`${JSON.stringify(body)}\n`);
};

const answer = async (
  routes: Record<string, Handler>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> => {
  const url = new URL(request.url ?? '/', `http://${HOST}`);
  const handler = routes[`${request.method} ${url.pathname}`];
  if (handler == null) return sendJson(response, 404, { error: 'No such route, see GET /' });
  try {
    const result = await handler(url, request);
    if (!(result instanceof Lines)) return sendJson(response, 200, result);
    response.writeHead(200, { 'content-type': 'application/x-ndjson' });
    await pipeline(Readable.from(result), response);
  } catch (error) {
    if (response.headersSent) response.destroy();
    else if (error instanceof FaultRefused) sendJson(response, 400, { error: error.message });
    else sendJson(response, 500, { error: String(error) });
  }
};

/** Listens on loopback only. */
export const serveAdmin = async (parts: AdminParts): Promise<RunningAdmin> => {
  const routes = routesOf(parts);
  const server = createServer((request, response) => void answer(routes, request, response));
  server.listen(parts.port, HOST);
  await once(server, 'listening');
  return {
    url: `http://${HOST}:${(server.address() as AddressInfo).port}`,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
};
