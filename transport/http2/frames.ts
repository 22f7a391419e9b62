/** Frames as numbers: types, flags, error codes, settings, and the nine octets in front of each (RFC 9113 sections 4, 6, 7). */

/** RFC 9113 section 6. */
export const FRAME = {
  data: 0x0,
  headers: 0x1,
  priority: 0x2,
  reset: 0x3,
  settings: 0x4,
  pushPromise: 0x5,
  ping: 0x6,
  goaway: 0x7,
  windowUpdate: 0x8,
  continuation: 0x9,
} as const;

export const FLAG = {
  endStream: 0x1,
  ack: 0x1,
  endHeaders: 0x4,
  padded: 0x8,
  priority: 0x20,
} as const;

/** RFC 9113 section 7. */
export const ERROR = {
  none: 0x0,
  protocol: 0x1,
  internal: 0x2,
  flowControl: 0x3,
  settingsTimeout: 0x4,
  streamClosed: 0x5,
  frameSize: 0x6,
  refusedStream: 0x7,
  cancel: 0x8,
  compression: 0x9,
  connect: 0xa,
  enhanceYourCalm: 0xb,
} as const;
export type ErrorCode = (typeof ERROR)[keyof typeof ERROR];

/** RFC 9113 section 6.5.2. */
export const SETTING = {
  headerTableSize: 0x1,
  enablePush: 0x2,
  maxConcurrentStreams: 0x3,
  initialWindowSize: 0x4,
  maxFrameSize: 0x5,
  maxHeaderListSize: 0x6,
} as const;

/** RFC 9113 section 3.4. */
export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');

export const HEAD_BYTES = 9;
/** The largest payload we take, and the least that a peer takes: we never ask for more (RFC 9113 section 4.2). */
export const DEFAULT_FRAME_BYTES = 16_384;
/** RFC 9113 section 4.2. */
export const MOST_FRAME_BYTES = 2 ** 24 - 1;
/** RFC 9113 section 6.9.2. */
export const DEFAULT_WINDOW_BYTES = 65_535;
/** RFC 9113 section 6.9.1. */
export const MOST_WINDOW_BYTES = 2 ** 31 - 1;
/** RFC 9113 section 5.1.1. */
export const LAST_STREAM_ID = 2 ** 31 - 1;

export interface FrameHead {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly payloadBytes: number;
}

export const writeUint32 = (target: Uint8Array, at: number, value: number): number => {
  target[at] = value >>> 24;
  target[at + 1] = value >>> 16;
  target[at + 2] = value >>> 8;
  target[at + 3] = value;
  return at + 4;
};

/** Unsigned: a reserved first bit is still in it. */
export const readUint32 = (bytes: Uint8Array, at: number): number =>
  ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;

/** Without the reserved bit, which is ignored (RFC 9113 section 4.1). */
export const readUint31 = (bytes: Uint8Array, at: number): number =>
  ((bytes[at]! & 0x7f) << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;

export const readUint24 = (bytes: Uint8Array, at: number): number =>
  (bytes[at]! << 16) | (bytes[at + 1]! << 8) | bytes[at + 2]!;

/** Returns where the payload begins. */
export const writeHead = (target: Uint8Array, at: number, head: FrameHead): number => {
  const { payloadBytes } = head;
  target[at] = payloadBytes >>> 16;
  target[at + 1] = payloadBytes >>> 8;
  target[at + 2] = payloadBytes;
  target[at + 3] = head.type;
  target[at + 4] = head.flags;
  return writeUint32(target, at + 5, head.streamId);
};
