/**
 * When to let the peer send more (RFC 9113 section 6.9). What comes is used at once, so the window never closes, and
 * memory is bounded by the limit on a reply instead.
 */

export class ReceiveWindow {
  private left: number;

  constructor(private readonly bytes: number) {
    this.left = bytes;
  }

  /** Returns what a WINDOW_UPDATE is to give back; 0 while more than half of the window is left. */
  spend(bytes: number): number {
    this.left -= bytes;
    if (this.left * 2 > this.bytes) return 0;
    const given = this.bytes - this.left;
    this.left = this.bytes;
    return given;
  }
}
