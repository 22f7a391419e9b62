/** An engine on a real database with the sandbox vendor, for tests that look at the way of a push from inside. */
import { randomBytes, randomUUID } from 'node:crypto';
import { type Connection, Types } from 'mongoose';
import { Registry } from 'prom-client';
import type { AdapterDeps, Vendor } from '../../adapters/adapter.js';
import { loadVendors } from '../../adapters/index.js';
import { createEngine } from '../../jobs/create-engine.js';
import type { Engine, TaskInput } from '../../jobs/engine.js';
import { createMetrics } from '../../jobs/metrics.js';
import { DEFAULT_TIMINGS, type JobParts } from '../../jobs/parts.js';
import { type App, appModel } from '../../models/app.js';
import { newAppSecrets, openHashSecret } from '../../models/app-secrets.js';
import { dbOf } from '../../models/database.js';
import type { Device } from '../../models/device.js';
import { createIndexes } from '../../models/indexes.js';
import { secretBox } from '../../models/secret-box.js';
import { LANES, type Task } from '../../models/task.js';
import { tokenKey } from '../../models/token-key.js';
import { vendorProfileId, vendorProfileModel } from '../../models/vendor-profile.js';
import { sealSettings } from '../../models/vendor-settings.js';
import { keptTaskReader } from '../../server/task-request.js';
import { until } from './until.js';

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** Deps of adapters that reach no network. */
const sandboxDeps = (): AdapterDeps => ({
  transport: {
    request: () => Promise.reject(new Error('No network in this test')),
    ready: () => Promise.resolve(),
    renew: () => {},
    close: () => Promise.resolve(),
  },
  credentials: { get: (_key, _after, make) => make(), drop: () => Promise.resolve() },
  now: Date.now,
});

/** A busy machine is slow. */
const ENDED_WITHIN_MS = 50_000;

export interface EngineTest {
  readonly engine: Engine;
  readonly parts: JobParts;
  readonly app: App;
  addProfile(vendor: string, settings?: Record<string, unknown>, profile?: string): Promise<void>;
  addDevice(token: string, change?: Partial<Device>): Promise<Types.ObjectId>;
  accept(input: Partial<TaskInput> & Pick<TaskInput, 'audience'>): Promise<Task>;
  taskNow(task: Pick<Task, '_id'>): Promise<Task>;
  /** Resolves with the task once it has ended and its books are closed. */
  ended(task: Pick<Task, '_id'>): Promise<Task>;
  rows(task: Pick<Task, '_id'>): Promise<{ device: string; state: string; reason?: string }[]>;
}

export const registered = async (
  connection: Connection,
  secret: Buffer,
  change: Partial<Device> & Pick<Device, 'app' | 'token'>,
): Promise<Types.ObjectId> => {
  const now = new Date();
  const vendor = change.vendor ?? 'sandbox';
  const device: Device = {
    _id: new Types.ObjectId(),
    vendor,
    profile: 'default',
    tokenKey: tokenKey(secret, vendor, change.token),
    tags: [],
    consent: { push: 'granted', purposes: {} },
    state: 'active',
    registeredAt: now,
    createdAt: now,
    updatedAt: now,
    ...change,
  };
  await dbOf(connection).collection<Device>('devices').insertOne(device);
  return device._id;
};

/** Call inside a test or hook; stop what it returns with `engine.stop`. */
export const engineTest = async (
  connection: Connection,
  change: Partial<Omit<JobParts, 'timings'>> & {
    timings?: Partial<JobParts['timings']>;
    app?: App;
  } = {},
): Promise<EngineTest> => {
  const db = dbOf(connection);
  const vendors = change.vendors ?? (await loadVendors());
  const box = change.secretBox ?? secretBox(randomBytes(32));
  const { app: givenApp, timings, ...others } = change;
  const parts: JobParts = {
    connection,
    db,
    vendors,
    adapterDeps: sandboxDeps(),
    secretBox: box,
    readTask: keptTaskReader({ connection, vendors, now: change.now ?? Date.now }),
    log: silent,
    metrics: createMetrics(new Registry(), { depth: () => Promise.resolve([]) }),
    now: Date.now,
    monotonic: () => performance.now(),
    owner: randomUUID(),
    lanes: LANES,
    batchesInFlight: 3,
    ...others,
    timings: { ...DEFAULT_TIMINGS, sweepMs: 300, controlMs: 50, ...timings },
  };
  await createIndexes(connection);
  const engine = createEngine(parts);
  await engine.start();
  const app = givenApp ?? (await createApp(connection, box));
  const secret = openHashSecret(box, app);

  const taskNow = async ({ _id }: Pick<Task, '_id'>): Promise<Task> => {
    // As the API reads it: no newer than the snapshot that its counts are read from.
    const task = await db
      .collection<Task>('tasks')
      .findOne({ _id }, { readConcern: { level: 'majority' } });
    if (task == null) throw new Error('No such task');
    return task;
  };
  return {
    engine,
    parts,
    app,
    async addProfile(name, settings = {}, profile = 'default') {
      const vendor = vendors.get(name) as Vendor;
      const { value, error } = vendor.settings.validate(settings);
      if (error != null) throw error;
      const id = vendorProfileId(app._id, name, profile);
      await vendorProfileModel(connection).create({
        _id: id,
        app: app._id,
        vendor: name,
        profile,
        ...sealSettings(id, value, vendor, box),
        revision: 1,
        updatedAt: new Date(),
      });
      engine.vendorChanged(app._id, name, profile);
    },
    addDevice: (token, fields = {}) =>
      registered(connection, secret, { ...fields, token, app: app._id }),
    async accept(input) {
      return engine.accept({
        app,
        by: 'test',
        input: {
          message: { title: 'Hello', silent: false, priority: 'high', purpose: 'service' },
          lane: 'default',
          ifUnsure: 'resend',
          ...input,
        },
      });
    },
    taskNow,
    async ended(task) {
      const hasEnded = async (): Promise<boolean> => (await taskNow(task)).endedAt != null;
      await until('the task has ended', hasEnded, { withinMs: ENDED_WITHIN_MS });
      return taskNow(task);
    },
    async rows(task) {
      const rows = [];
      for await (const row of engine.deliveries(await taskNow(task), {})) {
        const { state, reason } = row;
        rows.push({
          device: row.device.toHexString(),
          state,
          ...(reason == null ? {} : { reason }),
        });
      }
      return rows;
    },
  };
};

let apps = 0;

const createApp = async (
  connection: Connection,
  box: ReturnType<typeof secretBox>,
): Promise<App> => {
  const id = `app-${(apps += 1)}`;
  const created = await appModel(connection).create({
    _id: id,
    name: id,
    ...newAppSecrets(box, id).sealed,
    allowRawTokens: false,
    retentionDays: 90,
    createdAt: new Date(),
  });
  return created.toObject();
};
