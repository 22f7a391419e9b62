/** Starts a gateway from a configuration, part by part, and stops it in the reverse order. */
import { randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Connection } from 'mongoose';
import { Registry } from 'prom-client';
import type { AdapterDeps, Vendor } from '../adapters/adapter.js';
import { loadVendors } from '../adapters/index.js';
import { createEngine } from '../jobs/create-engine.js';
import type { Engine } from '../jobs/engine.js';
import { laneDepth } from '../jobs/lane-depth.js';
import { createMetrics } from '../jobs/metrics.js';
import { DEFAULT_TIMINGS, type Timings } from '../jobs/parts.js';
import { createCredentialStore } from '../models/credential-cache.js';
import { dbOf } from '../models/database.js';
import { createIndexes } from '../models/indexes.js';
import { repeated } from '../models/repeated.js';
import { secretBox } from '../models/secret-box.js';
import { upgradeDevices } from '../models/upgrade-devices.js';
import { makeTransport } from '../transport/index.js';
import { buildApp } from './app.js';
import { Closing } from './closing.js';
import type { Config } from './config.js';
import { startEmbeddedMongo } from './embedded-mongo/index.js';
import { followDatabaseClock } from './follow-database-clock.js';
import { type Keys, loadKeys } from './key-files.js';
import type { Logger } from './logger.js';
import { checkMasterKey } from './master-key-check.js';
import { openConnection } from './open-connection.js';
import { proxied } from './proxied-transport.js';
import { requireReplicaSet } from './require-replica-set.js';
import { createSharedClock, type SharedClock } from './shared-clock.js';
import { keptTaskReader } from './task-request.js';

/** Running work gets so long to finish; what does not is handed to others. */
const STOP_WITHIN_MS = 10_000;
const LONGEST_REQUEST_MS = 60 * 60_000;
const ENGINE_STOP_WITHIN_MS = 6_000;

export interface Gateway {
  readonly url: string;
  readonly keys: Keys;
  /** Resolves when the embedded MongoDB has ended, asked or not; never with a MongoDB of one's own. */
  readonly mongoEnded: Promise<number | null>;
  stop(): Promise<void>;
}

export interface StartOptions {
  readonly config: Config;
  readonly logger: Logger;
  readonly timings?: Partial<Timings>;
}

const never = new Promise<never>(() => undefined);

const openDatabase = async (
  { config, logger }: StartOptions,
  closing: Closing,
): Promise<{ connection: Connection; ended: Promise<number | null> }> => {
  let uri = config.mongodbUri;
  let ended: Promise<number | null> = never;
  if (uri == null) {
    const { dataDir, cacheDir } = config;
    const embedded = await startEmbeddedMongo({ dataDir, cacheDir, log: logger });
    await closing.add('embedded MongoDB', () => embedded.stop());
    ({ nearUri: uri, ended } = embedded);
  }
  const connection = openConnection(uri, (error) => {
    logger.error('MongoDB is in trouble', { error });
  });
  await closing.add('database connection', () => connection.close());
  await connection.asPromise();
  return { connection, ended };
};

const listen = async (server: Server, { port, host }: Config): Promise<string> => {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  const address = server.address() as AddressInfo;
  const shown = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return `http://${shown}:${address.port}`;
};

/** Requests that are being answered are answered; connections that only wait are closed. */
const closeServer = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    const force = setTimeout(() => server.closeAllConnections(), STOP_WITHIN_MS / 4);
    server.close(() => {
      clearTimeout(force);
      resolve();
    });
    server.closeIdleConnections();
  });

const usualPlatforms = (vendors: ReadonlyMap<string, Vendor>): ReadonlyMap<string, string> =>
  new Map(
    [...vendors].flatMap(([name, { platform }]) =>
      platform == null ? [] : [[name, platform] as const],
    ),
  );

interface EngineParts {
  readonly connection: Connection;
  readonly keys: Keys;
  readonly registry: Registry;
  readonly vendors: ReadonlyMap<string, Vendor>;
  readonly clock: SharedClock;
}

const startEngine = async (
  { config, logger, timings }: StartOptions,
  { connection, keys, registry, vendors, clock: { now } }: EngineParts,
  closing: Closing,
): Promise<{ engine: Engine; adapters: AdapterDeps; box: ReturnType<typeof secretBox> }> => {
  const db = dbOf(connection);
  const box = secretBox(keys.masterKey);
  await checkMasterKey(db, box);
  await repeated(() => createIndexes(connection));
  await upgradeDevices(db, usualPlatforms(vendors), new Date(now()));
  const { allowPrivateEndpoints, proxy, lanes, batchesInFlight } = config;
  const transport = proxied(makeTransport(config.transport, { allowPrivateEndpoints }), proxy);
  await closing.add('transport', () => transport.close());
  const adapters: AdapterDeps = {
    transport,
    credentials: createCredentialStore({ db, secretBox: box, now }),
    now,
  };
  const engine = createEngine({
    connection,
    db,
    vendors,
    adapterDeps: adapters,
    secretBox: box,
    readTask: keptTaskReader({ connection, vendors, now }),
    log: logger,
    metrics: createMetrics(registry, { depth: () => laneDepth(db, now()) }),
    now,
    monotonic: () => performance.now(),
    owner: randomUUID(),
    lanes,
    batchesInFlight,
    timings: { ...DEFAULT_TIMINGS, ...timings },
  });
  await closing.add('engine', () => engine.stop(ENGINE_STOP_WITHIN_MS));
  await engine.start();
  return { engine, adapters, box };
};

const start = async (options: StartOptions, closing: Closing): Promise<Gateway> => {
  const { config, logger } = options;
  const keys = await loadKeys(config);
  const { connection, ended } = await openDatabase(options, closing);
  await requireReplicaSet(dbOf(connection));
  const clock = createSharedClock({
    wall: Date.now,
    monotonic: () => performance.now(),
    differs: (clocks) => logger.warn('The clocks of this machine and of MongoDB differ', clocks),
  });
  await followDatabaseClock(connection, clock);
  const registry = new Registry();
  const vendors = await loadVendors();
  const { engine, adapters, box } = await startEngine(
    options,
    { connection, keys, registry, vendors, clock },
    closing,
  );
  const app = buildApp({
    connection,
    engine,
    vendors,
    adapters,
    secretBox: box,
    operatorKey: keys.operatorKey,
    metrics: registry,
    logger,
    bodyLimitBytes: config.bodyLimitBytes,
    ...(config.publicUrl == null ? {} : { publicUrl: config.publicUrl }),
    allowPrivateEndpoints: config.allowPrivateEndpoints,
  });
  app.set('trust proxy', config.trustProxy);
  const server = createServer(app);
  // An import of a million lines takes minutes; headers still have to come within Node's own limit.
  server.requestTimeout = LONGEST_REQUEST_MS;
  const url = await listen(server, config);
  await closing.add('HTTP server', () => closeServer(server));
  return { url, keys, mongoEnded: ended, stop: () => close(options, closing) };
};

const close = ({ logger }: StartOptions, closing: Closing): Promise<void> =>
  closing.close((part, error) => logger.error('A part could not be stopped', { part, error }));

/**
 * Rejects, with everything stopped again, when a part does not start. Whoever keeps `closing` can stop a gateway that is
 * still starting.
 */
export const startGateway = async (
  options: StartOptions,
  closing = new Closing(),
): Promise<Gateway> => {
  try {
    return await start(options, closing);
  } catch (error) {
    await close(options, closing);
    throw error;
  }
};
