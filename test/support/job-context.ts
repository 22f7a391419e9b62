/** What the stages of a push share, on a real database and without an engine that works behind a test's back. */
import { randomBytes, randomUUID } from 'node:crypto';
import { type Connection, Types } from 'mongoose';
import { Registry } from 'prom-client';
import { loadVendors } from '../../adapters/index.js';
import { createAppSecrets } from '../../jobs/app-secrets.js';
import { createAppSettings } from '../../jobs/app-settings.js';
import { createBreaker } from '../../jobs/breaker.js';
import { createTriggers } from '../../jobs/campaigns/triggers.js';
import type { JobContext } from '../../jobs/context.js';
import { createInFlight } from '../../jobs/in-flight.js';
import { createMetrics } from '../../jobs/metrics.js';
import { createPacing } from '../../jobs/pacing/pacing.js';
import { DEFAULT_TIMINGS, type JobParts } from '../../jobs/parts.js';
import { createPriority } from '../../jobs/priority.js';
import { createProfiles } from '../../jobs/profiles.js';
import { createPurposes } from '../../jobs/purposes.js';
import { createQuietHours } from '../../jobs/quiet.js';
import { createReads } from '../../jobs/reads.js';
import { createTokenGuard } from '../../jobs/token-guard.js';
import { createWrites } from '../../jobs/writes.js';
import { type Batch, batches, batchIndexes, packIds, plannedBatchId } from '../../models/batch.js';
import { dbOf } from '../../models/database.js';
import { ensureDeliveries } from '../../models/delivery.js';
import { createIndexes } from '../../models/indexes.js';
import { tasks } from '../../models/lease.js';
import { parkedIndexes } from '../../models/parked.js';
import { secretBox } from '../../models/secret-box.js';
import { LANES, newTaskId, type Task } from '../../models/task.js';
import { keptTaskReader } from '../../server/task-request.js';

export const SOME_DELIVERIES = 'deliveries_2026_01_90';

/** A task that is being sent; a test names what it is about. */
export const someTask = (change: Partial<Task> = {}): Task => ({
  _id: newTaskId(),
  app: 'shop',
  state: 'sending',
  lane: 'default',
  message: { title: 'Hello', silent: false, priority: 'high', purpose: 'service' },
  audienceKind: 'devices',
  consentAsserted: false,
  ifUnsure: 'resend',
  deliveriesIn: SOME_DELIVERIES,
  expiresAt: new Date(Date.now() + 3_600_000),
  planSequence: 1,
  planned: true,
  unmatched: 0,
  beat: 0,
  fence: 0,
  createdBy: 'test',
  createdAt: new Date(),
  ...change,
});

/** Written, to everybody, and not planned yet. */
export const acceptedTask = async (
  { parts: { db } }: JobContext,
  change: Partial<Task> = {},
): Promise<Task> => {
  const task = someTask({
    state: 'accepted',
    audienceKind: 'all',
    planned: false,
    planSequence: 0,
    ...change,
  });
  await ensureDeliveries(db, task.deliveriesIn);
  await tasks(db).insertOne(task);
  return task;
};

/** A first batch of devices of that task, due now. */
export const someBatch = (
  { _id: task, app, lane, expiresAt }: Task,
  change: Partial<Batch> & { ids?: readonly Types.ObjectId[]; sequence?: number } = {},
): Batch => {
  const { ids = [new Types.ObjectId()], sequence = 0, ...others } = change;
  return {
    _id: plannedBatchId(task, sequence),
    task,
    app,
    vendor: 'sandbox',
    profile: 'default',
    lane,
    state: 'due',
    first: true,
    attempt: 1,
    waits: 0,
    maybe: false,
    size: ids.length,
    devices: packIds(ids),
    notBefore: new Date(0),
    expiresAt,
    movedOn: 0,
    counts: {},
    beat: 0,
    fence: 0,
    createdAt: new Date(0),
    ...others,
  };
};

/** Ids in ascending order. */
export const someIds = (count: number): Types.ObjectId[] =>
  Array.from({ length: count }, () => new Types.ObjectId());

export const jobContext = async (
  connection: Connection,
  change: Partial<JobParts> = {},
): Promise<JobContext> => {
  const db = dbOf(connection);
  const vendors = await loadVendors();
  const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
  const parts: JobParts = {
    connection,
    db,
    vendors,
    adapterDeps: {
      transport: {
        request: () => Promise.reject(new Error('No network in this test')),
        ready: () => Promise.resolve(),
        renew: () => {},
        close: () => Promise.resolve(),
      },
      credentials: { get: (_key, _after, make) => make(), drop: () => Promise.resolve() },
      now: Date.now,
    },
    secretBox: secretBox(randomBytes(32)),
    readTask: keptTaskReader({ connection, vendors, now: change.now ?? Date.now }),
    log: silent,
    metrics: createMetrics(new Registry(), { depth: () => Promise.resolve([]) }),
    now: Date.now,
    monotonic: () => performance.now(),
    owner: randomUUID(),
    lanes: LANES,
    batchesInFlight: 3,
    timings: DEFAULT_TIMINGS,
    ...change,
  };
  await createIndexes(connection);
  await batches(db).createIndexes([...batchIndexes, ...parkedIndexes]);
  await ensureDeliveries(db, SOME_DELIVERIES);
  const stopping = new AbortController().signal;
  const priority = createPriority(parts.monotonic);
  const settings = createAppSettings(parts);
  return {
    parts,
    profiles: createProfiles(parts),
    secrets: createAppSecrets(db, parts.secretBox),
    settings,
    breaker: createBreaker(parts),
    guard: createTokenGuard(parts),
    inFlight: createInFlight(),
    priority,
    purposes: createPurposes(parts),
    quiet: createQuietHours(settings),
    reads: createReads(db, priority),
    triggers: createTriggers(parts),
    writes: createWrites(connection, priority),
    pacing: createPacing(parts, stopping),
    stopping,
  };
};
