/** What the jobs are made of; server/index.ts puts it together, a test puts in what it wants to own. */
import type { Connection, mongo } from 'mongoose';
import type { AdapterDeps, Vendor } from '../adapters/adapter.js';
import type { App } from '../models/app.js';
import type { Refusal } from '../models/campaign-run.js';
import type { SecretBox } from '../models/secret-box.js';
import type { Lane } from '../models/task.js';
import type { TaskInput } from './engine.js';
import type { Metrics } from './metrics.js';

/** The part of winston's logger that jobs use. */
export interface Log {
  debug(message: string, fields?: Record<string, unknown>): unknown;
  info(message: string, fields?: Record<string, unknown>): unknown;
  warn(message: string, fields?: Record<string, unknown>): unknown;
  error(message: string, fields?: Record<string, unknown>): unknown;
}

export interface Timings {
  /** A lease without a new beat for so long is dead. */
  readonly leaseMs: number;
  readonly beatMs: number;
  /** How often leases are looked at; a dead one is noticed within `leaseMs + watchMs`. */
  readonly watchMs: number;
  readonly sweepMs: number;
  /** How often a process asks which vendor profiles rest. */
  readonly breakerMs: number;
  /** Answers that take longer do not hold up the report of the others. */
  readonly stragglerMs: number;
  /** How often running work looks whether its task was paused or cancelled. */
  readonly controlMs: number;
  /** How long an erasure waits for pushes that were on their way when it was asked for. */
  readonly erasureWaitMs: number;
}

export const DEFAULT_TIMINGS: Timings = {
  leaseMs: 15_000,
  beatMs: 3_000,
  watchMs: 2_500,
  sweepMs: 2_000,
  breakerMs: 1_000,
  stragglerMs: 2_000,
  controlMs: 250,
  erasureWaitMs: 20_000,
};

/** Reads the request that a campaign keeps, as the API would read it of a caller now. */
export type ReadTask = (
  app: App,
  request: Record<string, unknown>,
) => Promise<{ readonly input: TaskInput } | { readonly refusal: Refusal }>;

export interface JobParts {
  readonly connection: Connection;
  readonly db: mongo.Db;
  readonly vendors: ReadonlyMap<string, Vendor>;
  readonly adapterDeps: AdapterDeps;
  readonly secretBox: SecretBox;
  readonly readTask: ReadTask;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly now: () => number;
  /** Milliseconds that never jump. */
  readonly monotonic: () => number;
  /** Names this process in leases. */
  readonly owner: string;
  /** What this process plans and sends; empty: it only accepts. */
  readonly lanes: readonly Lane[];
  /** Batches a lane sends at a time in this process. */
  readonly batchesInFlight: number;
  readonly timings: Timings;
}
