/** How much the peer may still send, and when to allow it more (RFC 9113 section 6.9). */

export class ReceiveWindow {
  private left: number;

  constructor(private readonly bytes: number) {
    this.left = bytes;
  }

  /** False when the peer has sent more than it was allowed. */
  take(bytes: number): boolean {
    this.left -= bytes;
    return this.left >= 0;
  }

  /** What a WINDOW_UPDATE gives back; 0 while more than half of the window is left. */
  replenishment(): number {
    if (this.left * 2 > this.bytes) return 0;
    const given = this.bytes - this.left;
    this.left = this.bytes;
    return given;
  }
}
