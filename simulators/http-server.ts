/** A TLS server that speaks HTTP/2 (and HTTP/1.1 where the vendor does), strikes with faults, and records what arrived. */
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  constants,
  createSecureServer,
  type Http2SecureServer,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { decideWithFaults } from './decide.js';
import type { Ending, Exchange, VendorRules } from './exchange.js';
import type { Faults } from './faults.js';
import { Line } from './line.js';
import type { Records } from './records.js';
import type { KeyPair } from './tls.js';
import { type Answering, answeringHttp1, answeringStream, collect, parsedOrText } from './wire.js';

export interface ServerParts<Memory, Parsed> {
  readonly rules: VendorRules<Memory, Parsed>;
  readonly records: Records;
  readonly faults: Faults;
  readonly certificate: KeyPair;
  /** PEM. */
  readonly authority: string;
  readonly maxConcurrentStreams: number;
  readonly allowHttp1: boolean;
  readonly asksForCertificate: boolean;
}

const CLOSE_GRACE_MS = 1000;

const ignore = (): void => undefined;

const withoutQuery = (path = ''): string => path.split('?')[0] ?? '';

export class VendorServer<Memory, Parsed> {
  readonly #parts: ServerParts<Memory, Parsed>;
  readonly #server: Http2SecureServer;
  /** By the client's port: a session does not hand out its own. */
  readonly #sockets = new Map<number | undefined, Socket>();
  readonly #sessions = new Map<ServerHttp2Session, Line<Memory>>();
  readonly #http1Lines = new WeakMap<Socket, Line<Memory>>();
  readonly #timers = new Set<NodeJS.Timeout>();

  constructor(parts: ServerParts<Memory, Parsed>) {
    this.#parts = parts;
    this.#server = createSecureServer({
      cert: parts.certificate.cert,
      key: parts.certificate.key,
      ca: parts.authority,
      minVersion: 'TLSv1.2',
      requestCert: parts.asksForCertificate,
      rejectUnauthorized: false,
      allowHTTP1: parts.allowHttp1,
      settings: { maxConcurrentStreams: parts.maxConcurrentStreams, enablePush: false },
    });
    this.#subscribe(this.#server);
  }

  /** The port; 0 takes a free one. Rejects when it is taken. */
  async listen(port: number, host: string): Promise<number> {
    this.#server.listen(port, host);
    await once(this.#server, 'listening');
    return (this.#server.address() as AddressInfo).port;
  }

  /** Lets answers that are under way leave, for at most a second. */
  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const session of this.#sessions.keys()) {
      if (session.destroyed) continue;
      const debugData = Buffer.from(this.#parts.rules.goAwayData);
      session.goaway(constants.NGHTTP2_NO_ERROR, 0, debugData);
      session.close();
    }
    const patience = setTimeout(() => {
      for (const socket of this.#sockets.values()) socket.destroy();
    }, CLOSE_GRACE_MS);
    await closed;
    clearTimeout(patience);
    for (const timer of this.#timers) clearTimeout(timer);
  }

  #subscribe(server: Http2SecureServer): void {
    server.on('connection', (socket: Socket) => this.#onConnection(socket));
    server.on('session', (session) => this.#onSession(session));
    if (this.#parts.allowHttp1) {
      server.on('request', ((request: IncomingMessage, response: ServerResponse) =>
        this.#onHttp1(request, response)) as () => void);
      // A 'request' listener makes Node build its compatibility objects for every HTTP/2 stream too; nobody needs them.
      server.removeAllListeners('stream');
    }
    server.on('stream', ((
      stream: ServerHttp2Stream,
      headers: IncomingHttpHeaders,
      _flags: number,
      rawHeaders: string[],
    ) => this.#onStream(stream, headers, rawHeaders)) as () => void);
    server.on('sessionError', ignore);
    server.on('tlsClientError', ignore);
  }

  #onConnection(socket: Socket): void {
    if (this.#parts.faults.dropsConnection()) {
      socket.destroy();
      return;
    }
    const { remotePort } = socket;
    this.#sockets.set(remotePort, socket);
    socket.on('close', () => this.#sockets.delete(remotePort));
    socket.on('error', ignore);
  }

  #newLine(socket: TLSSocket, session?: ServerHttp2Session): Line<Memory> {
    const { rules, asksForCertificate } = this.#parts;
    const memory = rules.newMemory();
    return new Line({
      socket,
      memory,
      asksForCertificate,
      ...(session == null ? {} : { session }),
    });
  }

  #onSession(session: ServerHttp2Session): void {
    const line = this.#newLine(session.socket as TLSSocket, session);
    this.#sessions.set(session, line);
    session.on('error', ignore);
    session.on('close', () => this.#sessions.delete(session));
    this.#parts.rules.connected?.(line);
  }

  #onStream(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, rawHeaders: string[]): void {
    const session = stream.session;
    const line = session == null ? undefined : this.#sessions.get(session as ServerHttp2Session);
    stream.on('error', ignore);
    // The session can be gone before its streams are announced.
    if (session == null || line == null) return;
    line.opened(stream);
    const { remotePort } = session.socket;
    if (headers[':scheme'] !== 'https') {
      stream.close(constants.NGHTTP2_PROTOCOL_ERROR);
      return;
    }
    collect(stream, (body) => {
      // Whatever was read of a connection that has broken meanwhile, its vendor has got.
      if (!line.admits(stream)) return;
      const path = withoutQuery(headers[':path']);
      const method = headers[':method'] ?? '';
      this.#handle(
        { method, path, headers, rawHeaders, body, connection: line },
        answeringStream(stream, () => this.#sockets.get(remotePort)?.destroy()),
      );
    });
  }

  #onHttp1(request: IncomingMessage, response: ServerResponse): void {
    const socket = request.socket as TLSSocket;
    const line = this.#http1Lines.get(socket) ?? this.#newLine(socket);
    this.#http1Lines.set(socket, line);
    const { method = '', headers, rawHeaders } = request;
    const path = withoutQuery(request.url);
    collect(request, (body) =>
      this.#handle(
        { method, path, headers, rawHeaders, body, connection: line },
        answeringHttp1(response),
      ),
    );
  }

  #handle(exchange: Exchange<Memory>, answering: Answering): void {
    const { rules, faults, records } = this.#parts;
    const { decision, sendsGoAway } = decideWithFaults(rules, faults, exchange);
    records.add(decision.pushes, {
      path: exchange.path,
      headers: exchange.headers,
      body: () => parsedOrText(exchange.body),
    });
    if (sendsGoAway) exchange.connection.goAway(rules.goAwayData);
    this.#end(decision.ending, answering);
  }

  #end(ending: Ending, answering: Answering): void {
    switch (ending.kind) {
      case 'silent':
        return;
      case 'cut':
        return answering.cut();
      case 'reset':
        return answering.reset(ending.code);
      case 'reply': {
        const { status, headers = {}, body } = ending.reply;
        if (ending.delayMs == null) return answering.reply(status, headers, body);
        const timer = setTimeout(() => {
          this.#timers.delete(timer);
          answering.reply(status, headers, body);
        }, ending.delayMs);
        this.#timers.add(timer);
      }
    }
  }
}
