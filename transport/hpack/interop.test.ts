/** Our header compression with that of node:http2 (nghttp2), frame by frame over a socket. */
import { once } from 'node:events';
import {
  createServer,
  getUnpackedSettings,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
  sensitiveHeaders,
} from 'node:http2';
import { type AddressInfo, connect } from 'node:net';
import { expect } from 'chai';
import fc from 'fast-check';
import {
  ACK,
  END_HEADERS,
  END_STREAM,
  FRAME,
  type Frame,
  frame,
  uint32,
} from '../../test/support/raw-http2-server.js';
import { type HeaderField, HpackDecoder } from './decoder.js';
import { type EncodableField, HpackEncoder, type Indexing } from './encoder.js';

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
const HEADER_TABLE_SIZE = Buffer.from([0x00, 0x01]);
const HEAD_BYTES = 9;

/** Takes frames out of what comes in pieces. */
const framesOf = (onFrame: (frame: Frame) => void): ((chunk: Buffer) => void) => {
  let rest: Buffer = Buffer.alloc(0);
  return (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= HEAD_BYTES && rest.length >= HEAD_BYTES + rest.readUIntBE(0, 3)) {
      const end = HEAD_BYTES + rest.readUIntBE(0, 3);
      const [type, flags, streamId] = [rest.readUInt8(3), rest.readUInt8(4), rest.readUInt32BE(5)];
      onFrame({ type, flags, streamId, payload: rest.subarray(HEAD_BYTES, end) });
      rest = rest.subarray(end);
    }
  };
};

interface Exchange {
  /** What the server understood, in its order, and which of it may never be indexed. */
  readonly asked: HeaderField[];
  readonly sensitive: readonly string[];
  /** What we understood of the answer. */
  readonly answered: readonly HeaderField[];
}

interface Wire {
  readonly exchange: (
    fields: readonly EncodableField[],
    answer?: Readonly<Record<string, string>>,
  ) => Promise<Exchange>;
  /** Lets the server limit our table, and waits until we have obeyed. */
  readonly limitTable: (bytes: number) => Promise<void>;
}

describe('header compression with node:http2', () => {
  const endings: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const end of endings.splice(0)) await end();
  });

  /** Connects to a real server; `tableBytes` is the limit that we set for its table. */
  const wire = async ({ tableBytes = 4096 } = {}): Promise<Wire> => {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const encoder = new HpackEncoder();
    const decoder = new HpackDecoder({ maxTableBytes: tableBytes, maxListBytes: 65_536 });
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    endings.push(async () => {
      socket.destroy();
      server.close();
      await once(server, 'close');
    });
    let onAnswer: (fields: readonly HeaderField[]) => void;
    let onFault: (error: unknown) => void;
    const onFrame = ({ type, flags, payload }: Frame): void => {
      if (type === FRAME.settings && (flags & ACK) !== 0) {
        decoder.acknowledged();
      } else if (type === FRAME.settings) {
        const { headerTableSize } = getUnpackedSettings(payload);
        if (headerTableSize !== undefined) encoder.setMaxTableBytes(headerTableSize);
        socket.write(frame(FRAME.settings, ACK, 0));
      } else if (type === FRAME.headers) {
        onAnswer(decoder.decode(payload));
      } else if (type === FRAME.goaway || type === FRAME.reset) {
        onFault(new Error(`The server did not understand: ${payload.toString('hex')}`));
      }
    };
    const read = framesOf(onFrame);
    socket.on('error', (error) => onFault(error));
    socket.on('data', (chunk: Buffer) => {
      try {
        read(chunk);
      } catch (error) {
        onFault(error);
      }
    });
    const limit = Buffer.concat([HEADER_TABLE_SIZE, uint32(tableBytes)]);
    socket.write(Buffer.concat([PREFACE, frame(FRAME.settings, 0, 0, limit)]));
    const [session] = (await once(server, 'session')) as [ServerHttp2Session];

    let streamId = -1;
    return {
      exchange: (fields, answer = {}) =>
        new Promise((resolve, reject) => {
          let asked: HeaderField[] = [];
          let sensitive: readonly string[] = [];
          onFault = reject;
          onAnswer = (answered) => resolve({ asked, sensitive, answered });
          server.once(
            'stream',
            (
              stream: ServerHttp2Stream,
              headers: IncomingHttpHeaders,
              _flags: number,
              raw: string[],
            ) => {
              asked = raw.flatMap((name, at) => (at % 2 === 0 ? [[name, raw[at + 1]!]] : []));
              sensitive = (Reflect.get(headers, sensitiveHeaders) ?? []) as string[];
              stream.respond({ date: 'never', ...answer }, { endStream: true });
            },
          );
          streamId += 2;
          const block = encoder.encode(fields);
          socket.write(frame(FRAME.headers, END_HEADERS | END_STREAM, streamId, block));
        }),
      limitTable: (bytes) =>
        new Promise((resolve) => {
          session.settings({ headerTableSize: bytes }, () => resolve());
        }),
    };
  };

  const field = (name: string, value: string, indexing: Indexing = 'index'): EncodableField => ({
    name,
    value,
    indexing,
  });
  const PSEUDO = [
    field(':method', 'GET'),
    field(':scheme', 'https'),
    field(':authority', 'push.example'),
    field(':path', '/3/device/0123456789abcdef', 'never'),
  ];
  const listOf = (fields: readonly EncodableField[]): HeaderField[] =>
    fields.map(({ name, value }) => [name, value]);

  /** Different from each other, and together more than any table here holds. */
  const some = fc.sample(
    fc.array(
      fc.record({
        name: fc.stringMatching(/^x-[a-z0-9_-]{1,10}$/),
        value: fc.oneof(fc.stringMatching(/^[!-~]{1,60}$/), fc.constantFrom('', 'same')),
        indexing: fc.constantFrom('index' as const, 'without' as const, 'never' as const),
      }),
      { minLength: 1, maxLength: 12, size: 'max' },
    ),
    { numRuns: 120, seed: 7541 },
  );
  const answers = some.map((fields) => Object.fromEntries(listOf(fields)));

  const expectAll = async (
    { exchange, limitTable }: Wire,
    limits: number[] = [],
  ): Promise<void> => {
    for (const [turn, fields] of some.entries()) {
      if (limits.length > 0 && turn % 10 === 0)
        await limitTable(limits[(turn / 10) % limits.length]!);
      const answer = answers[turn % 5 === 0 ? turn : turn - 1]!;
      const { asked, answered } = await exchange([...PSEUDO, ...fields], answer);
      expect(asked).to.deep.equal(listOf([...PSEUDO, ...fields]));
      expect(answered).to.deep.equal([
        [':status', '200'],
        ['date', 'never'],
        ...Object.entries(answer),
      ]);
    }
  };

  it('is understood both ways, while both tables overflow', async () => {
    await expectAll(await wire());
  });

  it('is understood when the server keeps changing its limit of our table', async () => {
    await expectAll(await wire(), [0, 4096, 100, 65_536, 500, 0]);
  });

  for (const tableBytes of [0, 100, 65_536]) {
    it(`is understood when we limit the table of the server to ${tableBytes} bytes`, async () => {
      await expectAll(await wire({ tableBytes }));
    });
  }

  it('tells the server what is never to be indexed', async () => {
    const { exchange } = await wire();
    const fields = [...PSEUDO, field('authorization', 'bearer 1', 'never'), field('x', 'y')];
    for (let time = 0; time < 2; time += 1) {
      const { sensitive } = await exchange(fields);
      expect(sensitive).to.have.members([':path', 'authorization']);
    }
  });

  it('carries every octet that a value may have', async () => {
    const { exchange } = await wire();
    const value = Array.from({ length: 256 }, (_, octet) => octet)
      .filter((octet) => octet > 0x20 && octet !== 0x7f)
      .map((octet) => String.fromCharCode(octet));
    // Shuffled by a step that is prime to their number, so that codes of all lengths meet.
    const mixed = value.map((_, at) => value[(at * 101) % value.length]!).join('');
    const { asked, answered } = await exchange([...PSEUDO, field('x', mixed)], { x: mixed });
    expect(asked.at(-1)).to.deep.equal(['x', mixed]);
    expect(answered.at(-1)).to.deep.equal(['x', mixed]);
  });
});
