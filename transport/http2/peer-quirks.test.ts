import { expect } from 'chai';
import {
  ACK,
  END_HEADERS,
  END_STREAM,
  FRAME,
  frame,
  PADDED,
  PRIORITY,
  STATUS_200,
  uint32,
} from '../../test/support/raw-http2-server.js';
import { oneTransport, until } from '../../test/support/transports.js';

const bytes = (...octets: number[]): Buffer => Buffer.from(octets);
/** Without indexing, a new name, nothing Huffman-coded. */
const literal = (name: string, value: string): Buffer =>
  Buffer.concat([
    bytes(0, name.length),
    Buffer.from(name),
    bytes(value.length),
    Buffer.from(value),
  ]);
const HEAD = Buffer.concat([STATUS_200, literal('x-id', 'abc')]);
const BODY = Buffer.from('the body');

/** Ways to say `HEAD` and `BODY` that are all right. */
const WAYS: Record<string, (streamId: number) => Buffer[]> = {
  'in two frames': (id) => [
    frame(FRAME.headers, END_HEADERS, id, HEAD),
    frame(FRAME.data, END_STREAM, id, BODY),
  ],
  'with the end in an empty frame': (id) => [
    frame(FRAME.headers, END_HEADERS, id, HEAD),
    frame(FRAME.data, 0, id, BODY),
    frame(FRAME.data, END_STREAM, id),
  ],
  'with padding': (id) => [
    frame(
      FRAME.headers,
      END_HEADERS | PADDED,
      id,
      Buffer.concat([bytes(3), HEAD, Buffer.alloc(3)]),
    ),
    frame(FRAME.data, END_STREAM | PADDED, id, Buffer.concat([bytes(2), BODY, Buffer.alloc(2)])),
  ],
  'with a priority': (id) => [
    frame(FRAME.headers, END_HEADERS | PRIORITY, id, Buffer.concat([Buffer.alloc(5), HEAD])),
    frame(FRAME.priority, 0, id, Buffer.alloc(5)),
    frame(FRAME.data, END_STREAM, id, BODY),
  ],
  'with padding and a priority': (id) => [
    frame(
      FRAME.headers,
      END_HEADERS | PRIORITY | PADDED,
      id,
      Buffer.concat([bytes(1), Buffer.alloc(5), HEAD, bytes(0)]),
    ),
    frame(FRAME.data, END_STREAM, id, BODY),
  ],
  'with headers in many frames, one of them empty': (id) => [
    frame(FRAME.headers, 0, id, HEAD.subarray(0, 1)),
    frame(FRAME.continuation, 0, id),
    ...Array.from(HEAD.subarray(1), (octet) => frame(FRAME.continuation, 0, id, bytes(octet))),
    frame(FRAME.continuation, END_HEADERS, id),
    frame(FRAME.data, END_STREAM, id, BODY),
  ],
  'after information': (id) => [
    frame(FRAME.headers, END_HEADERS, id, literal(':status', '103')),
    frame(FRAME.headers, END_HEADERS, id, literal(':status', '100')),
    frame(FRAME.headers, END_HEADERS, id, HEAD),
    frame(FRAME.data, END_STREAM, id, BODY),
  ],
  'with trailers': (id) => [
    frame(FRAME.headers, END_HEADERS, id, HEAD),
    frame(FRAME.data, 0, id, BODY),
    frame(FRAME.headers, END_HEADERS | END_STREAM, id, literal('x-sum', '1')),
  ],
  'among frames, flags and settings that nobody knows': (id) => [
    frame(0xee, 0xff, id, BODY),
    frame(FRAME.settings, 0, 0, Buffer.concat([bytes(0xff, 0xff), uint32(7)])),
    frame(FRAME.headers, END_HEADERS | 0x82, id, HEAD),
    frame(0xee, 0, 0),
    frame(FRAME.data, END_STREAM | 0xf0, id, BODY),
  ],
};

oneTransport('own', 'a peer that speaks', (lines) => {
  const { rawLine } = lines();

  for (const [way, answer] of Object.entries(WAYS)) {
    for (const isPiecemeal of [false, true]) {
      it(`${way} is understood${isPiecemeal ? ', one octet at a time' : ''}`, async () => {
        const { send, server } = await rawLine(({ type, streamId }, socket) => {
          if (type !== FRAME.headers) return;
          const said = Buffer.concat(answer(streamId));
          // A TLS record each.
          if (isPiecemeal) for (const octet of said) socket.write(bytes(octet));
          else socket.write(said);
        });
        for (const reply of [await send(), await send()]) {
          expect(reply.status).to.equal(200);
          expect(reply.headers).to.deep.equal({ 'x-id': 'abc' });
          expect(reply.body.toString()).to.equal('the body');
        }
        expect(server.sockets).to.have.length(1);
      });
    }
  }

  it('PING is answered with its own words, and SETTINGS are acknowledged', async () => {
    const { server, send } = await rawLine(({ type, flags }, socket) => {
      if (type === FRAME.settings && flags !== ACK) {
        socket.write(frame(FRAME.ping, 0, 0, Buffer.from('how goes?').subarray(0, 8)));
      }
    });
    send().catch(() => undefined);
    const answers = (type: number) =>
      server.frames.filter((read) => read.type === type && read.flags === ACK);
    await until(() => answers(FRAME.ping).length > 0 && answers(FRAME.settings).length > 0);
    expect(answers(FRAME.ping).map(({ payload }) => payload.toString())).to.deep.equal([
      'how goes',
    ]);
  });

  it('on after its stream was given up is ignored, but for what it does to the table', async () => {
    // The first answer comes too late, and puts into the table what the second one names.
    const inTable = Buffer.concat([
      bytes(0x40, 4),
      Buffer.from('x-id'),
      bytes(3),
      Buffer.from('abc'),
    ]);
    const { send, server } = await rawLine(({ type, streamId }, socket) => {
      if (type !== FRAME.headers || streamId === 1) return;
      socket.write(
        Buffer.concat([
          frame(FRAME.headers, END_HEADERS, 1, Buffer.concat([STATUS_200, inTable])),
          frame(FRAME.data, END_STREAM, 1, BODY),
          frame(FRAME.windowUpdate, 0, 1, uint32(10)),
          frame(FRAME.reset, 0, 1, uint32(0)),
          frame(
            FRAME.headers,
            END_HEADERS | END_STREAM,
            streamId,
            Buffer.concat([STATUS_200, bytes(0xbe)]),
          ),
        ]),
      );
    });
    const abort = new AbortController();
    const givenUp = send({ signal: abort.signal }).catch(() => undefined);
    await until(() => server.frames.some(({ type }) => type === FRAME.headers));
    abort.abort();
    await givenUp;
    expect((await send()).headers).to.deep.equal({ 'x-id': 'abc' });
    expect(server.sockets).to.have.length(1);
  });
});
