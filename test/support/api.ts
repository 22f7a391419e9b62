/** The whole API on a port of its own, with a fresh database, the real engine and an app to speak for. */
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Writable } from 'node:stream';
import mongoose, { type Connection } from 'mongoose';
import { Registry } from 'prom-client';
import type { Vendor } from '../../adapters/adapter.js';
import { loadVendor } from '../../adapters/index.js';
import { createEngine } from '../../jobs/create-engine.js';
import type { Engine } from '../../jobs/engine.js';
import { createMetrics } from '../../jobs/metrics.js';
import { DEFAULT_TIMINGS, type Timings } from '../../jobs/parts.js';
import { createIndexes } from '../../models/indexes.js';
import { keyModel, SCOPES, type Scope } from '../../models/key.js';
import { newKey } from '../../models/new-key.js';
import { secretBox } from '../../models/secret-box.js';
import { LANES } from '../../models/task.js';
import { buildApp } from '../../server/app.js';
import { createLogger } from '../../server/logger.js';
import type { ApiParts } from '../../server/parts.js';
import { keptTaskReader } from '../../server/task-request.js';
import { http2Transport } from '../../transport/http2/http2-transport.js';
import { credentialCache } from './fake-network.js';
import { testMongoUri } from './mongo.js';

const STOP_WITHIN_MS = 2_000;

export interface RequestOptions {
  /** What follows `Bearer `; default: a key of the app `shop` with every server scope. Null sends none. */
  readonly key?: string | null;
  /** Sent as JSON, but a string, bytes or a stream as they are. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface ApiAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The text as JSON; undefined when it is none. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly body: any;
}

export interface TestApp {
  readonly id: string;
  /** One key with every server scope. */
  readonly key: string;
  readonly identitySecret: string;
  /** A key with this one scope. */
  readonly keys: Readonly<Record<Scope, string>>;
}

export interface TestApi {
  readonly url: string;
  readonly connection: Connection;
  readonly parts: ApiParts;
  readonly engine: Engine;
  readonly operatorKey: string;
  /** The app `shop`. */
  readonly app: TestApp;
  /** Everything that was logged, a line each. */
  readonly logged: readonly string[];
  request(method: string, path: string, options?: RequestOptions): Promise<ApiAnswer>;
  createApp(id: string, fields?: Record<string, unknown>): Promise<TestApp>;
  close(): Promise<void>;
}

export interface ApiOptions extends Partial<Omit<ApiParts, 'engine' | 'connection' | 'vendors'>> {
  /** Default: the sandbox alone. */
  readonly vendors?: ApiParts['vendors'] | Promise<ApiParts['vendors']>;
  /** `api` (default) accepts and plans small audiences; `all` also sends. */
  readonly role?: 'api' | 'all';
  readonly timings?: Partial<Timings>;
  /** The clock of the API and its engine. */
  readonly now?: () => number;
  /** Replaces parts of the engine, for what a test needs to make happen. */
  readonly engine?: (real: Engine) => Engine;
}

const freshConnection = async (): Promise<Connection> => {
  const name = `api_${randomBytes(6).toString('hex')}`;
  const uri = (await testMongoUri()).replace('/pigeonpost?', `/${name}?`);
  const connection = await mongoose.createConnection(uri).asPromise();
  await createIndexes(connection);
  return connection;
};

const makeParts = (connection: Connection, logged: string[], options: ApiOptions) => {
  const box = options.secretBox ?? secretBox(randomBytes(32));
  const stream = new Writable({
    write(line: Buffer, _encoding, done) {
      logged.push(line.toString());
      done();
    },
  });
  return {
    connection,
    adapters: options.adapters ?? {
      transport: http2Transport({ allowPrivateEndpoints: true }),
      credentials: credentialCache(),
      now: options.now ?? Date.now,
    },
    secretBox: box,
    operatorKey: options.operatorKey ?? `operator.${randomBytes(32).toString('base64url')}`,
    metrics: options.metrics ?? new Registry(),
    logger: options.logger ?? createLogger({ level: 'warn', stream }),
    allowPrivateEndpoints: options.allowPrivateEndpoints ?? true,
    ...(options.publicUrl == null ? {} : { publicUrl: options.publicUrl }),
    ...(options.bodyLimitBytes == null ? {} : { bodyLimitBytes: options.bodyLimitBytes }),
  };
};

const makeEngine = (
  parts: ReturnType<typeof makeParts>,
  vendors: ReadonlyMap<string, Vendor>,
  { role = 'api', timings }: Pick<ApiOptions, 'role' | 'timings'>,
): Engine =>
  createEngine({
    connection: parts.connection,
    db: parts.connection.db!,
    vendors,
    adapterDeps: parts.adapters,
    secretBox: parts.secretBox,
    readTask: keptTaskReader({
      connection: parts.connection,
      vendors,
      now: parts.adapters.now,
    }),
    log: parts.logger,
    metrics: createMetrics(parts.metrics, { depth: async () => [] }),
    now: parts.adapters.now,
    monotonic: () => performance.now(),
    owner: `test-${randomBytes(4).toString('hex')}`,
    lanes: role === 'api' ? [] : LANES,
    batchesInFlight: 2,
    timings: { ...DEFAULT_TIMINGS, ...timings },
  });

const answerOf = async (response: Response): Promise<ApiAnswer> => {
  const text = await response.text();
  const isJson = /[/+]json/.test(response.headers.get('content-type') ?? '');
  return {
    status: response.status,
    headers: response.headers,
    text,
    body: isJson && text !== '' ? (JSON.parse(text) as unknown) : undefined,
  };
};

const isSentAsItIs = (body: unknown): body is string | Uint8Array =>
  typeof body === 'string' ||
  body instanceof Uint8Array ||
  body instanceof ReadableStream ||
  (typeof body === 'object' && body != null && Symbol.asyncIterator in body);

const send = (url: string, method: string, { key, body, headers }: RequestOptions) =>
  fetch(url, {
    method,
    headers: {
      ...(key == null ? {} : { authorization: `Bearer ${key}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: isSentAsItIs(body) ? body : JSON.stringify(body) }),
    ...(typeof body === 'object' ? { duplex: 'half' } : {}),
  });

/** Call it in a `before` hook with a long timeout, and `close` in `after`. */
export const startApi = async (options: ApiOptions = {}): Promise<TestApi> => {
  const logged: string[] = [];
  const connection = await freshConnection();
  const vendors = (await options.vendors) ?? new Map([['sandbox', await loadVendor('sandbox')]]);
  const common = makeParts(connection, logged, options);
  const real = makeEngine(common, vendors, options);
  await real.start();
  const engine = options.engine?.(real) ?? real;
  const parts: ApiParts = { ...common, vendors, engine };
  const server = createServer(buildApp(parts)).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  let defaultKey: string | null = null;

  const request: TestApi['request'] = async (method, path, { key = defaultKey, ...rest } = {}) =>
    answerOf(await send(`${url}${path}`, method, { key, ...rest }));

  const createApp: TestApi['createApp'] = async (id, fields = {}) => {
    const created = await request('POST', '/v1/apps', {
      key: parts.operatorKey,
      body: { id, name: id, ...fields },
    });
    if (created.status !== 201) throw new Error(created.text);
    const made = SCOPES.map((scope) =>
      newKey({ app: id, name: scope, scopes: [scope], createdAt: new Date() }),
    );
    await keyModel(connection).insertMany(made.map(({ document }) => document));
    const keys = Object.fromEntries(SCOPES.map((scope, index) => [scope, made[index]!.text]));
    const { identitySecret, adminKey } = created.body as {
      identitySecret: string;
      adminKey: { key: string };
    };
    return { id, key: adminKey.key, identitySecret, keys: keys as Record<Scope, string> };
  };

  const app = await createApp('shop');
  defaultKey = app.key;

  return {
    url,
    connection,
    parts,
    engine,
    operatorKey: parts.operatorKey,
    app,
    logged,
    request,
    createApp,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await real.stop(STOP_WITHIN_MS);
      await parts.adapters.transport.close();
      await connection.dropDatabase();
      await connection.close();
    },
  };
};

/** Inside `describe`: starts an API before its tests and closes it behind them. The accessor works in tests. */
export const testApi = (options: ApiOptions = {}): (() => TestApi) => {
  let api: TestApi | undefined;
  before('start the API', async function () {
    // The very first run on a machine fetches MongoDB.
    this.timeout(300_000);
    api = await startApi(options);
  });
  after('close the API', () => api?.close());
  return () => {
    if (api == null) throw new Error('The API starts in a `before` hook; ask for it in tests');
    return api;
  };
};
