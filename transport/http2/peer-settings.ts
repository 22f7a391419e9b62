/** What the peer's SETTINGS say, checked (RFC 9113 section 6.5). */
import { ConnectionError } from './connection-error.js';
import type { Frame } from './frame-reader.js';
import {
  DEFAULT_FRAME_BYTES,
  DEFAULT_WINDOW_BYTES,
  ERROR,
  MOST_FRAME_BYTES,
  MOST_WINDOW_BYTES,
  readUint32,
  SETTING,
} from './frames.js';

const SETTING_BYTES = 6;
const DEFAULT_TABLE_BYTES = 4_096;

export class PeerSettings {
  headerTableBytes = DEFAULT_TABLE_BYTES;
  /** Unlimited until the peer says otherwise. */
  maxConcurrentStreams = Number.POSITIVE_INFINITY;
  initialWindowBytes = DEFAULT_WINDOW_BYTES;
  maxFrameBytes = DEFAULT_FRAME_BYTES;
  maxHeaderListBytes = Number.POSITIVE_INFINITY;

  /** In order, so that the last of several counts. Throws ConnectionError. */
  apply({ bytes, start, end }: Frame): void {
    if ((end - start) % SETTING_BYTES !== 0) {
      throw new ConnectionError(ERROR.frameSize, 'SETTINGS of a length that is no multiple of six');
    }
    for (let at = start; at < end; at += SETTING_BYTES) {
      this.set((bytes[at]! << 8) | bytes[at + 1]!, readUint32(bytes, at + 2));
    }
  }

  private set(setting: number, value: number): void {
    switch (setting) {
      case SETTING.headerTableSize:
        this.headerTableBytes = value;
        break;
      case SETTING.enablePush:
        // Section 6.5.2: a server must not say anything but 0.
        if (value !== 0) throw new ConnectionError(ERROR.protocol, 'A server enables push');
        break;
      case SETTING.maxConcurrentStreams:
        this.maxConcurrentStreams = value;
        break;
      case SETTING.initialWindowSize:
        if (value > MOST_WINDOW_BYTES) {
          throw new ConnectionError(ERROR.flowControl, 'An initial window above 2^31 - 1');
        }
        this.initialWindowBytes = value;
        break;
      case SETTING.maxFrameSize:
        if (value < DEFAULT_FRAME_BYTES || value > MOST_FRAME_BYTES) {
          throw new ConnectionError(ERROR.protocol, 'A frame size out of range');
        }
        this.maxFrameBytes = value;
        break;
      case SETTING.maxHeaderListSize:
        this.maxHeaderListBytes = value;
        break;
      default:
      // Section 6.5.2: unknown settings are ignored.
    }
  }
}
