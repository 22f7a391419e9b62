import { constants } from 'node:http2';
import { expect } from 'chai';
import {
  ACK,
  END_HEADERS,
  END_STREAM,
  FRAME,
  type Frame,
  frame,
  PADDED,
  STATUS_200,
  uint32,
} from '../../test/support/raw-http2-server.js';
import { faultOf, oneTransport, until } from '../../test/support/transports.js';

const {
  NGHTTP2_PROTOCOL_ERROR: PROTOCOL,
  NGHTTP2_FRAME_SIZE_ERROR: FRAME_SIZE,
  NGHTTP2_FLOW_CONTROL_ERROR: FLOW_CONTROL,
  NGHTTP2_COMPRESSION_ERROR: COMPRESSION,
  NGHTTP2_ENHANCE_YOUR_CALM: CALM,
  NGHTTP2_CANCEL: CANCEL,
} = constants;

const bytes = (...octets: number[]): Buffer => Buffer.from(octets);
const setting = (name: number, value: number): Buffer =>
  Buffer.concat([bytes(0, name), uint32(value)]);
const many = (count: number, one: Buffer): Buffer =>
  Buffer.concat(Array.from({ length: count }, () => one));
/** Without indexing, a new name, nothing Huffman-coded. */
const literal = (name: string, value: string): Buffer =>
  Buffer.concat([
    bytes(0, name.length),
    Buffer.from(name),
    bytes(value.length),
    Buffer.from(value),
  ]);
const reply = (streamId: number): Buffer =>
  frame(FRAME.headers, END_HEADERS | END_STREAM, streamId, STATUS_200);

/** What a peer answers a request on `streamId` with, and the error code that ends the connection. */
const CONNECTION_ERRORS: [what: string, answer: (streamId: number) => Buffer, code: number][] = [
  [
    'a frame larger than allowed',
    (id) => frame(FRAME.data, 0, id, Buffer.alloc(16_385)),
    FRAME_SIZE,
  ],
  ['DATA for the connection', () => frame(FRAME.data, 0, 0, bytes(1)), PROTOCOL],
  ['DATA on a stream that was never opened', () => frame(FRAME.data, 0, 99, bytes(1)), PROTOCOL],
  ['a reply on a stream of its own', () => reply(2), PROTOCOL],
  ['padding larger than the frame', (id) => frame(FRAME.data, PADDED, id, bytes(9, 1)), PROTOCOL],
  ['padding without a length', (id) => frame(FRAME.data, PADDED, id), FRAME_SIZE],
  ['HEADERS with index 0', (id) => frame(FRAME.headers, END_HEADERS, id, bytes(0x80)), COMPRESSION],
  [
    'HEADERS with an index beyond the table',
    (id) => frame(FRAME.headers, END_HEADERS, id, bytes(0xff, 0x7f)),
    COMPRESSION,
  ],
  [
    'HEADERS that enlarge the table',
    (id) => frame(FRAME.headers, END_HEADERS, id, bytes(0x3f, 0xe2, 0x1f)),
    COMPRESSION,
  ],
  [
    'HEADERS too short for their priority',
    (id) => frame(FRAME.headers, 0x24, id, bytes(1)),
    FRAME_SIZE,
  ],
  ['CONTINUATION alone', (id) => frame(FRAME.continuation, END_HEADERS, id, STATUS_200), PROTOCOL],
  [
    'a header block with a PING inside',
    (id) =>
      Buffer.concat([
        frame(FRAME.headers, 0, id, STATUS_200),
        frame(FRAME.ping, 0, 0, Buffer.alloc(8)),
      ]),
    PROTOCOL,
  ],
  [
    'a header block that goes on for another stream',
    (id) =>
      Buffer.concat([
        frame(FRAME.headers, 0, id, STATUS_200),
        frame(FRAME.continuation, 4, id + 2),
      ]),
    PROTOCOL,
  ],
  ['PUSH_PROMISE', (id) => frame(FRAME.pushPromise, END_HEADERS, id, uint32(2)), PROTOCOL],
  ['SETTINGS of five octets', () => frame(FRAME.settings, 0, 0, Buffer.alloc(5)), FRAME_SIZE],
  ['SETTINGS on a stream', (id) => frame(FRAME.settings, 0, id), PROTOCOL],
  [
    'an acknowledgement that says more',
    () => frame(FRAME.settings, ACK, 0, setting(3, 1)),
    FRAME_SIZE,
  ],
  ['SETTINGS that enable push', () => frame(FRAME.settings, 0, 0, setting(2, 1)), PROTOCOL],
  ['a window of 2^31', () => frame(FRAME.settings, 0, 0, setting(4, 2 ** 31)), FLOW_CONTROL],
  ['frames of 100 octets', () => frame(FRAME.settings, 0, 0, setting(5, 100)), PROTOCOL],
  ['frames of 2^24 octets', () => frame(FRAME.settings, 0, 0, setting(5, 2 ** 24)), PROTOCOL],
  ['a PING of seven octets', () => frame(FRAME.ping, 0, 0, Buffer.alloc(7)), FRAME_SIZE],
  ['a PING on a stream', (id) => frame(FRAME.ping, 0, id, Buffer.alloc(8)), PROTOCOL],
  ['a GOAWAY of four octets', () => frame(FRAME.goaway, 0, 0, Buffer.alloc(4)), FRAME_SIZE],
  ['a GOAWAY on a stream', (id) => frame(FRAME.goaway, 0, id, Buffer.alloc(8)), PROTOCOL],
  ['a RST_STREAM of three octets', (id) => frame(FRAME.reset, 0, id, Buffer.alloc(3)), FRAME_SIZE],
  ['a RST_STREAM that nobody opened', () => frame(FRAME.reset, 0, 7, uint32(0)), PROTOCOL],
  [
    'a WINDOW_UPDATE of three octets',
    () => frame(FRAME.windowUpdate, 0, 0, Buffer.alloc(3)),
    FRAME_SIZE,
  ],
  ['a WINDOW_UPDATE of 0', () => frame(FRAME.windowUpdate, 0, 0, uint32(0)), PROTOCOL],
  [
    'a WINDOW_UPDATE that nobody opened',
    () => frame(FRAME.windowUpdate, 0, 7, uint32(1)),
    PROTOCOL,
  ],
  [
    'a window that overflows',
    () => frame(FRAME.windowUpdate, 0, 0, uint32(2 ** 31 - 1)),
    FLOW_CONTROL,
  ],
  [
    'a header block without end',
    (id) =>
      Buffer.concat([
        frame(FRAME.headers, 0, id, STATUS_200),
        many(10, frame(FRAME.continuation, 0, id, Buffer.alloc(16_000, STATUS_200))),
      ]),
    CALM,
  ],
  [
    'CONTINUATION without anything in it, for ever',
    (id) =>
      Buffer.concat([
        frame(FRAME.headers, 0, id, STATUS_200),
        many(20_000, frame(FRAME.continuation, 0, id)),
      ]),
    CALM,
  ],
  ['SETTINGS for ever', () => many(20_000, frame(FRAME.settings, 0, 0)), CALM],
  ['PING for ever', () => many(20_000, frame(FRAME.ping, 0, 0, Buffer.alloc(8))), CALM],
  ['PRIORITY for ever', (id) => many(20_000, frame(FRAME.priority, 0, id, Buffer.alloc(5))), CALM],
  ['unknown frames for ever', (id) => many(20_000, frame(0xee, 0, id, bytes(1))), CALM],
  [
    'DATA without anything in it, for ever',
    (id) =>
      Buffer.concat([
        frame(FRAME.headers, END_HEADERS, id, STATUS_200),
        many(20_000, frame(FRAME.data, 0, id)),
      ]),
    CALM,
  ],
];

/** The same for errors that end the stream alone. */
const STREAM_ERRORS: [what: string, answer: (streamId: number) => Buffer, code: number][] = [
  ['no status', (id) => headers(id, literal('x-id', '1')), PROTOCOL],
  ['two of them', (id) => headers(id, STATUS_200, STATUS_200), PROTOCOL],
  ['a status of two digits', (id) => headers(id, literal(':status', '20')), PROTOCOL],
  ['a status behind other fields', (id) => headers(id, literal('x-id', '1'), STATUS_200), PROTOCOL],
  ['a pseudo field of requests', (id) => headers(id, STATUS_200, literal(':path', '/')), PROTOCOL],
  ['a name in upper case', (id) => headers(id, STATUS_200, literal('X-Id', '1')), PROTOCOL],
  ['a name with a blank', (id) => headers(id, STATUS_200, literal('x id', '1')), PROTOCOL],
  [
    'a header of HTTP/1.1',
    (id) => headers(id, STATUS_200, literal('connection', 'close')),
    PROTOCOL,
  ],
  ['a value of two lines', (id) => headers(id, STATUS_200, literal('x-id', '1\r\nx: 2')), PROTOCOL],
  [
    'a length that is none',
    (id) => headers(id, STATUS_200, literal('content-length', '1e1')),
    PROTOCOL,
  ],
  [
    'a body of another length than declared',
    (id) =>
      Buffer.concat([
        frame(
          FRAME.headers,
          END_HEADERS,
          id,
          Buffer.concat([STATUS_200, literal('content-length', '3')]),
        ),
        frame(FRAME.data, END_STREAM, id, bytes(1, 2)),
      ]),
    PROTOCOL,
  ],
  ['a body before its head', (id) => frame(FRAME.data, END_STREAM, id, bytes(1)), PROTOCOL],
  [
    'trailers that do not end it',
    (id) => many(2, frame(FRAME.headers, END_HEADERS, id, STATUS_200)),
    PROTOCOL,
  ],
  ['a switch of protocols', (id) => headers(id, literal(':status', '101')), PROTOCOL],
  ['information as the last word', (id) => headers(id, literal(':status', '103')), PROTOCOL],
  ['a window of it opened by 0', (id) => frame(FRAME.windowUpdate, 0, id, uint32(0)), PROTOCOL],
  [
    'a window of it that overflows',
    (id) => frame(FRAME.windowUpdate, 0, id, uint32(2 ** 31 - 1)),
    FLOW_CONTROL,
  ],
];

const headers = (streamId: number, ...fields: Buffer[]): Buffer =>
  frame(FRAME.headers, END_HEADERS | END_STREAM, streamId, Buffer.concat(fields));

const codeOf = ({ type, payload }: Frame): number =>
  payload.readUInt32BE(type === FRAME.goaway ? 4 : 0);

oneTransport('own', 'a hostile peer', (lines) => {
  const { rawLine } = lines();

  for (const [what, answer, code] of CONNECTION_ERRORS) {
    it(`is left with code ${code} when it sends ${what}`, async () => {
      const { send, server } = await rawLine(({ type, streamId }, socket) => {
        if (type === FRAME.headers) socket.write(answer(streamId));
      });
      expect(await faultOf(send())).to.include({ fault: 'reset', mayHaveArrived: true });
      await until(() => server.frames.some(({ type }) => type === FRAME.goaway));
      const goaways = server.frames.filter(({ type }) => type === FRAME.goaway);
      expect(goaways.map(codeOf)).to.deep.equal([code]);
      await until(() => server.sockets[0]!.destroyed);
    });
  }

  for (const [what, answer, code] of STREAM_ERRORS) {
    it(`loses the stream, and no other, when it answers with ${what}`, async () => {
      const { send, server } = await rawLine(({ type, streamId }, socket) => {
        if (type === FRAME.headers)
          socket.write(streamId === 1 ? answer(streamId) : reply(streamId));
      });
      expect(await faultOf(send())).to.include({ fault: 'reset', mayHaveArrived: true });
      expect(await send()).to.include({ status: 200 });
      const resets = server.frames.filter(({ type }) => type === FRAME.reset);
      expect(resets.map(codeOf)).to.deep.equal([code]);
      expect(server.sockets).to.have.length(1);
    });
  }

  it('that does not begin with SETTINGS is none to talk to', async () => {
    const { send, server } = await rawLine(
      ({ type }, socket) => {
        if (type === FRAME.settings) socket.write(frame(FRAME.ping, 0, 0, Buffer.alloc(8)));
      },
      { speaksFirst: false },
    );
    const fault = await faultOf(send());
    expect(fault).to.include({ fault: 'connect', mayHaveArrived: false });
    expect(fault.message).to.contain('The first frame is not SETTINGS');
    await until(() => server.frames.some(({ type }) => type === FRAME.goaway));
  });

  it('with headers that swell is cut short, and goes on with the next stream', async () => {
    // Enters the table once, and is named a thousand times: 100 bytes on the wire are 60,000 and more.
    const large = Buffer.concat([
      bytes(0x40, 1),
      Buffer.from('x'),
      bytes(60),
      Buffer.alloc(60, 'v'),
    ]);
    const bomb = Buffer.concat([STATUS_200, large, Buffer.alloc(1_000, 0xbe)]);
    const { send, server } = await rawLine(({ type, streamId }, socket) => {
      if (type !== FRAME.headers) return;
      const block = streamId === 1 ? bomb : Buffer.concat([STATUS_200, bytes(0xbe)]);
      socket.write(frame(FRAME.headers, END_HEADERS | END_STREAM, streamId, block));
    });
    const fault = await faultOf(send());
    expect(fault).to.include({ fault: 'reply-too-large', mayHaveArrived: true });
    expect((await send()).headers).to.deep.equal({ x: 'v'.repeat(60) });
    const resets = server.frames.filter(({ type }) => type === FRAME.reset);
    expect(resets.map(codeOf)).to.deep.equal([CANCEL]);
    expect(server.sockets).to.have.length(1);
  });

  it('that refuses everything is asked four times for each request, and no more', async () => {
    const { send, server } = await rawLine(({ type, streamId }, socket) => {
      if (type !== FRAME.headers) return;
      socket.write(frame(FRAME.reset, 0, streamId, uint32(constants.NGHTTP2_REFUSED_STREAM)));
    });
    for (const fault of await Promise.all(Array.from({ length: 500 }, () => faultOf(send())))) {
      expect(fault).to.include({ fault: 'refused', mayHaveArrived: false });
    }
    expect(server.frames.filter(({ type }) => type === FRAME.headers)).to.have.length(2_000);
    expect(server.sockets).to.have.length(1);
  });

  it('that breaks the rules has what did not leave this process sent elsewhere', async () => {
    let isFirst = true;
    const { send, server } = await rawLine(
      ({ type, streamId }, socket) => {
        if (type !== FRAME.headers) return;
        if (!isFirst) return void socket.write(reply(streamId));
        isFirst = false;
        // Read in one go: the reply makes room for the next request, which is still with the client at the fault.
        socket.write(Buffer.concat([reply(streamId), frame(FRAME.data, 0, 0)]));
      },
      { transport: { streamsPerConnection: 1 } },
    );
    const replies = await Promise.all([send(), send({ path: '/waits' })]);
    expect(replies.map(({ status }) => status)).to.deep.equal([200, 200]);
    expect(server.sockets).to.have.length(2);
    expect(server.frames.filter(({ type }) => type === FRAME.headers)).to.have.length(2);
  });
});
