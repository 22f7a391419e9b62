/** Puts together the replies of one connection, each up to its end (RFC 9113 section 8.1). */
import type { HeaderField } from '../hpack/decoder.js';
import type { ControlFrames } from './control-frames.js';
import type { Exchange } from './exchange.js';
import type { Frame } from './frame-reader.js';
import { ERROR, type ErrorCode } from './frames.js';
import type { Payload } from './incoming.js';
import { HEADER_LIST_BYTES, STREAM_WINDOW_BYTES } from './our-settings.js';
import { type ReplyHead, replyHead } from './reply-head.js';

export interface ReplyEnds {
  /** The reply is complete. */
  onWhole(exchange: Exchange): void;
  /** The peer broke the rules on this stream alone (section 5.4.2). */
  refuse(exchange: Exchange, code: ErrorCode): void;
}

const INFORMATIONAL_BELOW = 200;
const SWITCHING_PROTOCOLS = 101;

export class Replies {
  private lastFields: readonly HeaderField[] | undefined;
  private lastHead: ReplyHead | undefined;

  constructor(
    private readonly control: ControlFrames,
    private readonly ends: ReplyEnds,
  ) {}

  /** `fields` undefined: the list is larger than we accept. */
  onHeaders(
    exchange: Exchange,
    fields: readonly HeaderField[] | undefined,
    endsStream: boolean,
  ): void {
    if (fields === undefined) {
      exchange.fail(
        'reply-too-large',
        `The reply has headers of more than ${HEADER_LIST_BYTES} bytes`,
      );
    } else if (exchange.hasAnswer) {
      this.onTrailers(exchange, endsStream);
    } else {
      this.onHead(exchange, this.headOf(fields), endsStream);
    }
  }

  onData(exchange: Exchange, frame: Frame, { start, end, endsStream }: Payload): void {
    // Section 6.9.1: padding counts.
    exchange.receiveWindow -= frame.end - frame.start;
    if (!exchange.hasAnswer) return this.ends.refuse(exchange, ERROR.protocol);
    if (start < end) exchange.onData(frame.bytes, start, end);
    if (exchange.hasEnded) return;
    if (endsStream) this.onEnd(exchange);
    else this.replenish(exchange);
  }

  private headOf(fields: readonly HeaderField[]): ReplyHead | undefined {
    // A decoder that knows the block hands out the same list.
    if (fields !== this.lastFields) {
      this.lastHead = replyHead(fields);
      this.lastFields = fields;
    }
    return this.lastHead;
  }

  private onHead(exchange: Exchange, head: ReplyHead | undefined, endsStream: boolean): void {
    if (head === undefined) return this.ends.refuse(exchange, ERROR.protocol);
    // Informational replies come before the one that counts, and cannot end a stream.
    if (head.status < INFORMATIONAL_BELOW) {
      if (endsStream || head.status === SWITCHING_PROTOCOLS) {
        this.ends.refuse(exchange, ERROR.protocol);
      }
      return;
    }
    exchange.onHead(head);
    if (endsStream) this.onEnd(exchange);
  }

  /** Trailers end the stream. Nobody asks for what they say. */
  private onTrailers(exchange: Exchange, endsStream: boolean): void {
    if (endsStream) this.onEnd(exchange);
    else this.ends.refuse(exchange, ERROR.protocol);
  }

  private onEnd(exchange: Exchange): void {
    if (exchange.isWhole) this.ends.onWhole(exchange);
    else this.ends.refuse(exchange, ERROR.protocol);
  }

  private replenish(exchange: Exchange): void {
    if (exchange.receiveWindow * 2 > STREAM_WINDOW_BYTES) return;
    const increment = STREAM_WINDOW_BYTES - exchange.receiveWindow;
    exchange.receiveWindow = STREAM_WINDOW_BYTES;
    this.control.windowUpdate(exchange.streamId, increment);
  }
}
