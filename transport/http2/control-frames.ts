/** Writes the frames that carry no request: SETTINGS, PING, GOAWAY, RST_STREAM, WINDOW_UPDATE (RFC 9113 section 6). */
import {
  type ErrorCode,
  FLAG,
  FRAME,
  HEAD_BYTES,
  PREFACE,
  writeHead,
  writeUint32,
} from './frames.js';
import type { Output } from './output.js';

export class ControlFrames {
  constructor(private readonly output: Output) {}

  /** RFC 9113 section 3.4: the preface, and SETTINGS as the first frame. */
  preface(settings: readonly (readonly [setting: number, value: number])[]): void {
    const { output } = this;
    output.append(PREFACE);
    const payloadBytes = settings.length * 6;
    let at = this.begin(FRAME.settings, 0, 0, payloadBytes);
    for (const [setting, value] of settings) {
      output.bytes[at] = setting >>> 8;
      output.bytes[at + 1] = setting;
      at = writeUint32(output.bytes, at + 2, value);
    }
    output.at = at;
  }

  settingsAck(): void {
    this.output.at = this.begin(FRAME.settings, FLAG.ack, 0, 0);
  }

  ping(payload: Uint8Array, flags = 0): void {
    const at = this.begin(FRAME.ping, flags, 0, payload.length);
    this.output.bytes.set(payload, at);
    this.output.at = at + payload.length;
  }

  /** The last stream is 0: a client takes no streams of the server. */
  goaway(code: ErrorCode): void {
    const at = this.begin(FRAME.goaway, 0, 0, 8);
    this.output.at = writeUint32(this.output.bytes, writeUint32(this.output.bytes, at, 0), code);
  }

  reset(streamId: number, code: ErrorCode): void {
    const at = this.begin(FRAME.reset, 0, streamId, 4);
    this.output.at = writeUint32(this.output.bytes, at, code);
  }

  /** Stream 0: for the connection. */
  windowUpdate(streamId: number, increment: number): void {
    const at = this.begin(FRAME.windowUpdate, 0, streamId, 4);
    this.output.at = writeUint32(this.output.bytes, at, increment);
  }

  /** Returns where the payload goes. */
  private begin(type: number, flags: number, streamId: number, payloadBytes: number): number {
    const { output } = this;
    output.reserve(HEAD_BYTES + payloadBytes);
    return writeHead(output.bytes, output.at, { type, flags, streamId, payloadBytes });
  }
}
