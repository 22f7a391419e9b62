/** Gathers the fragments of a header block from HEADERS and CONTINUATION (RFC 9113 sections 4.3, 6.2, 6.10). */
import { ConnectionError } from './connection-error.js';
import type { Frame } from './frame-reader.js';
import { ERROR, FLAG } from './frames.js';
import { unpadded } from './padding.js';

const PRIORITY_BYTES = 5;

export class HeaderBlock {
  /** The stream whose block is not complete, or 0: then only its CONTINUATION may come. */
  streamId = 0;
  /** Whether the stream ends with this block. */
  endsStream = false;
  private fragments: Buffer[] = [];
  private fragmentBytes = 0;

  constructor(private readonly mostBytes: number) {}

  /** Returns the block once it is complete; it may lie in the frame's own bytes. */
  headers(frame: Frame): Buffer | undefined {
    const { flags, streamId, bytes } = frame;
    this.endsStream = (flags & FLAG.endStream) !== 0;
    let { start, end } = frame;
    if ((flags & FLAG.padded) !== 0) [start, end] = unpadded(frame);
    if ((flags & FLAG.priority) !== 0) start += PRIORITY_BYTES;
    if (start > end) throw new ConnectionError(ERROR.frameSize, 'HEADERS without room for a block');
    const fragment = bytes.subarray(start, end);
    if ((flags & FLAG.endHeaders) !== 0) return fragment;
    this.streamId = streamId;
    this.add(fragment);
    return undefined;
  }

  continuation({ flags, bytes, start, end }: Frame): Buffer | undefined {
    this.add(bytes.subarray(start, end));
    if ((flags & FLAG.endHeaders) === 0) return undefined;
    const block = Buffer.concat(this.fragments);
    this.streamId = 0;
    this.fragments = [];
    this.fragmentBytes = 0;
    return block;
  }

  /** Copied, because the frame's bytes are good for this moment only. */
  private add(fragment: Buffer): void {
    this.fragmentBytes += fragment.length;
    // A block that is not decoded leaves the table wrong, so the connection cannot go on (section 10.5.1).
    if (this.fragmentBytes > this.mostBytes) {
      throw new ConnectionError(ERROR.enhanceYourCalm, 'A header block without end');
    }
    this.fragments.push(Buffer.from(fragment));
  }
}
