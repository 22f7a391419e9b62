/** A TLS socket whose bytes are read into one buffer, again and again, instead of into a new one for each `data` event. */
import type { TLSSocket } from 'node:tls';
import { openTls } from '../connect-tls.js';
import type { Endpoint } from '../endpoint.js';

/** What TLS hands over at a time: a record (RFC 8446 section 5.1). */
const READ_BYTES = 16 * 1024;

/** The bytes are good until it returns. */
export type Receive = (bytes: Buffer, length: number) => void;

const nobody: Receive = () => {};

/** Holds back what comes before anybody listens: a server may speak in the same packet that ends the handshake. */
export class Inlet {
  private receive: Receive | undefined;
  private early: Buffer[] = [];

  readonly give: Receive = (bytes, length) => {
    if (this.receive) this.receive(bytes, length);
    else this.early.push(Buffer.from(bytes.subarray(0, length)));
  };

  open(receive: Receive): void {
    this.receive = receive;
    const { early } = this;
    this.early = [];
    for (const bytes of early) this.receive(bytes, bytes.length);
  }

  close(): void {
    this.receive = nobody;
    this.early = [];
  }
}

export interface Line {
  readonly socket: TLSSocket;
  readonly inlet: Inlet;
}

export const openLine = async (endpoint: Endpoint, signal: AbortSignal): Promise<Line> => {
  const inlet = new Inlet();
  const onread = {
    buffer: Buffer.allocUnsafeSlow(READ_BYTES),
    callback: (length: number, bytes: Uint8Array): boolean => {
      inlet.give(bytes as Buffer, length);
      return true;
    },
  };
  const socket = await openTls(endpoint, signal, onread);
  // Over a tunnel Node has no such buffer.
  if (endpoint.proxy) socket.on('data', (bytes: Buffer) => inlet.give(bytes, bytes.length));
  return { socket, inlet };
};
