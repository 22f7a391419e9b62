/** One connection of a client, with what the server must know about it to close it as HTTP/2 wants. */
import { constants, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import type { TLSSocket } from 'node:tls';
import type { Connection } from './exchange.js';

const certificateOf = (socket: TLSSocket): Connection<unknown>['certificate'] => {
  const subject = socket.getPeerCertificate()?.subject as unknown;
  return subject == null
    ? undefined
    : { authorized: socket.authorized, subject: subject as Record<string, string> };
};

export interface LineParts<Memory> {
  readonly socket: TLSSocket;
  /** Absent for HTTP/1.1. */
  readonly session?: ServerHttp2Session;
  readonly memory: Memory;
  readonly asksForCertificate: boolean;
}

export class Line<Memory> implements Connection<Memory> {
  readonly memory: Memory;
  readonly certificate?: NonNullable<Connection<Memory>['certificate']>;
  readonly #session: ServerHttp2Session | undefined;
  readonly #openStreams = new Set<ServerHttp2Stream>();
  #lastHandledId = 0;
  /** Set once GOAWAY was sent: streams above are not handled. */
  #lastAllowedId = Infinity;

  constructor(parts: LineParts<Memory>) {
    this.memory = parts.memory;
    this.#session = parts.session;
    const certificate = parts.asksForCertificate ? certificateOf(parts.socket) : undefined;
    if (certificate != null) this.certificate = certificate;
  }

  allowStreams(count: number): void {
    this.#session?.settings({ maxConcurrentStreams: count });
  }

  goAway(debugData: string): void {
    if (this.#session == null || this.#lastAllowedId !== Infinity) return;
    this.#lastAllowedId = this.#lastHandledId;
    if (this.#session.destroyed) return;
    this.#session.goaway(constants.NGHTTP2_NO_ERROR, this.#lastHandledId, Buffer.from(debugData));
    // The client may have sent more before it hears of this; it will send them elsewhere.
    for (const stream of this.#openStreams) this.#dropIfAbove(stream);
  }

  /** Follows a stream to its end. */
  opened(stream: ServerHttp2Stream): void {
    this.#openStreams.add(stream);
    stream.on('close', () => {
      this.#openStreams.delete(stream);
      const isDone = this.#lastAllowedId !== Infinity && this.#openStreams.size === 0;
      if (isDone) this.#session?.close();
    });
  }

  /** Whether a stream may be handled now; one above a GOAWAY is dropped. */
  admits(stream: ServerHttp2Stream): boolean {
    if (this.#dropIfAbove(stream)) return false;
    this.#lastHandledId = Math.max(this.#lastHandledId, stream.id ?? 0);
    return true;
  }

  #dropIfAbove(stream: ServerHttp2Stream): boolean {
    const isAbove = (stream.id ?? 0) > this.#lastAllowedId;
    if (isAbove && !stream.destroyed) stream.close(constants.NGHTTP2_REFUSED_STREAM);
    return isAbove;
  }
}
