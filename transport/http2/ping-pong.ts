/** PINGs of ours and their answers (RFC 9113 section 6.7). */
import type { ControlFrames } from './control-frames.js';
import { readUint32, writeUint32 } from './frames.js';

const PAYLOAD_BYTES = 8;

export class PingPong {
  private count = 0;
  private readonly waiting = new Map<number, () => void>();

  constructor(private readonly control: ControlFrames) {}

  ping(onAnswer: () => void): void {
    this.count += 1;
    this.waiting.set(this.count, onAnswer);
    const payload = new Uint8Array(PAYLOAD_BYTES);
    writeUint32(payload, 0, this.count);
    this.control.ping(payload);
  }

  /** An answer to what was never asked is ignored. */
  onPong(payload: Uint8Array): void {
    const count = readUint32(payload, 0);
    this.waiting.get(count)?.();
    this.waiting.delete(count);
  }
}
