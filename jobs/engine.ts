/** What the API may ask of the way of a push: accept, control, and tell what became of it. */
import type { ClientSession, Types } from 'mongoose';
import type { Problem } from '../adapters/adapter.js';
import type { App } from '../models/app.js';
import type { DeliveryState } from '../models/batch.js';
import type { Campaign } from '../models/campaign.js';
import type { Erasable } from '../models/erasure.js';
import type { Ledger } from '../models/ledger.js';
import type { Rest } from '../models/rest.js';
import type {
  Audience,
  DueRule,
  IfUnsure,
  Lane,
  Replacement,
  Task,
  TaskMessage,
} from '../models/task.js';
import type { AccountEvent } from '../models/trigger.js';
import type { Preview, PreviewRequest } from './preview/preview.js';
import type { TriedLocale } from './try-template.js';

/** A task as the API hands it over: validated, defaults filled in, lists deduplicated. */
export interface TaskInput {
  audience: Audience;
  message: TaskMessage;
  schedule?: { at: Date };
  /** When each device is due, where that is not the same instant for all. */
  due?: Omit<DueRule, 'ttlSeconds'>;
  /** Send no faster, whatever the vendors allow. */
  ratePerSecond?: number;
  /** From the scheduled instant; with `due`, from when each device is due. */
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
  /** The campaign that it is a run of. */
  campaign?: Types.ObjectId;
}

/** Why a task is refused: what a vendor says to its message, or what the app itself does not allow. */
export interface TaskProblem extends Omit<Problem, 'code'> {
  readonly code: Problem['code'] | 'PURPOSE_UNKNOWN';
}

/** A task that no vendor of its audience would take as it is, or that the app does not allow; nothing was written. */
export class TaskRefused extends Error {
  override readonly name = 'TaskRefused';
  constructor(readonly problems: readonly TaskProblem[]) {
    super('The task cannot be sent as it is');
  }
}

/** A verb that the task's state does not allow. */
export class TaskStateConflict extends Error {
  override readonly name = 'TaskStateConflict';
  constructor(
    readonly state: Task['state'],
    readonly verb: TaskVerb | 'change its rate',
  ) {
    super(`A task that is ${state} cannot be asked to ${verb}`);
  }
}

export const CAMPAIGN_VERBS = ['pause', 'resume', 'end'] as const;
export type CampaignVerb = (typeof CAMPAIGN_VERBS)[number];

/** What the campaign is does not allow it; the message is for the caller. */
export class CampaignStateConflict extends Error {
  override readonly name = 'CampaignStateConflict';
  constructor(
    readonly state: Campaign['state'],
    message: string,
  ) {
    super(message);
  }
}

/** Nothing of the task can be taken back, or not in this way; the message is for the caller. */
export class NotRecallableTask extends Error {
  override readonly name = 'NotRecallableTask';
}

export interface RecallRequest {
  app: App;
  /** Id of the key that asks. */
  by: string;
  task: Types.ObjectId;
  /** Seen where a vendor cannot remove the push without a trace. */
  replacement?: Replacement;
}

export interface ApprovalRequest {
  app: string;
  campaign: Types.ObjectId;
  version: number;
  /** Id of the key that asks. */
  by: string;
}

export interface CampaignControl {
  app: string;
  campaign: Types.ObjectId;
  verb: CampaignVerb;
  /** The tasks of its runs, too, as far as they have not ended; where it ends, they are cancelled. */
  tasks: boolean;
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
  /** When the cap that stopped it has room again. */
  freesAt?: Date;
}

export interface DeliveryFilter {
  /** `pending` lists what is still open; other states list final rows; absent: all final rows. */
  state?: DeliveryState | 'pending';
  /** Rows behind this device, in the order of device ids. */
  after?: Types.ObjectId;
  device?: Types.ObjectId;
  limit?: number;
}

/** What an erasure did. */
export interface ErasureResult {
  readonly devices: number;
  /** A vendor keeps a batch waiting that was on its way: a push of it may still leave. */
  readonly mayStillArrive: boolean;
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
  /** Whom a task would reach, and why not the others. Rejects with TaskRefused; writes nothing. */
  preview(request: PreviewRequest): Promise<Preview>;
  /** The task after the verb, or null when the app has no such task. Rejects with TaskStateConflict. */
  control(app: string, task: Types.ObjectId, verb: TaskVerb): Promise<Task | null>;
  /** Rejects with TaskRefused, as `accept` would; nothing is written. */
  check(request: AcceptRequest): Promise<void>;
  /**
   * Its runs are made of this version from now on, which must be the newest. Null when the app has no such campaign. Rejects with
   * CampaignStateConflict.
   */
  approveCampaign(request: ApprovalRequest): Promise<Campaign | null>;
  /** The campaign after the verb; as `approveCampaign` otherwise. */
  controlCampaign(request: CampaignControl): Promise<Campaign | null>;
  /** Brings accounts into triggered campaigns, and out of them; resolves when it is written. */
  takeEvents(app: string, events: readonly AccountEvent[]): Promise<void>;
  /**
   * Cancels what is still open of a task, and takes back what was sent: by a task of its own, the same one however often it
   * is asked for. Null when the app has no such task. Rejects with NotRecallableTask.
   */
  recall(request: RecallRequest): Promise<Task | null>;
  /** Resolves when all is deleted and nothing that was on its way can reach it any more, but not later than after a while. */
  erase(app: string, what: Erasable): Promise<ErasureResult>;
  /** Sends it at this rate from now on, null for as fast as it goes; as `control` otherwise. */
  setRate(app: string, task: Types.ObjectId, ratePerSecond: number | null): Promise<Task | null>;
  /** How a template looks in each locale, and what the app's vendors say to it. */
  tryTemplate(
    app: string,
    message: TaskMessage,
    options: { readonly data: Readonly<Record<string, string>>; readonly fill: boolean },
  ): Promise<readonly TriedLocale[]>;
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
  /** Its quiet hours, caps and purposes are read again before the next push. */
  appChanged(app: string): void;
  /** Vendor profiles of the app that nothing is sent through now, by `<app>/<vendor>/<profile>`, as all workers know it. */
  rests(app: string): Promise<ReadonlyMap<string, Rest>>;
  /** Rejects, in words, when work could not be done now. */
  ready(): Promise<void>;
  start(): Promise<void>;
  /** Takes no more work, finishes or hands back what is in flight within `withinMs`. */
  stop(withinMs: number): Promise<void>;
}
