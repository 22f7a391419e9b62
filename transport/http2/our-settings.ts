/** What we tell the peer to keep to, and how much it may send before we have to say more. */
import { SETTING } from './frames.js';

/** Replies to a thousand streams at once fit, so that a long round trip does not stall them. */
export const CONNECTION_WINDOW_BYTES = 4 * 1024 * 1024;
export const STREAM_WINDOW_BYTES = 256 * 1024;
export const HEADER_TABLE_BYTES = 4_096;
/** A reply's header list, uncompressed, with 32 octets for each field on top (RFC 9113 section 6.5.2). */
export const HEADER_LIST_BYTES = 64 * 1024;

export const OUR_SETTINGS = [
  [SETTING.headerTableSize, HEADER_TABLE_BYTES],
  [SETTING.enablePush, 0],
  [SETTING.initialWindowSize, STREAM_WINDOW_BYTES],
  [SETTING.maxHeaderListSize, HEADER_LIST_BYTES],
] as const;
