/** For tests of the transport: servers and transports that are closed after each test, and words for what is expected. */
import type { SecureServerOptions } from 'node:http2';
import type { TLSSocket } from 'node:tls';
import { expect } from 'chai';
import { ENGINES, type Engine, makeTransport } from '../../transport/index.js';
import type { TransportOptions } from '../../transport/options.js';
import {
  type Origin,
  type Transport,
  TransportError,
  type TransportReply,
  type TransportRequest,
} from '../../transport/transport.js';
import { certificates } from './certificates.js';
import { http2Server, type Seen, type TestServer } from './http2-server.js';
import {
  type Frame,
  type RawServer,
  type RawServerOptions,
  rawHttp2Server,
} from './raw-http2-server.js';
import { until as untilSoon } from './until.js';

export interface Line {
  readonly server: TestServer;
  readonly origin: Origin;
  readonly transport: Transport;
  readonly send: (request?: Partial<TransportRequest>) => Promise<TransportReply>;
}

export interface RawLine extends Omit<Line, 'server'> {
  readonly server: RawServer;
}

export interface RawLineOptions extends RawServerOptions {
  readonly transport?: TransportOptions;
}

export interface LineOptions {
  readonly server?: SecureServerOptions;
  readonly transport?: TransportOptions;
  readonly origin?: Partial<Origin>;
}

/** Resolves once `isSo`, looking often: most of these tests take a few milliseconds. */
export const until = (isSo: () => boolean | Promise<boolean>): Promise<void> =>
  untilSoon('the transport did what the test waits for', isSo, { everyMs: 1 });

/** The TransportError that a request must end with. */
export const faultOf = async (reply: Promise<TransportReply>): Promise<TransportError> => {
  const end: unknown = await reply.catch((error: unknown) => error);
  expect(end).to.be.instanceOf(TransportError);
  return end as TransportError;
};

export const originOf = async (url: string, fields: Partial<Origin> = {}): Promise<Origin> => ({
  url,
  credential: 'test',
  tls: { ca: (await certificates()).ca },
  ...fields,
});

export interface Lines {
  /** A server, and a transport that may talk to it. */
  readonly line: (onRequest?: (seen: Seen) => void, options?: LineOptions) => Promise<Line>;
  /** The same over a server that writes its frames itself. */
  readonly rawLine: (
    onFrame?: (frame: Frame, socket: TLSSocket) => void,
    options?: RawLineOptions,
  ) => Promise<RawLine>;
  readonly transport: (options?: TransportOptions) => Transport;
  /** Runs after the test, the latest first. */
  readonly after: (step: () => Promise<unknown>) => void;
}

const linesOf = (engine: Engine): Lines => {
  const steps: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (let step = steps.pop(); step; step = steps.pop()) await step();
  });
  const transport = (options: TransportOptions = {}): Transport => {
    const made = makeTransport(engine, {
      allowPrivateEndpoints: true,
      closeTimeoutMs: 20,
      ...options,
    });
    steps.push(() => made.close());
    return made;
  };
  const join = async (url: string, options: LineOptions): Promise<Omit<Line, 'server'>> => {
    const origin = await originOf(url, options.origin);
    const made = transport(options.transport);
    return {
      origin,
      transport: made,
      send: (request) =>
        made.request(origin, { path: '/', headers: {}, body: 'hello', ...request }),
    };
  };
  return {
    transport,
    after: (step) => steps.push(step),
    async line(onRequest, options = {}) {
      const server = await http2Server(onRequest, options.server);
      steps.push(() => server.close());
      return { server, ...(await join(server.url, options)) };
    },
    async rawLine(onFrame, options = {}) {
      const server = await rawHttp2Server(onFrame, options);
      steps.push(() => server.close());
      return { server, ...(await join(server.url, options)) };
    },
  };
};

type Tests = (lines: () => Lines, engine: Engine) => void;

/** Tests of one transport. `lines` is called once, at their beginning. */
export const oneTransport = (engine: Engine, what: string, tests: Tests): void => {
  describe(`${what} (transport: ${engine})`, () => tests(() => linesOf(engine), engine));
};

/** The same tests for each transport there is. */
export const eachTransport = (what: string, tests: Tests): void => {
  for (const engine of ENGINES) oneTransport(engine, what, tests);
};
