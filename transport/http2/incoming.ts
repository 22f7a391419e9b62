/** Takes the peer's frames apart and checks each against the rules of its type (RFC 9113 section 6). */
import { type HeaderField, HpackDecoder, HpackError } from '../hpack/decoder.js';
import { ConnectionError } from './connection-error.js';
import { type Frame, FrameReader } from './frame-reader.js';
import { ERROR, FLAG, FRAME, readUint31, readUint32 } from './frames.js';
import { HeaderBlock } from './header-block.js';
import { Nuisance } from './nuisance.js';
import { unpadded } from './padding.js';

/** What the frames mean. Each may throw ConnectionError. */
export interface PeerEvents {
  /** Whether this stream was opened at some time; it may be over. */
  hasOpened(streamId: number): boolean;
  /** Undefined: the list is larger than we accept. */
  onHeaders(
    streamId: number,
    fields: readonly HeaderField[] | undefined,
    endsStream: boolean,
  ): void;
  onData(frame: Frame, payload: Payload): void;
  onReset(streamId: number, code: number): void;
  onSettings(frame: Frame): void;
  onPing(payload: Uint8Array): void;
  onPong(payload: Uint8Array): void;
  onGoaway(lastStreamId: number, code: number): void;
  /** Stream 0: the connection. */
  onWindowUpdate(streamId: number, increment: number): void;
}

/** Of DATA, without its padding. */
export interface Payload {
  readonly start: number;
  readonly end: number;
  readonly endsStream: boolean;
}

export interface IncomingLimits {
  readonly headerTableBytes: number;
  readonly headerListBytes: number;
}

const PING_BYTES = 8;
const GOAWAY_BYTES = 8;
const RESET_BYTES = 4;
const WINDOW_UPDATE_BYTES = 4;

const assertSize = ({ start, end }: Frame, isRight: (bytes: number) => boolean): void => {
  if (!isRight(end - start)) {
    throw new ConnectionError(ERROR.frameSize, 'A frame of the wrong size for its type');
  }
};

const protocolError = (message: string): ConnectionError =>
  new ConnectionError(ERROR.protocol, message);

export class Incoming {
  private readonly reader = new FrameReader((frame) => this.onFrame(frame));
  private readonly block: HeaderBlock;
  private readonly decoder: HpackDecoder;
  private readonly nuisance = new Nuisance();
  private hasSettings = false;
  private isStopped = false;

  constructor(
    private readonly events: PeerEvents,
    { headerTableBytes, headerListBytes }: IncomingLimits,
  ) {
    this.block = new HeaderBlock(headerListBytes);
    this.decoder = new HpackDecoder({
      maxTableBytes: headerTableBytes,
      maxListBytes: headerListBytes,
    });
  }

  /** Throws ConnectionError. */
  read(bytes: Buffer, length: number): void {
    this.reader.read(bytes, length);
  }

  /** Whatever else has been read means nothing any more. */
  stop(): void {
    this.isStopped = true;
  }

  private onFrame(frame: Frame): void {
    if (this.isStopped) return;
    const { type } = frame;
    if (this.block.streamId !== 0) return this.onContinuation(frame);
    if (!this.hasSettings && type !== FRAME.settings) {
      // Section 3.4: the server's preface is SETTINGS.
      throw protocolError('The first frame is not SETTINGS');
    }
    switch (type) {
      case FRAME.headers:
        return this.onHeaders(frame);
      case FRAME.data:
        return this.onData(frame);
      case FRAME.windowUpdate:
        return this.onWindowUpdate(frame);
      case FRAME.reset:
        return this.onReset(frame);
      default:
        // Rare, and cheap for a peer to send without end.
        this.nuisance.add();
        return this.onOther(frame);
    }
  }

  private onOther(frame: Frame): void {
    switch (frame.type) {
      case FRAME.settings:
        return this.onSettings(frame);
      case FRAME.ping:
        return this.onPing(frame);
      case FRAME.goaway:
        return this.onGoaway(frame);
      case FRAME.pushPromise:
        // Section 8.4: we have said that we want none.
        throw protocolError('PUSH_PROMISE without leave');
      case FRAME.continuation:
        throw protocolError('CONTINUATION without HEADERS');
      default:
      // Section 5.5: unknown types are ignored, and so is PRIORITY (section 5.3.2).
    }
  }

  /** Section 6.2. */
  private onHeaders(frame: Frame): void {
    this.assertOpened(frame.streamId);
    const block = this.block.headers(frame);
    if (block !== undefined) this.onBlock(frame.streamId, block);
  }

  /** Section 6.10: nothing else may come before the block is complete. */
  private onContinuation(frame: Frame): void {
    const { streamId } = this.block;
    if (frame.type !== FRAME.continuation || frame.streamId !== streamId) {
      throw protocolError('A header block is interrupted');
    }
    this.nuisance.add();
    const block = this.block.continuation(frame);
    if (block !== undefined) this.onBlock(streamId, block);
  }

  private onBlock(streamId: number, block: Buffer): void {
    this.nuisance.forgive();
    this.events.onHeaders(streamId, this.decoded(block), this.block.endsStream);
  }

  /** Also for streams that are over: the table has to follow (section 4.3). */
  private decoded(block: Buffer): readonly HeaderField[] | undefined {
    try {
      return this.decoder.decode(block);
    } catch (error) {
      if (error instanceof HpackError && error.tooLarge) return undefined;
      const { message } = error as Error;
      throw new ConnectionError(ERROR.compression, message, { cause: error });
    }
  }

  /** Section 6.1. */
  private onData(frame: Frame): void {
    const { flags } = frame;
    this.assertOpened(frame.streamId);
    const endsStream = (flags & FLAG.endStream) !== 0;
    let { start, end } = frame;
    if ((flags & FLAG.padded) !== 0) [start, end] = unpadded(frame);
    if (start === end && !endsStream) this.nuisance.add();
    this.events.onData(frame, { start, end, endsStream });
  }

  /** Section 6.4. */
  private onReset(frame: Frame): void {
    this.assertOpened(frame.streamId);
    assertSize(frame, (bytes) => bytes === RESET_BYTES);
    this.nuisance.add();
    this.events.onReset(frame.streamId, readUint32(frame.bytes, frame.start));
  }

  /** Section 6.5. */
  private onSettings(frame: Frame): void {
    this.assertOnConnection(frame);
    if ((frame.flags & FLAG.ack) === 0) {
      this.hasSettings = true;
      this.events.onSettings(frame);
      return;
    }
    assertSize(frame, (bytes) => bytes === 0);
    if (!this.hasSettings) throw protocolError('The first frame is not SETTINGS');
    this.decoder.acknowledged();
  }

  /** Section 6.7. */
  private onPing(frame: Frame): void {
    this.assertOnConnection(frame);
    assertSize(frame, (bytes) => bytes === PING_BYTES);
    const payload = frame.bytes.subarray(frame.start, frame.end);
    if ((frame.flags & FLAG.ack) === 0) this.events.onPing(payload);
    else this.events.onPong(payload);
  }

  /** Section 6.8. */
  private onGoaway(frame: Frame): void {
    this.assertOnConnection(frame);
    assertSize(frame, (bytes) => bytes >= GOAWAY_BYTES);
    const { bytes, start } = frame;
    this.events.onGoaway(readUint31(bytes, start), readUint32(bytes, start + 4));
  }

  /** Section 6.9. */
  private onWindowUpdate(frame: Frame): void {
    const { streamId } = frame;
    if (streamId !== 0) this.assertOpened(streamId);
    assertSize(frame, (bytes) => bytes === WINDOW_UPDATE_BYTES);
    this.nuisance.add();
    this.events.onWindowUpdate(streamId, readUint31(frame.bytes, frame.start));
  }

  /** Section 5.1: on an idle stream nothing may come; and stream 0 is none. */
  private assertOpened(streamId: number): void {
    if (!this.events.hasOpened(streamId)) {
      throw protocolError('A frame on a stream that was never opened');
    }
  }

  private assertOnConnection({ streamId }: Frame): void {
    if (streamId !== 0) throw protocolError('A frame of the connection names a stream');
  }
}
