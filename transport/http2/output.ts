/** Collects frames in large pieces, and gives each piece to the socket in one write, once in a turn of the event loop. */

/** What a socket is here. */
export interface Sink {
  write(bytes: Uint8Array, onWritten: (error?: Error | null) => void): unknown;
}

const PIECE_BYTES = 64 * 1024;
/** Pieces kept for use again; the rest of a burst is left to the garbage collector. */
const SPARE_PIECES = 2;

interface Piece {
  readonly bytes: Buffer;
  readonly end: number;
  readonly mark: number;
}

export class Output {
  /** Where frames are written, from `at` on; `reserve` first, and advance `at` afterwards. */
  bytes: Buffer = Buffer.allocUnsafeSlow(PIECE_BYTES);
  at = 0;
  /** Travels with what has been written since it was last changed: see `handedOver`. */
  mark = 0;
  /** The mark of the last piece that was given to the socket: what is marked higher certainly has not left. */
  handedOver = 0;

  private readonly full: Piece[] = [];
  private readonly spare: Buffer[] = [];
  private isScheduled = false;
  private writing: Buffer | undefined;
  private isClosed = false;

  constructor(private readonly sink: Sink) {}

  /** Makes sure that so many bytes fit in one piece, and that they leave within this turn of the loop. */
  reserve(bytes: number): void {
    if (this.at + bytes > this.bytes.length) this.newPiece(bytes);
    if (this.isScheduled || this.writing !== undefined) return;
    this.isScheduled = true;
    setImmediate(this.flush);
  }

  /** Copies what is not written in place. */
  append(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.bytes.set(bytes, this.at);
    this.at += bytes.length;
  }

  /** Gives the socket all there is, now: for what must leave before the socket is closed. */
  finish(): void {
    for (const { bytes, end } of this.full) this.sink.write(bytes.subarray(0, end), ignore);
    if (this.at > 0) this.sink.write(this.bytes.subarray(0, this.at), ignore);
    this.handedOver = this.mark;
    this.close();
  }

  /** Forgets what was not handed over. */
  discard(): void {
    this.full.length = 0;
    this.at = 0;
    this.mark = this.handedOver;
  }

  /** Nothing leaves any more. */
  close(): void {
    this.isClosed = true;
    this.discard();
  }

  private newPiece(bytes: number): void {
    if (this.at > 0) this.full.push({ bytes: this.bytes, end: this.at, mark: this.mark });
    this.bytes =
      bytes > PIECE_BYTES
        ? Buffer.allocUnsafeSlow(bytes)
        : (this.spare.pop() ?? Buffer.allocUnsafeSlow(PIECE_BYTES));
    this.at = 0;
  }

  // One write at a time: while the socket is busy, more requests gather for the next.
  private readonly flush = (): void => {
    this.isScheduled = false;
    if (this.isClosed || this.writing !== undefined) return;
    let piece = this.full.shift();
    if (piece === undefined) {
      if (this.at === 0) return;
      piece = { bytes: this.bytes, end: this.at, mark: this.mark };
      this.bytes = this.spare.pop() ?? Buffer.allocUnsafeSlow(PIECE_BYTES);
      this.at = 0;
    }
    this.writing = piece.bytes;
    this.handedOver = piece.mark;
    this.sink.write(piece.bytes.subarray(0, piece.end), this.onWritten);
  };

  // Until now the socket may have read from the piece.
  private readonly onWritten = (): void => {
    const written = this.writing;
    this.writing = undefined;
    if (written?.length === PIECE_BYTES && this.spare.length < SPARE_PIECES) {
      this.spare.push(written);
    }
    this.flush();
  };
}

const ignore = (): void => {};
