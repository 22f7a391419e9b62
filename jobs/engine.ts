/** What the API may ask of the way of a push: accept, control, and tell what became of it. */
import type { ClientSession, Types } from 'mongoose';
import type { Problem } from '../adapters/adapter.js';
import type { App } from '../models/app.js';
import type { DeliveryState } from '../models/batch.js';
import type { Ledger } from '../models/ledger.js';
import type { Rest } from '../models/rest.js';
import type { Audience, IfUnsure, Lane, Task, TaskMessage } from '../models/task.js';

/** A task as the API hands it over: validated, defaults filled in, lists deduplicated. */
export interface TaskInput {
  audience: Audience;
  message: TaskMessage;
  schedule?: { at: Date };
  /** From the scheduled instant. */
  ttlSeconds?: number;
  expiresAt?: Date;
  lane: Lane;
  ifUnsure: IfUnsure;
  reference?: string;
  labels?: Record<string, string>;
  /** Only with a `tokens` audience. */
  consentAsserted?: boolean;
}

export interface AcceptRequest {
  app: App;
  /** Id of the key that asks. */
  by: string;
  input: TaskInput;
}

/** A task that no vendor of its audience would take as it is; nothing was written. */
export class TaskRefused extends Error {
  override readonly name = 'TaskRefused';
  constructor(readonly problems: readonly Problem[]) {
    super('The task cannot be sent as it is');
  }
}

/** A verb that the task's state does not allow. */
export class TaskStateConflict extends Error {
  override readonly name = 'TaskStateConflict';
  constructor(
    readonly state: Task['state'],
    readonly verb: TaskVerb,
  ) {
    super(`A task that is ${state} cannot be asked to ${verb}`);
  }
}

export const TASK_VERBS = ['pause', 'resume', 'cancel'] as const;
export type TaskVerb = (typeof TASK_VERBS)[number];

/** One row of a report. */
export interface DeliveryRow {
  task: Types.ObjectId;
  device: Types.ObjectId;
  state: DeliveryState | 'pending';
  reason?: string;
  vendor?: string;
  profile?: string;
  vendorMessageId?: string;
  attempts: number;
  at?: Date;
}

export interface DeliveryFilter {
  /** `pending` lists what is still open; other states list final rows; absent: all final rows. */
  state?: DeliveryState | 'pending';
  /** Rows behind this device, in the order of device ids. */
  after?: Types.ObjectId;
  device?: Types.ObjectId;
  limit?: number;
}

export interface Engine {
  /**
   * Writes the task, and the batches of a small audience, in one transaction (the caller's `session` when given, whose
   * commit makes it true). Rejects with TaskRefused. Call `wake` after the commit of a `session` of your own.
   */
  accept(request: AcceptRequest, session?: ClientSession): Promise<Task>;
  /**
   * Somebody should look for work now: that of `task`, or any. Cheap, coalesced, never rejects.
   */
  wake(task?: Pick<Task, 'planned' | 'lane'>): void;
  /** The task after the verb, or null when the app has no such task. Rejects with TaskStateConflict. */
  control(app: string, task: Types.ObjectId, verb: TaskVerb): Promise<Task | null>;
  report(task: Pick<Task, '_id'>): Promise<Ledger>;
  /** Rows by device id, as a stream over a cursor. */
  deliveries(
    task: Pick<Task, '_id' | 'deliveriesIn'>,
    filter: DeliveryFilter,
  ): AsyncIterable<DeliveryRow>;
  /** What became of one device, newest first. */
  deviceDeliveries(
    device: Types.ObjectId,
    options: { before?: Date; limit: number },
  ): Promise<DeliveryRow[]>;
  /** An adapter opened for older settings of this profile is replaced. */
  vendorChanged(app: string, vendor: string, profile: string): void;
  /** Vendor profiles of the app that nothing is sent through now, by `<app>/<vendor>/<profile>`, as all workers know it. */
  rests(app: string): Promise<ReadonlyMap<string, Rest>>;
  /** Rejects, in words, when work could not be done now. */
  ready(): Promise<void>;
  start(): Promise<void>;
  /** Takes no more work, finishes or hands back what is in flight within `withinMs`. */
  stop(withinMs: number): Promise<void>;
}
