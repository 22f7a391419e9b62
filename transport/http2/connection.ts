/** One HTTP/2 connection in use: opens streams within the peer's limit, and sorts out what became of each when it ends. */
import type { HeaderField } from '../hpack/decoder.js';
import { type KeepAlive, type KeepAliveTimes, keepAlive } from '../keep-alive.js';
import { BodySender } from './body-sender.js';
import { ConnectionError } from './connection-error.js';
import { ControlFrames } from './control-frames.js';
import type { Carrier, Exchange } from './exchange.js';
import type { Frame } from './frame-reader.js';
import { DEFAULT_WINDOW_BYTES, ERROR, type ErrorCode, FLAG, LAST_STREAM_ID } from './frames.js';
import { Goodbye } from './goodbye.js';
import { Incoming, type Payload, type PeerEvents } from './incoming.js';
import type { Line } from './line.js';
import {
  CONNECTION_WINDOW_BYTES,
  HEADER_LIST_BYTES,
  HEADER_TABLE_BYTES,
  OUR_SETTINGS,
  STREAM_WINDOW_BYTES,
} from './our-settings.js';
import { Output } from './output.js';
import { PeerSettings } from './peer-settings.js';
import { PingPong } from './ping-pong.js';
import { ReceiveWindow } from './receive-window.js';
import { Replies, type ReplyEnds } from './replies.js';
import { RequestWriter } from './request-writer.js';

export interface ConnectionOwner {
  /** The peer's first SETTINGS have come: it can take requests. */
  onReady(connection: Connection): void;
  /** A stream has ended, or the peer allows more of them. */
  onRoom(connection: Connection): void;
  /** Takes no further request; running ones go on. */
  onRetired(connection: Connection): void;
  /** The peer certainly did not process it. */
  onUnprocessed(exchange: Exchange): void;
  /** The socket is gone. */
  onClosed(connection: Connection): void;
}

export interface ConnectionSettings extends KeepAliveTimes {
  readonly streamsPerConnection: number;
  readonly requestsPerConnection: number;
  readonly idleTimeoutMs: number;
}

export class Connection implements Carrier, PeerEvents, ReplyEnds {
  /** How many requests were answered. */
  answers = 0;
  hasAnswered = false;
  private limit = 0;
  private nextStreamId = 1;
  private opened = 0;
  private isReady = false;
  private isOpen = true;
  private isGone = false;
  /** From GOAWAY; streams above it were not processed. */
  private lastStreamId = Number.POSITIVE_INFINITY;
  private fault: Error | undefined;

  private readonly streams = new Map<number, Exchange>();
  private readonly peer = new PeerSettings();
  private readonly window = new ReceiveWindow(CONNECTION_WINDOW_BYTES);
  private readonly output: Output;
  private readonly control: ControlFrames;
  private readonly writer: RequestWriter;
  private readonly bodies: BodySender;
  private readonly replies: Replies;
  private readonly goodbye: Goodbye;
  private readonly incoming: Incoming;
  private readonly pings: PingPong;
  private readonly keepAlive: KeepAlive;
  private readonly idleTimer: NodeJS.Timeout;

  constructor(
    private readonly line: Line,
    authority: string,
    private readonly settings: ConnectionSettings,
    private readonly owner: ConnectionOwner,
  ) {
    const { socket } = line;
    this.output = new Output(socket);
    this.control = new ControlFrames(this.output);
    this.writer = new RequestWriter(this.output, authority);
    this.bodies = new BodySender(this.output);
    this.replies = new Replies(this.control, this);
    this.goodbye = new Goodbye(line, this.output, this.control);
    this.pings = new PingPong(this.control);
    this.incoming = new Incoming(this, {
      headerTableBytes: HEADER_TABLE_BYTES,
      headerListBytes: HEADER_LIST_BYTES,
    });
    this.keepAlive = keepAlive(this, settings);
    this.idleTimer = setTimeout(() => this.closeIfIdle(), settings.idleTimeoutMs).unref();
    // Its listener of errors stands since it was opened; here the reason is kept for those whose requests are cut.
    socket.on('error', (error) => {
      this.fault ??= error;
    });
    socket.on('close', () => this.onSocketClosed());
  }

  /** Says hello (section 3.4), and listens. */
  start(): void {
    this.control.preface(OUR_SETTINGS);
    this.control.windowUpdate(0, CONNECTION_WINDOW_BYTES - DEFAULT_WINDOW_BYTES);
    this.line.inlet.open((bytes, length) => this.read(bytes, length));
    // What keeps the process alive is the deadline of each request.
    this.line.socket.unref();
  }

  get hasRoom(): boolean {
    return this.isOpen && this.isReady && this.streams.size < this.limit;
  }

  /** How many more requests it takes now. */
  get room(): number {
    return this.hasRoom ? this.limit - this.streams.size : 0;
  }

  get isBusy(): boolean {
    return this.streams.size > 0;
  }

  /** For keep-alive: it asks only those that still take requests. */
  get closed(): boolean {
    return !this.isOpen;
  }

  get destroyed(): boolean {
    return this.isGone;
  }

  /** Why it ended before its time, if it did. */
  get error(): Error | undefined {
    return this.fault;
  }

  /** The peer cut it, without a GOAWAY, before it answered anything at all. */
  get wasUseless(): boolean {
    const hasGoaway = this.lastStreamId !== Number.POSITIVE_INFINITY;
    return this.isGone && this.opened > 0 && !this.hasAnswered && !hasGoaway;
  }

  ping(onAnswer: () => void): void {
    this.pings.ping(onAnswer);
  }

  /** Asks the peer for a sign of life now instead of at the next turn. */
  suspect(): void {
    if (this.isOpen) this.keepAlive.ping();
  }

  /** Only where there is room. */
  send(exchange: Exchange): void {
    const { request } = exchange;
    const streamId = this.nextStreamId;
    this.nextStreamId += 2;
    this.opened += 1;
    this.streams.set(streamId, exchange);
    exchange.sentOn(this, streamId);
    exchange.receiveWindow = STREAM_WINDOW_BYTES;
    const { body } = request;
    const bodyBytes = typeof body === 'string' ? Buffer.byteLength(body) : body.length;
    const outgoing = { streamId, request, bodyBytes };
    if (this.bodies.spendWhole(exchange, bodyBytes)) {
      this.writer.writeWhole(outgoing);
    } else {
      this.writer.writeHeaders(outgoing, 0);
      this.bodies.sendInParts(exchange, typeof body === 'string' ? Buffer.from(body) : body);
    }
    // RFC 9113 section 5.1.1: ids are not used again.
    const isSpent =
      this.opened >= this.settings.requestsPerConnection || this.nextStreamId > LAST_STREAM_ID;
    if (isSpent) this.retire();
  }

  cancel(exchange: Exchange): void {
    if (!this.streams.has(exchange.streamId)) return;
    this.control.reset(exchange.streamId, ERROR.cancel);
    this.release(exchange);
  }

  /** No further request; closes once the running ones are answered. */
  retire(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    clearTimeout(this.idleTimer);
    this.keepAlive.stop();
    this.owner.onRetired(this);
    if (this.streams.size === 0) this.shutDown();
  }

  /** Fails all that runs. */
  failAll(fail: (exchange: Exchange) => void): void {
    for (const exchange of [...this.streams.values()]) fail(exchange);
  }

  /** Ends everything now. */
  destroy(error?: Error): void {
    this.die(error ?? new Error('The connection was closed'));
    this.line.socket.destroy();
  }

  // What the peer says.

  hasOpened(streamId: number): boolean {
    return streamId % 2 === 1 && streamId < this.nextStreamId;
  }

  onHeaders(
    streamId: number,
    fields: readonly HeaderField[] | undefined,
    endsStream: boolean,
  ): void {
    const exchange = this.streams.get(streamId);
    if (exchange === undefined) return;
    this.hasAnswered = true;
    this.keepAlive.heard();
    this.replies.onHeaders(exchange, fields, endsStream);
  }

  onData(frame: Frame, payload: Payload): void {
    // Section 6.9.1: padding counts, and so does what comes for a stream that is over.
    const more = this.window.spend(frame.end - frame.start);
    if (more > 0) this.control.windowUpdate(0, more);
    const exchange = this.streams.get(frame.streamId);
    if (exchange !== undefined) this.replies.onData(exchange, frame, payload);
  }

  onReset(streamId: number, code: number): void {
    const exchange = this.streams.get(streamId);
    if (exchange === undefined) return;
    const isUnprocessed = code === ERROR.refusedStream && !exchange.hasAnswer;
    this.streams.delete(streamId);
    this.bodies.forget(exchange);
    // Section 8.7.
    if (isUnprocessed) this.owner.onUnprocessed(exchange);
    else this.failBroken(exchange, `The stream ended with code ${code}`);
    this.afterStream();
  }

  onSettings(frame: Frame): void {
    this.peer.apply(frame);
    this.writer.obey(this.peer);
    this.bodies.obey(this.peer, this.streams.values());
    this.limit = Math.min(this.peer.maxConcurrentStreams, this.settings.streamsPerConnection);
    this.control.settingsAck();
    if (!this.isReady) {
      this.isReady = true;
      this.owner.onReady(this);
    }
    if (this.isOpen) this.owner.onRoom(this);
  }

  onPing(payload: Uint8Array): void {
    this.control.ping(payload, FLAG.ack);
  }

  onPong(payload: Uint8Array): void {
    this.pings.onPong(payload);
  }

  /** Section 6.8. */
  onGoaway(lastStreamId: number): void {
    this.lastStreamId = Math.min(this.lastStreamId, lastStreamId);
    this.goodbye.say(ERROR.none);
    const unprocessed = [...this.streams.values()].filter(
      (exchange) => exchange.streamId > this.lastStreamId && !exchange.hasAnswer,
    );
    for (const exchange of unprocessed) {
      this.streams.delete(exchange.streamId);
      this.bodies.forget(exchange);
    }
    this.retire();
    for (const exchange of unprocessed) this.owner.onUnprocessed(exchange);
    this.afterStream();
  }

  onWindowUpdate(streamId: number, increment: number): void {
    if (streamId === 0) {
      // Section 6.9.
      if (increment === 0) throw new ConnectionError(ERROR.protocol, 'A WINDOW_UPDATE of 0');
      return this.bodies.openWindow(increment);
    }
    const exchange = this.streams.get(streamId);
    if (exchange === undefined) return;
    if (increment === 0) return this.refuse(exchange, ERROR.protocol);
    if (!this.bodies.openStreamWindow(exchange, increment)) {
      this.refuse(exchange, ERROR.flowControl);
    }
  }

  // What came of a reply.

  onWhole(exchange: Exchange): void {
    // A peer may answer without reading the body; the rest of it must not hold the stream open.
    if (exchange.unsentBody !== undefined) this.control.reset(exchange.streamId, ERROR.cancel);
    this.answers += 1;
    this.release(exchange);
    exchange.succeed();
  }

  refuse(exchange: Exchange, code: ErrorCode): void {
    this.control.reset(exchange.streamId, code);
    this.release(exchange);
    this.failBroken(exchange, `The peer broke the protocol (code ${code})`);
  }

  private read(bytes: Buffer, length: number): void {
    try {
      this.incoming.read(bytes, length);
    } catch (error) {
      this.breakOff(error as Error);
    }
  }

  private failBroken(exchange: Exchange, what: string): void {
    exchange.fail('reset', `${what} before the answer was complete`, { cause: this.fault });
  }

  private release(exchange: Exchange): void {
    this.streams.delete(exchange.streamId);
    if (exchange.unsentBody !== undefined) this.bodies.forget(exchange);
    this.afterStream();
  }

  private afterStream(): void {
    if (this.isOpen) {
      if (this.streams.size === 0) this.idleTimer.refresh();
      this.owner.onRoom(this);
    } else if (this.streams.size === 0) {
      this.shutDown();
    }
  }

  private closeIfIdle(): void {
    if (this.streams.size === 0) this.retire();
    else this.idleTimer.refresh();
  }

  /** Section 5.4.1: says why, and leaves. */
  private breakOff(error: Error): void {
    if (this.isGone) return;
    this.die(error);
    // Requests that were not handed over are sent elsewhere, so they must not leave here.
    this.output.discard();
    this.goodbye.say(error instanceof ConnectionError ? error.code : ERROR.internal);
    this.goodbye.hangUp();
  }

  private shutDown(): void {
    if (this.isGone) return;
    this.goodbye.say(ERROR.none);
    this.isGone = true;
    this.incoming.stop();
    this.goodbye.hangUp();
  }

  /** Nothing comes any more; what that means for each request depends on how far it got. */
  private die(error: Error): void {
    if (this.isGone) return;
    this.isGone = true;
    this.fault ??= error;
    this.incoming.stop();
    const running = [...this.streams.values()];
    this.streams.clear();
    this.retire();
    for (const exchange of running) {
      // What never left this process was not processed by anybody.
      if (exchange.streamId > this.output.handedOver) this.owner.onUnprocessed(exchange);
      else this.failBroken(exchange, 'The connection broke');
    }
  }

  private onSocketClosed(): void {
    this.die(new Error('The peer closed the connection'));
    this.output.close();
    this.owner.onClosed(this);
  }
}
