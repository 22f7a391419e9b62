import { expect } from 'chai';
import { answer } from '../../test/support/http2-server.js';
import {
  ACK,
  END_HEADERS,
  END_STREAM,
  FRAME,
  type Frame,
  frame,
  type RawServer,
  STATUS_200,
  uint32,
} from '../../test/support/raw-http2-server.js';
import { oneTransport, until } from '../../test/support/transports.js';

const setting = (name: number, value: number): Buffer =>
  Buffer.concat([Buffer.from([0, name]), uint32(value)]);
const INITIAL_WINDOW = 4;
const MAX_FRAME = 5;

const dataOf = (server: RawServer, streamId: number): Frame[] =>
  server.frames.filter((read) => read.type === FRAME.data && read.streamId === streamId);
const sizesOf = (server: RawServer, streamId: number): number[] =>
  dataOf(server, streamId).map(({ payload }) => payload.length);
const bodyOf = (server: RawServer, streamId: number): string =>
  Buffer.concat(dataOf(server, streamId).map(({ payload }) => payload)).toString();

oneTransport('own', 'flow control', (lines) => {
  const { line, rawLine } = lines();

  /** A line whose server has said its SETTINGS, and answers once a stream has ended. */
  const settled = (settings: Buffer) =>
    rawLine(
      ({ type, flags, streamId }, socket) => {
        if (type === FRAME.settings && flags !== ACK) {
          socket.write(frame(FRAME.settings, 0, 0, settings));
        }
        if (type === FRAME.data && (flags & END_STREAM) !== 0) {
          socket.write(frame(FRAME.headers, END_HEADERS | END_STREAM, streamId, STATUS_200));
        }
      },
      { speaksFirst: false },
    );

  it('sends no more of a body than the window of its stream, and goes on as it opens', async () => {
    const { send, server } = await settled(setting(INITIAL_WINDOW, 10));
    const body = 'abcdefghijklmnopqrstuvwxyz';
    const reply = send({ body });
    await until(() => bodyOf(server, 1).length === 10);
    const [socket] = server.sockets;
    socket?.write(frame(FRAME.windowUpdate, 0, 1, uint32(5)));
    await until(() => bodyOf(server, 1).length === 15);
    socket?.write(frame(FRAME.windowUpdate, 0, 1, uint32(100)));
    expect(await reply).to.include({ status: 200 });
    expect(bodyOf(server, 1)).to.equal(body);
    expect(sizesOf(server, 1)).to.deep.equal([10, 5, 11]);
  });

  it('lets other streams pass one that has no window', async () => {
    const { send, server } = await settled(setting(INITIAL_WINDOW, 10));
    const stuck = send({ body: 'x'.repeat(11) });
    expect(await send({ body: 'short' })).to.include({ status: 200 });
    server.sockets[0]?.write(frame(FRAME.windowUpdate, 0, 1, uint32(1)));
    expect(await stuck).to.include({ status: 200 });
  });

  it('sends no more on all streams together than the window of the connection', async () => {
    const { send, server } = await settled(setting(INITIAL_WINDOW, 1_000_000));
    const body = 'x'.repeat(40_000);
    const replies = [send({ body }), send({ body: Buffer.from(body) }), send({ body: 'last' })];
    const sent = (): number =>
      server.frames
        .filter(({ type }) => type === FRAME.data)
        .reduce((sum, { payload }) => sum + payload.length, 0);
    await until(() => sent() === 65_535);
    server.sockets[0]?.write(frame(FRAME.windowUpdate, 0, 0, uint32(100_000)));
    for (const reply of replies) expect(await reply).to.include({ status: 200 });
    expect(sent()).to.equal(80_004);
    expect(bodyOf(server, 1)).to.equal(body);
    expect(bodyOf(server, 3)).to.equal(body);
    expect(Math.max(...sizesOf(server, 1))).to.equal(16_384);
  });

  it('obeys a window that shrinks below zero while a body is on its way', async () => {
    const { send, server } = await settled(setting(INITIAL_WINDOW, 20));
    const reply = send({ body: 'x'.repeat(30) });
    await until(() => bodyOf(server, 1).length === 20);
    const [socket] = server.sockets;
    // The window of the stream is 5 - 20 now.
    socket?.write(frame(FRAME.settings, 0, 0, setting(INITIAL_WINDOW, 5)));
    socket?.write(frame(FRAME.windowUpdate, 0, 1, uint32(16)));
    await until(() => bodyOf(server, 1).length === 21);
    socket?.write(frame(FRAME.settings, 0, 0, setting(INITIAL_WINDOW, 100)));
    expect(await reply).to.include({ status: 200 });
    expect(sizesOf(server, 1)).to.deep.equal([20, 1, 9]);
  });

  it('sends larger frames where the peer takes them', async () => {
    const { send, server } = await settled(
      Buffer.concat([setting(INITIAL_WINDOW, 100_000), setting(MAX_FRAME, 50_000)]),
    );
    expect(await send({ body: 'x'.repeat(40_000) })).to.include({ status: 200 });
    expect(sizesOf(server, 1)).to.deep.equal([40_000]);
  });

  it('cuts headers into CONTINUATION where they are larger than a frame', async () => {
    const { send, server } = await line();
    const value = 'v'.repeat(15_000);
    const headers = { 'x-one': value, 'x-two': value };
    expect(await send({ headers })).to.include({ status: 200 });
    expect(await send({ headers })).to.include({ status: 200 });
    expect(server.seen[1]?.headers).to.include(headers);
  });

  it('takes replies that are larger than any window, many at a time', async () => {
    const body = 'y'.repeat(1024 * 1024);
    const { send } = await line(({ stream }) => answer(stream, body));
    const replies = await Promise.all(Array.from({ length: 8 }, () => send()));
    for (const reply of replies) expect(reply.body.equals(Buffer.from(body))).to.equal(true);
  });
});
