/** What is wrong with a header block of the peer. */

export class HpackError extends Error {
  override readonly name = 'HpackError';
  /**
   * True: only the list is larger than we accept. The block was decoded to its end, the table is right, and the
   * connection can go on (RFC 9113 section 10.5.1). False: the connection must end with COMPRESSION_ERROR
   * (RFC 9113 section 4.3).
   */
  readonly tooLarge: boolean;

  constructor(message: string, { tooLarge = false }: { tooLarge?: boolean } = {}) {
    super(message);
    this.tooLarge = tooLarge;
  }
}
