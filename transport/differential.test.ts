import type { ServerHttp2Stream } from 'node:http2';
import { expect } from 'chai';
import fc from 'fast-check';
import { http2Server } from '../test/support/http2-server.js';
import { originOf } from '../test/support/transports.js';
import { ENGINES, type Engine, makeTransport } from './index.js';
import { TransportError, type TransportReply } from './transport.js';

/** What the server does with one request. */
interface Deed {
  readonly status: number;
  readonly headers: Record<string, string | string[]>;
  readonly chunks: readonly number[];
  /**
   * Resets the stream with this code instead. Never behind an answer: how much of that a server of node:http2 still sends
   * is a matter of luck.
   */
  readonly resetCode?: number | undefined;
}

interface Sent {
  readonly headers: Record<string, string>;
  readonly bodyBytes: number;
  readonly isBuffer: boolean;
  readonly deed: Deed;
}

const name = fc.stringMatching(/^x-[a-z0-9-]{1,12}$/);
const value = fc.stringMatching(/^[!-~\xa0-\xff]([ -~\xa0-\xff]{0,40}[!-~\xa0-\xff])?$/);
const bytes = fc.oneof(fc.nat(2_000), fc.nat(90_000));

const deed: fc.Arbitrary<Deed> = fc.record({
  status: fc.constantFrom(200, 201, 400, 410, 429, 500, 503),
  headers: fc.dictionary(name, fc.oneof(value, fc.array(value, { minLength: 2, maxLength: 3 })), {
    maxKeys: 5,
  }),
  chunks: fc.array(bytes, { maxLength: 3 }),
  resetCode: fc.option(fc.constantFrom(0, 1, 2, 7, 8), { freq: 5, nil: undefined }),
});

const sent: fc.Arbitrary<Sent> = fc.record({
  headers: fc.dictionary(name, value, { maxKeys: 5 }),
  bodyBytes: bytes,
  isBuffer: fc.boolean(),
  deed,
});

const settings = fc.record({
  maxConcurrentStreams: fc.integer({ min: 1, max: 50 }),
  initialWindowSize: fc.constantFrom(1_000, 65_535, 1_000_000),
  headerTableSize: fc.constantFrom(0, 100, 4_096, 65_536),
  maxFrameSize: fc.constantFrom(16_384, 30_000),
});

const traffic = fc.record({ settings, sends: fc.array(sent, { minLength: 1, maxLength: 60 }) });

const perform = (stream: ServerHttp2Stream, { status, headers, chunks, resetCode }: Deed): void => {
  if (stream.destroyed) return;
  if (resetCode !== undefined) return stream.close(resetCode);
  stream.respond({ ':status': status, ...headers }, { sendDate: false } as object);
  for (const count of chunks) stream.write('z'.repeat(count));
  stream.end();
};

const shown = (end: TransportReply | TransportError): unknown =>
  end instanceof TransportError
    ? { fault: end.fault, mayHaveArrived: end.mayHaveArrived }
    : { status: end.status, headers: end.headers, body: end.body.toString('latin1') };

/** What each request came to, and what the server saw of it. */
const run = async (
  engine: Engine,
  { settings, sends }: { settings: object; sends: readonly Sent[] },
): Promise<unknown[]> => {
  const seen: unknown[] = [];
  const server = await http2Server(
    ({ stream, path, headers, body }) => {
      const index = Number(path.slice(1));
      // Without the port, and without the symbol under which the server keeps what was never indexed.
      const fields = Object.entries(headers).filter(([name]) => name !== ':authority');
      seen[index] = { body: body.length, headers: Object.fromEntries(fields) };
      perform(stream, sends[index]!.deed);
    },
    { settings },
  );
  const transport = makeTransport(engine, { allowPrivateEndpoints: true });
  try {
    const origin = await originOf(server.url);
    const ends = await Promise.all(
      sends.map(({ headers, bodyBytes, isBuffer }, index) => {
        const text = 'a'.repeat(bodyBytes);
        const body = isBuffer ? Buffer.from(text) : text;
        return transport
          .request(origin, { path: `/${index}`, headers, body })
          .catch((error: unknown) => error as TransportError);
      }),
    );
    return ends.map((end, index) => ({ end: shown(end), seen: seen[index] }));
  } finally {
    await transport.close();
    await server.close();
  }
};

describe('our engine and node:http2', () => {
  it('come to the same end with the same random traffic', async () => {
    await fc.assert(
      fc.asyncProperty(traffic, async (given) => {
        const [own, node] = await Promise.all(ENGINES.map((engine) => run(engine, given)));
        expect(own).to.deep.equal(node);
      }),
      { numRuns: 25, endOnFailure: true },
    );
  }).timeout(120_000);
});
