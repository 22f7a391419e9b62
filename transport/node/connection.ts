/** One HTTP/2 connection in use: opens streams within the peer's limit, and sorts out what became of each when it ends. */
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  constants,
  type IncomingHttpHeaders,
} from 'node:http2';
import type { TLSSocket } from 'node:tls';
import { type KeepAliveTimes, keepAlive } from '../keep-alive.js';
import type { Exchange } from './exchange.js';

export interface ConnectionOwner {
  /** A stream has ended, or the peer allows more of them. */
  onRoom(): void;
  /** Takes no further request; running ones go on. */
  onRetired(connection: Connection): void;
  /** The peer certainly did not process it. */
  onUnprocessed(exchange: Exchange): void;
  /** The socket is gone. */
  onClosed(connection: Connection): void;
}

export interface ConnectionSettings extends KeepAliveTimes {
  readonly streamsPerConnection: number;
  readonly idleTimeoutMs: number;
}

/** What `connect` hands over: TLS is up and the peer's SETTINGS have arrived. */
export interface OpenSession {
  readonly session: ClientHttp2Session;
  readonly socket: TLSSocket;
}

type Stream = ClientHttp2Stream & { exchange: Exchange; connection: Connection };

// A client has 2^30 stream ids: https://www.rfc-editor.org/rfc/rfc9113#section-5.1.1
const STREAMS_IN_A_LIFETIME = 2 ** 30 - 1;
/** How long a peer may keep a finished connection half open. */
const LINGER_MS = 1_000;

// Listeners are shared and find their exchange on the stream: five closures less for each request.
function onResponse(this: Stream, headers: IncomingHttpHeaders): void {
  this.connection.heard();
  if (this.exchange.isOn(this)) this.exchange.onResponse(headers);
}
function onData(this: Stream, chunk: Buffer): void {
  if (this.exchange.isOn(this)) this.exchange.onData(chunk);
}
function onEnd(this: Stream): void {
  // node:http2 ends the readable side of a broken stream too; only a stream that still stands has really ended.
  const isWhole = this.rstCode === constants.NGHTTP2_NO_ERROR && !this.destroyed;
  if (isWhole && this.exchange.isOn(this) && this.exchange.hasAnswer) this.exchange.onEnd();
}
function onError(): void {
  // Always followed by 'close', where it is dealt with.
}
function onClose(this: Stream): void {
  this.connection.streamClosed(this);
}

const brokenMessage = (stream: Stream): string =>
  `The stream ended with code ${stream.rstCode} before the answer was complete`;

export class Connection {
  private limit = 0;
  private active = 0;
  private opened = 0;
  hasAnswered = false;
  private isOpen = true;
  /** From GOAWAY; streams above it were not processed. */
  private lastStreamId = Number.POSITIVE_INFINITY;
  private readonly session: ClientHttp2Session;
  private readonly socket: TLSSocket;
  private readonly keepAlive: ReturnType<typeof keepAlive>;
  private readonly idleTimer: NodeJS.Timeout;

  constructor(
    { session, socket }: OpenSession,
    private readonly owner: ConnectionOwner,
    private readonly settings: ConnectionSettings,
  ) {
    this.session = session;
    this.socket = socket;
    this.keepAlive = keepAlive(session, settings);
    this.idleTimer = setTimeout(() => this.closeIfIdle(), settings.idleTimeoutMs).unref();
    this.obeySettings();
    session.on('remoteSettings', () => {
      this.obeySettings();
      this.owner.onRoom();
    });
    session.on('goaway', (code: number, lastStreamId: number) => this.goneAway(code, lastStreamId));
    session.on('error', onError);
    session.on('close', () => this.retire());
    socket.on('close', () => this.gone());
    // What keeps the process alive is the deadline of each request.
    socket.unref();
  }

  get hasRoom(): boolean {
    return this.isOpen && this.active < this.limit;
  }

  owns(stream: ClientHttp2Stream): boolean {
    return (stream as Stream).connection === this;
  }

  heard(): void {
    this.hasAnswered = true;
    this.keepAlive.heard();
  }

  /** Asks the peer for a sign of life now instead of at the next turn. */
  suspect(): void {
    if (this.isOpen) this.keepAlive.ping();
  }

  send(exchange: Exchange): void {
    const stream = this.open(exchange);
    if (!stream) return;
    exchange.sentOn(stream);
    stream.exchange = exchange;
    stream.connection = this;
    stream.on('response', onResponse);
    stream.on('data', onData);
    stream.on('end', onEnd);
    stream.on('error', onError);
    stream.on('close', onClose);
    this.active += 1;
    this.opened += 1;
    stream.end(exchange.request.body);
    if (this.opened === STREAMS_IN_A_LIFETIME) this.retire();
  }

  private open(exchange: Exchange): Stream | undefined {
    try {
      return this.session.request(exchange.requestHeaders, { endStream: false }) as Stream;
    } catch (error) {
      if (this.session.closed || this.session.destroyed) {
        this.retire();
        this.owner.onUnprocessed(exchange);
      } else {
        exchange.fail('invalid', 'HTTP/2 cannot carry this request', { cause: error });
      }
      return undefined;
    }
  }

  streamClosed(stream: Stream): void {
    this.active -= 1;
    const { exchange } = stream;
    if (exchange.isOn(stream)) {
      if (this.isUnprocessed(stream)) this.owner.onUnprocessed(exchange);
      else exchange.fail('reset', brokenMessage(stream), { cause: stream.errored });
    }
    if (this.isOpen) {
      if (this.active === 0) this.idleTimer.refresh();
      this.owner.onRoom();
    } else if (this.active === 0) {
      this.shutDown();
    }
  }

  private isUnprocessed(stream: Stream): boolean {
    if (stream.exchange.hasAnswer) return false;
    return (
      stream.rstCode === constants.NGHTTP2_REFUSED_STREAM ||
      stream.id === undefined ||
      stream.id > this.lastStreamId
    );
  }

  /** No further request; closes once the running ones are answered. */
  retire(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    clearTimeout(this.idleTimer);
    this.keepAlive.stop();
    this.owner.onRetired(this);
    if (this.active === 0) this.shutDown();
  }

  /** The peer cut it, without a GOAWAY, before it answered anything at all. */
  get wasUseless(): boolean {
    return (
      this.session.destroyed &&
      this.opened > 0 &&
      !this.hasAnswered &&
      this.lastStreamId === Number.POSITIVE_INFINITY
    );
  }

  /** Ends everything now. */
  destroy(): void {
    this.retire();
    this.session.destroy();
    this.socket.destroy();
  }

  private obeySettings(): void {
    const allowed = this.session.remoteSettings.maxConcurrentStreams ?? Number.POSITIVE_INFINITY;
    this.limit = Math.min(allowed, this.settings.streamsPerConnection);
  }

  private goneAway(code: number, lastStreamId: number): void {
    this.lastStreamId = Math.min(this.lastStreamId, lastStreamId);
    if (code !== constants.NGHTTP2_NO_ERROR) this.outliveGoaway();
    this.retire();
  }

  /**
   * After a GOAWAY with an error code node:http2 destroys the session, and with it streams that the peer still means to
   * answer. That one call, which follows this event at once, is turned into a graceful close.
   */
  private outliveGoaway(): void {
    const { session } = this;
    session.destroy = () => {
      Reflect.deleteProperty(session, 'destroy');
      session.close();
    };
  }

  private closeIfIdle(): void {
    if (this.active === 0) this.retire();
    else this.idleTimer.refresh();
  }

  private shutDown(): void {
    this.session.destroy();
    setTimeout(() => this.socket.destroy(), LINGER_MS).unref();
  }

  private gone(): void {
    this.retire();
    this.owner.onClosed(this);
  }
}
