/** What a soak stands on: a mongod of its own, the vendors, gateways, an app with devices; and how all of it goes away. */
import { randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { mongo } from 'mongoose';
import { apiClient } from '../../demo/api-client.js';
import { vendorSettings } from '../../demo/vendor-settings.js';
import type { Closing } from '../../server/closing.js';
import { isAlive } from '../../server/embedded-mongo/is-alive.js';
import { type Simulators, startSimulators } from '../../simulators/index.js';
import { createGateways } from '../faults/gateways.js';
import { type MongoProxy, startMongoProxy } from '../faults/mongo-proxy.js';
import { type PrivateMongod, startPrivateMongod } from '../faults/private-mongod.js';
import { TIMINGS } from '../faults/stage.js';
import { importDevices, setUpApp } from '../support/fleet.js';
import { Crew, type Role } from './crew.js';
import { Disturbances } from './disturbances.js';
import { Fleet, makeToken, tokenOf } from './fleet.js';
import { createLine, type Line } from './line.js';
import { MemoryWatch } from './memory.js';
import { TaskBook } from './task-book.js';
import type { Violations } from './violations.js';
import { RECORD_LIMITS } from './witness.js';

/** Short, so that many leases die in a soak; long enough that those of a slow machine, or its transactions, do not. */
const SOAK_TIMINGS = { ...TIMINGS, leaseMs: 8_000, stragglerMs: 2_000 };

const DATABASE = 'soak';
const DEVICES = 480;
/** An unhandled rejection, whatever became of the process. */
const UNHANDLED = /unhandled|uncaught/i;

export interface Ground {
  readonly db: mongo.Db;
  /** Of its connections: whose commands are to fail. */
  readonly database: string;
  readonly mongod: PrivateMongod;
  readonly proxy: MongoProxy;
  readonly simulators: Simulators;
  readonly settings: Readonly<Record<string, object>>;
  readonly crew: Crew;
  readonly fleet: Fleet;
  readonly book: TaskBook;
  readonly line: Line;
  readonly operatorKey: string;
  readonly violations: Violations;
  readonly disturbances: Disturbances;
  readonly memory: { readonly gateways: MemoryWatch; readonly mongod: MemoryWatch };
  readonly faults: Map<string, number>;
  /** Of what the gateways have written; kept when something does not hold. */
  readonly folder: string;
  readonly signal: AbortSignal;
}

/** The app can take back what it shows. */
const settingsFor = (simulators: Simulators): Readonly<Record<string, object>> => {
  const { fcm, apns, harmony } = vendorSettings(simulators);
  return {
    fcm: { ...fcm, recallByApp: true },
    apns: { ...apns, recallByApp: true },
    harmony: { ...harmony, clientId: simulators.harmony.credentials.clientId },
  };
};

const populate = async (fleet: Fleet, url: string, bearer: string, db: mongo.Db): Promise<void> => {
  const made = Array.from({ length: DEVICES }, () => fleet.make());
  const answered = made.map(({ device, situation }) => {
    fleet.giveToken(device, makeToken(device, situation));
    return fleet.change(device, situation);
  });
  const lines = made.map(({ device, situation }) => ({
    vendor: device.vendor,
    token: tokenOf(device),
    installationId: device.name,
    account: device.account,
    tags: device.tags,
    consent: { push: situation.consents ? 'granted' : 'denied' },
  }));
  await importDevices(apiClient(url, bearer), lines);
  const stored = await db
    .collection('devices')
    .find({}, { projection: { token: 1 } })
    .toArray();
  for (const { _id, token } of stored) {
    const device = fleet.byToken(String(token));
    if (device != null) fleet.giveId(device, String(_id));
  }
  for (const note of answered) note();
};

const startLog = async (folder: string, closing: Closing, violations: Violations) => {
  const stream = createWriteStream(join(folder, 'gateways.log'));
  await closing.add('the log', () => new Promise((resolve) => stream.end(resolve)));
  return (line: string, pid: number | undefined): void => {
    stream.write(`${pid} ${line}\n`);
    if (!UNHANDLED.test(line)) return;
    violations.add({ promise: 'no unhandled rejection', expected: 'none', seen: line });
  };
};

export const makeGround = async (closing: Closing, violations: Violations): Promise<Ground> => {
  const stopping = new AbortController();
  const folder = await mkdtemp(join(tmpdir(), 'pigeonpost-soak-'));
  await closing.add('the folder', async () => {
    if (violations.count === 0) await rm(folder, { recursive: true, force: true });
  });
  const mongod = await startPrivateMongod();
  await closing.add('mongod', () => {
    // It may be stopped, and would not hear that it is to go.
    const { pid } = mongod.node;
    if (pid != null && isAlive(pid)) mongod.node.signal('SIGCONT');
    return mongod.close();
  });
  const proxy = await startMongoProxy(mongod.port);
  await closing.add('the proxy', () => proxy.close());
  const simulators = await startSimulators({
    fcm: RECORD_LIMITS,
    apns: RECORD_LIMITS,
    harmony: RECORD_LIMITS,
  });
  await closing.add('the simulators', () => simulators.close());
  const gateways = createGateways(1, await startLog(folder, closing, violations));
  await closing.add('the gateways', () => gateways.close());
  await closing.add('whoever waits', async () => stopping.abort());

  const operatorKey = `operator.${randomBytes(32).toString('base64url')}`;
  const masterKey = randomBytes(32).toString('base64url');
  let isBehindProxy = false;
  const envFor = (role: Role): Record<string, string> => {
    // Every other one, and never the first.
    const uri = mongod.uriFor(DATABASE, isBehindProxy ? proxy.port : undefined);
    isBehindProxy = !isBehindProxy;
    return {
      MONGODB_URI: uri,
      PIGEONPOST_MASTER_KEY: masterKey,
      PIGEONPOST_OPERATOR_KEY: operatorKey,
      PIGEONPOST_ALLOW_PRIVATE_ENDPOINTS: 'on',
      PIGEONPOST_LOG_LEVEL: 'warn',
      PIGEONPOST_ROLE: role,
      HOST: '127.0.0.1',
      PORT: '0',
    };
  };
  const crew = new Crew({
    ...{ gateways, timings: SOAK_TIMINGS, violations, envFor },
    signal: stopping.signal,
  });
  const { url } = (await crew.add('all', true)).gateway;
  const settings = settingsFor(simulators);
  const bearer = await setUpApp(apiClient(url, operatorKey), url, settings);
  const db = mongod.client.db(DATABASE);
  const fleet = new Fleet();
  await populate(fleet, url, bearer, db);
  await Promise.all([crew.add('api'), crew.add('worker')]);
  return {
    ...{ db, mongod, proxy, simulators, settings, crew, fleet, operatorKey, violations, folder },
    database: DATABASE,
    book: new TaskBook(),
    line: createLine(bearer, () => crew.nextUrl(), stopping.signal),
    disturbances: new Disturbances(),
    memory: { gateways: new MemoryWatch(), mongod: new MemoryWatch() },
    faults: new Map(),
    signal: stopping.signal,
  };
};

/** For the report. */
export const countFault = ({ faults }: Ground, kind: string): void =>
  void faults.set(kind, (faults.get(kind) ?? 0) + 1);
