/** Cuts what comes from the socket into frames (RFC 9113 section 4.1), wherever the pieces begin and end. */
import { ConnectionError } from './connection-error.js';
import { DEFAULT_FRAME_BYTES, ERROR, HEAD_BYTES, readUint24, readUint31 } from './frames.js';

/** The payload is `bytes` from `start` to `end`. All of it is only good until the handler returns. */
export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
}

const NOTHING = Buffer.alloc(0);

export class FrameReader {
  /** One object for all frames: each costs nothing to hand over. */
  private readonly frame: { -readonly [Field in keyof Frame]: Frame[Field] } = {
    type: 0,
    flags: 0,
    streamId: 0,
    bytes: NOTHING,
    start: 0,
    end: 0,
  };
  /** The beginning of a frame whose rest has not come. */
  private readonly rest = Buffer.allocUnsafeSlow(HEAD_BYTES + DEFAULT_FRAME_BYTES);
  private restBytes = 0;

  constructor(private readonly onFrame: (frame: Frame) => void) {}

  /** Throws ConnectionError for a frame that is too large, and whatever the handler throws. */
  read(bytes: Buffer, length: number): void {
    let at = this.restBytes > 0 ? this.completeRest(bytes, length) : 0;
    while (length - at >= HEAD_BYTES) {
      const end = at + HEAD_BYTES + this.payloadBytes(bytes, at);
      if (end > length) break;
      this.hand(bytes, at, end);
      at = end;
    }
    if (at < length) this.keep(bytes, at, length);
  }

  /** Returns how much of `bytes` belonged to the frame that was begun. */
  private completeRest(bytes: Buffer, length: number): number {
    let at = 0;
    if (this.restBytes < HEAD_BYTES) {
      at = Math.min(HEAD_BYTES - this.restBytes, length);
      this.keep(bytes, 0, at);
      if (this.restBytes < HEAD_BYTES) return at;
    }
    const frameBytes = HEAD_BYTES + this.payloadBytes(this.rest, 0);
    const end = Math.min(at + frameBytes - this.restBytes, length);
    this.keep(bytes, at, end);
    if (this.restBytes === frameBytes) {
      this.restBytes = 0;
      this.hand(this.rest, 0, frameBytes);
    }
    return end;
  }

  private keep(bytes: Buffer, start: number, end: number): void {
    bytes.copy(this.rest, this.restBytes, start, end);
    this.restBytes += end - start;
  }

  private payloadBytes(bytes: Buffer, at: number): number {
    const payloadBytes = readUint24(bytes, at);
    if (payloadBytes > DEFAULT_FRAME_BYTES) {
      throw new ConnectionError(ERROR.frameSize, 'A frame is larger than we allow');
    }
    return payloadBytes;
  }

  private hand(bytes: Buffer, at: number, end: number): void {
    const { frame } = this;
    frame.type = bytes[at + 3]!;
    frame.flags = bytes[at + 4]!;
    frame.streamId = readUint31(bytes, at + 5);
    frame.bytes = bytes;
    frame.start = at + HEAD_BYTES;
    frame.end = end;
    this.onFrame(frame);
  }
}
