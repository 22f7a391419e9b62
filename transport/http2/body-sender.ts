/** Sends bodies that do not fit in one frame within the peer's windows, as those open (RFC 9113 section 6.9). */
import { ConnectionError } from './connection-error.js';
import type { Exchange } from './exchange.js';
import {
  DEFAULT_FRAME_BYTES,
  DEFAULT_WINDOW_BYTES,
  ERROR,
  FLAG,
  FRAME,
  HEAD_BYTES,
  MOST_WINDOW_BYTES,
  writeHead,
} from './frames.js';
import type { Output } from './output.js';

export class BodySender {
  /** Of the connection. */
  private window = DEFAULT_WINDOW_BYTES;
  private initialWindow = DEFAULT_WINDOW_BYTES;
  private maxFrameBytes = DEFAULT_FRAME_BYTES;
  /** Those whose bodies are not out, the oldest first. */
  private readonly waiting = new Set<Exchange>();

  constructor(private readonly output: Output) {}

  /**
   * Whether a new stream's body may leave at once, in one frame; if so, its bytes are spent. What waits already goes first,
   * or a large body would never get the window.
   */
  spendWhole(exchange: Exchange, bodyBytes: number): boolean {
    exchange.sendWindow = this.initialWindow;
    if (bodyBytes === 0) return true;
    const isFree = this.waiting.size === 0 && bodyBytes <= this.maxFrameBytes;
    if (!isFree || bodyBytes > this.window || bodyBytes > this.initialWindow) return false;
    this.window -= bodyBytes;
    exchange.sendWindow -= bodyBytes;
    return true;
  }

  /** Sends what the windows allow now, and the rest when they open. */
  sendInParts(exchange: Exchange, body: Buffer): void {
    exchange.unsentBody = body;
    this.waiting.add(exchange);
    this.proceed();
  }

  forget(exchange: Exchange): void {
    exchange.unsentBody = undefined;
    this.waiting.delete(exchange);
  }

  openWindow(increment: number): void {
    this.window += increment;
    if (this.window > MOST_WINDOW_BYTES) {
      throw new ConnectionError(
        ERROR.flowControl,
        'The window of the connection is above 2^31 - 1',
      );
    }
    this.proceed();
  }

  /** False when that would be too large. */
  openStreamWindow(exchange: Exchange, increment: number): boolean {
    exchange.sendWindow += increment;
    if (exchange.sendWindow > MOST_WINDOW_BYTES) return false;
    this.proceed();
    return true;
  }

  /** RFC 9113 section 6.9.2: a new initial window changes all streams by the difference, also below zero. */
  obey(
    peer: { readonly initialWindowBytes: number; readonly maxFrameBytes: number },
    streams: Iterable<Exchange>,
  ): void {
    const difference = peer.initialWindowBytes - this.initialWindow;
    this.initialWindow = peer.initialWindowBytes;
    this.maxFrameBytes = peer.maxFrameBytes;
    if (difference === 0) return;
    for (const exchange of streams) {
      exchange.sendWindow += difference;
      if (exchange.sendWindow > MOST_WINDOW_BYTES) {
        throw new ConnectionError(ERROR.flowControl, 'The window of a stream is above 2^31 - 1');
      }
    }
    this.proceed();
  }

  private proceed(): void {
    for (const exchange of this.waiting) {
      if (this.window <= 0) return;
      this.sendPart(exchange);
    }
  }

  private sendPart(exchange: Exchange): void {
    let body = exchange.unsentBody;
    while (body !== undefined) {
      const bytes = Math.min(body.length, this.window, exchange.sendWindow, this.maxFrameBytes);
      if (bytes <= 0) return;
      const isLast = bytes === body.length;
      this.writeData(exchange.streamId, body.subarray(0, bytes), isLast);
      this.window -= bytes;
      exchange.sendWindow -= bytes;
      body = isLast ? undefined : body.subarray(bytes);
      exchange.unsentBody = body;
    }
    this.waiting.delete(exchange);
  }

  private writeData(streamId: number, part: Buffer, isLast: boolean): void {
    const { output } = this;
    output.reserve(HEAD_BYTES + part.length);
    const flags = isLast ? FLAG.endStream : 0;
    const head = { type: FRAME.data, flags, streamId, payloadBytes: part.length };
    const at = writeHead(output.bytes, output.at, head);
    output.bytes.set(part, at);
    output.at = at + part.length;
  }
}
