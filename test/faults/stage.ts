/** What one row is played on: an app of its own in a database of its own, its own vendors, and gateways as they are needed. */
import { randomBytes } from 'node:crypto';
import type { mongo } from 'mongoose';
import { apiClient } from '../../demo/api-client.js';
import type { Timings } from '../../jobs/parts.js';
import { type Simulators, startSimulators } from '../../simulators/index.js';
import { setUpFleet } from '../support/fleet.js';
import { type FaultDevice, makeFleet } from './fleet.js';
import type { ArmedGateway, Gateways } from './gateways.js';
import { type MongoProxy, startMongoProxy } from './mongo-proxy.js';
import type { PrivateMongod } from './private-mongod.js';
import { DATABASE_FAULTS, type Row } from './row.js';

/** A lease that dies in two seconds: rows are to be short, and the machine is busy. */
export const TIMINGS: Partial<Timings> = {
  leaseMs: 2_000,
  beatMs: 300,
  // A look is believed only if the one before was not long ago, and a busy machine is slow to look.
  watchMs: 400,
  sweepMs: 300,
  controlMs: 100,
  stragglerMs: 20_000,
};

/** Whoever works on goes on working: a database that fails for a moment must not cost the lease. */
const PATIENT_LEASE_MS = 8_000;

const timingsOf = ({ fault }: Row): Partial<Timings> =>
  (DATABASE_FAULTS as readonly (string | undefined)[]).includes(fault)
    ? { ...TIMINGS, leaseMs: PATIENT_LEASE_MS }
    : TIMINGS;

/** What every row needs of its MongoDB; what breaks it needs more. */
export interface RowMongod extends Pick<PrivateMongod, 'client' | 'uriFor'> {
  /** Where proxies lead to. */
  readonly port?: number;
  heal?(row: string): Promise<void>;
}

/** Rows share what is dear. */
export interface Theatre<Mongod extends RowMongod = RowMongod> {
  readonly mongod: Mongod;
  readonly gateways: Gateways;
  /** Settings of the first gateway alone. */
  readonly firstEnv?: Env;
}

export type Env = Readonly<Record<string, string>>;

export interface Stage<Mongod extends RowMongod = RowMongod> {
  /** Of the database, and of the gateways to mongod. */
  readonly name: string;
  readonly db: mongo.Db;
  readonly mongod: Mongod;
  /** Between the gateways and mongod, in rows that need it. */
  readonly proxy?: MongoProxy;
  readonly simulators: Simulators;
  readonly fleet: readonly FaultDevice[];
  /** The gateway that the task is given to. */
  readonly first: ArmedGateway;
  /** A key of the row's app. */
  readonly bearer: string;
  readonly operatorKey: string;
  /** Another gateway on the same database. */
  startGateway(more?: Env): Promise<ArmedGateway>;
  /** Rejects when a gateway has ended by itself, as it does of a rejection that nobody handles. */
  requireAlive(): Promise<void>;
  /** What all gateways of this row have written. */
  output(): string;
  close(): Promise<void>;
}

const proxyOf = async ({ fault }: Row, { port }: RowMongod): Promise<MongoProxy | undefined> =>
  fault === 'commit answer lost' && port != null ? startMongoProxy(port) : undefined;

export const setStage = async <Mongod extends RowMongod>(
  row: Row,
  { mongod, gateways, firstEnv }: Theatre<Mongod>,
): Promise<Stage<Mongod>> => {
  const name = `row_${randomBytes(6).toString('hex')}`;
  const proxy = await proxyOf(row, mongod);
  const db = mongod.client.db(name);
  const operatorKey = `operator.${randomBytes(32).toString('base64url')}`;
  const env = {
    MONGODB_URI: mongod.uriFor(name, proxy?.port),
    PIGEONPOST_MASTER_KEY: randomBytes(32).toString('base64url'),
    PIGEONPOST_OPERATOR_KEY: operatorKey,
    PIGEONPOST_ALLOW_PRIVATE_ENDPOINTS: 'on',
    PIGEONPOST_LOG_LEVEL: 'warn',
    HOST: '127.0.0.1',
    PORT: '0',
  };
  const used: ArmedGateway[] = [];
  const startGateway = async (more: Env = {}): Promise<ArmedGateway> => {
    const gateway = gateways.take();
    used.push(gateway);
    await gateway.start({ ...env, ...more }, { ...timingsOf(row), ...row.timings });
    return gateway;
  };
  const requireAlive = async (): Promise<void> => {
    for (const { hasExited, exited } of used) {
      const { code, signal } = hasExited ? await exited : { code: 0, signal: null };
      if (signal == null && code !== 0) throw new Error(`A gateway has ended with ${code}`);
    }
  };
  const output = (): string => used.map((gateway) => gateway.output()).join('\n--\n');
  const simulators = await startSimulators();
  const close = async (): Promise<void> => {
    await mongod.heal?.(name);
    await Promise.all(used.map((gateway) => gateways.giveBack(gateway)));
    await simulators.close();
    await proxy?.close();
    await db.dropDatabase();
  };
  try {
    const first = await startGateway(firstEnv);
    const fleet = makeFleet(row.mix, row.refusing);
    const bearer = await setUpFleet(
      apiClient(first.url, operatorKey),
      first.url,
      simulators,
      fleet,
    );
    return {
      ...{ name, db, mongod, simulators, fleet, first, bearer, operatorKey },
      ...(proxy == null ? {} : { proxy }),
      startGateway,
      requireAlive,
      output,
      close,
    };
  } catch (error) {
    if (error instanceof Error) error.message += `\n${output()}`;
    await close();
    throw error;
  }
};
