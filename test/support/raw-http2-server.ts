/** A TLS server that speaks HTTP/2 frame by frame, for peers that misbehave in ways node:http2 would not let a server do. */
import type { AddressInfo, Socket } from 'node:net';
import { createServer, type TLSSocket } from 'node:tls';
import { FRAME } from '../../transport/http2/frames.js';
import { certificates } from './certificates.js';

export { FRAME };

export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly payload: Buffer;
}

export const END_STREAM = 0x1;
export const ACK = 0x1;
export const END_HEADERS = 0x4;
export const PADDED = 0x8;
export const PRIORITY = 0x20;
/** `:status: 200` in the static table of HPACK. */
export const STATUS_200 = Buffer.from([0x88]);

const PREFACE_BYTES = 24;
const HEAD_BYTES = 9;

export const frame = (
  type: number,
  flags: number,
  streamId: number,
  payload: Buffer = Buffer.alloc(0),
): Buffer => {
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(streamId, 5);
  return Buffer.concat([head, payload]);
};

export const uint32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};

export interface RawServer {
  readonly url: string;
  /** One for each connection, in order. */
  readonly sockets: TLSSocket[];
  readonly frames: Frame[];
  /** Cuts all connections with a TCP reset. */
  reset(): void;
  close(): Promise<void>;
}

export interface RawServerOptions {
  /** `false`: says nothing of its own, not even SETTINGS. */
  readonly speaksFirst?: boolean;
}

/** Sends empty SETTINGS first, and then only what `onFrame` writes. */
export const rawHttp2Server = async (
  onFrame: (frame: Frame, socket: TLSSocket) => void = () => undefined,
  { speaksFirst = true }: RawServerOptions = {},
): Promise<RawServer> => {
  const { cert, key } = await certificates();
  const sockets: TLSSocket[] = [];
  const frames: Frame[] = [];
  const server = createServer({ cert, key, ALPNProtocols: ['h2'] }, (socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    if (speaksFirst) socket.write(frame(FRAME.settings, 0, 0));
    let rest: Buffer = Buffer.alloc(0);
    let skip = PREFACE_BYTES;
    socket.on('data', (chunk: Buffer) => {
      rest = Buffer.concat([rest, chunk]);
      if (rest.length < skip) return;
      rest = rest.subarray(skip);
      skip = 0;
      while (rest.length >= HEAD_BYTES && rest.length >= HEAD_BYTES + rest.readUIntBE(0, 3)) {
        const end = HEAD_BYTES + rest.readUIntBE(0, 3);
        const read: Frame = {
          type: rest.readUInt8(3),
          flags: rest.readUInt8(4),
          streamId: rest.readUInt32BE(5) & 0x7fffffff,
          payload: rest.subarray(HEAD_BYTES, end),
        };
        rest = rest.subarray(end);
        frames.push(read);
        onFrame(read, socket);
      }
    });
  });
  const tcp: Socket[] = [];
  server.on('connection', (socket: Socket) => {
    tcp.push(socket);
    socket.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    sockets,
    frames,
    reset: () => {
      for (const socket of tcp) socket.resetAndDestroy();
    },
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
};
