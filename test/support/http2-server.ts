/** A real TLS and HTTP/2 server on a free port of 127.0.0.1 that keeps what it sees, for tests of clients. */
import {
  createSecureServer,
  type Http2SecureServer,
  type IncomingHttpHeaders,
  type SecureServerOptions,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { certificates } from './certificates.js';

export interface Seen {
  readonly stream: ServerHttp2Stream;
  readonly headers: IncomingHttpHeaders;
  readonly path: string;
  readonly body: string;
}

export interface TestServer {
  readonly url: string;
  readonly port: number;
  readonly server: Http2SecureServer;
  /** All sessions ever opened, in order. */
  readonly sessions: ServerHttp2Session[];
  /** All requests read to their end, in order. */
  readonly seen: Seen[];
  /** Requests not answered yet, now and at the worst moment. */
  readonly open: { now: number; most: number };
  /** Cuts all connections without a word. */
  cut(): void;
  close(): Promise<void>;
}

export const answer = (stream: ServerHttp2Stream, body = '', status = 200): void => {
  if (stream.destroyed) return;
  stream.respond({ ':status': status });
  stream.end(body);
};

/** `onRequest` is called once a request is read to its end; by default it is answered with its own body. */
export const http2Server = async (
  onRequest: (seen: Seen) => void = ({ stream, body }) => answer(stream, body),
  options: SecureServerOptions = {},
): Promise<TestServer> => {
  const { cert, key } = await certificates();
  const server = createSecureServer({ cert, key, ...options });
  const sessions: ServerHttp2Session[] = [];
  const sockets: TLSSocket[] = [];
  const seen: Seen[] = [];
  const open = { now: 0, most: 0 };
  server.on('secureConnection', (socket: TLSSocket) => sockets.push(socket));
  server.on('session', (session) => {
    sessions.push(session);
    session.on('error', () => undefined);
  });
  server.on('stream', (stream, headers) => {
    open.now += 1;
    open.most = Math.max(open.most, open.now);
    let body = '';
    stream.setEncoding('utf8');
    stream.on('error', () => undefined);
    stream.on('data', (chunk: string) => {
      body += chunk;
    });
    stream.on('close', () => {
      open.now -= 1;
    });
    stream.on('end', () => {
      if (stream.destroyed) return;
      const request = { stream, headers, path: String(headers[':path']), body };
      seen.push(request);
      onRequest(request);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `https://127.0.0.1:${port}`,
    port,
    server,
    sessions,
    seen,
    open,
    cut: () => {
      for (const socket of sockets) socket.destroy();
    },
    close: () =>
      new Promise((resolve) => {
        for (const session of sessions) session.destroy();
        server.close(() => resolve());
      }),
  };
};
