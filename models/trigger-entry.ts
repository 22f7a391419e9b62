/** An account that an event has brought into a triggered campaign: it waits, and what became of it is kept for a while. */
import {
  type ClientSession,
  type Connection,
  type Model,
  type mongo,
  Schema,
  type Types,
} from 'mongoose';
import type { Refusal } from './campaign-run.js';

/** `capped`, `reentry`: a rule of the campaign held it back when it was due. `dropped`: the campaign ended. */
export const ENTRY_STATES = [
  'waiting',
  'sent',
  'cancelled',
  'capped',
  'reentry',
  'refused',
  'dropped',
] as const;
export type EntryState = (typeof ENTRY_STATES)[number];

export interface TriggerEntry {
  _id: Types.ObjectId;
  app: string;
  campaign: Types.ObjectId;
  /** As it is sent to. */
  account: string;
  /** Found without telling, by an erasure. */
  accountKey: Buffer;
  state: EntryState;
  /** When the event happened. */
  startedAt: Date;
  dueAt: Date;
  /** The properties of the event, as texts. */
  data: Record<string, string>;
  /** Of one that was sent. */
  task?: Types.ObjectId;
  /** Of the campaign, that it was sent by or refused. */
  version?: number;
  /** Of one that was cancelled: the event. */
  cancelledBy?: string;
  /** Of one that was refused. */
  refusal?: Refusal;
  endedAt?: Date;
}

/** Once it has ended. */
const KEPT_SECONDS = 30 * 24 * 60 * 60;

export const triggerEntrySchema = new Schema<TriggerEntry>(
  {
    app: { type: String, required: true },
    campaign: { type: Schema.Types.ObjectId, required: true },
    account: { type: String, required: true },
    accountKey: { type: Buffer, required: true },
    state: { type: String, enum: ENTRY_STATES, required: true },
    startedAt: { type: Date, required: true },
    dueAt: { type: Date, required: true },
    data: { type: Schema.Types.Mixed, required: true },
    task: Schema.Types.ObjectId,
    version: Number,
    cancelledBy: String,
    refusal: Schema.Types.Mixed,
    endedAt: Date,
  },
  { collection: 'trigger_entries', versionKey: false, minimize: false },
);
const WAITING = { state: 'waiting' } as const;
triggerEntrySchema.index(
  { campaign: 1, accountKey: 1 },
  { unique: true, partialFilterExpression: WAITING },
);
// What the sweep looks for.
triggerEntrySchema.index({ campaign: 1, dueAt: 1 }, { partialFilterExpression: WAITING });
triggerEntrySchema.index({ campaign: 1, state: 1, _id: -1 });
triggerEntrySchema.index({ endedAt: 1 }, { expireAfterSeconds: KEPT_SECONDS });
// For an erasure.
triggerEntrySchema.index({ accountKey: 1 });

export const triggerEntryModel = (connection: Connection): Model<TriggerEntry> =>
  connection.model<TriggerEntry>('TriggerEntry', triggerEntrySchema);

export const entries = (db: mongo.Db): mongo.Collection<TriggerEntry> =>
  db.collection<TriggerEntry>('trigger_entries');

/** Of these accounts, in one campaign or several. */
export const waitingEntries = (
  db: mongo.Db,
  of: { readonly campaigns: readonly Types.ObjectId[]; readonly accounts: readonly Buffer[] },
  session: ClientSession,
): Promise<TriggerEntry[]> =>
  entries(db)
    .find(
      {
        ...WAITING,
        campaign: { $in: [...of.campaigns] },
        accountKey: { $in: [...of.accounts] },
      },
      { session, promoteBuffers: true },
    )
    .toArray();

/** The longest waiting first. */
export const dueEntries = (
  db: mongo.Db,
  campaign: Types.ObjectId,
  now: Date,
): mongo.FindCursor<TriggerEntry> =>
  entries(db)
    .find({ ...WAITING, campaign, dueAt: { $lte: now } }, { promoteBuffers: true })
    .sort({ dueAt: 1 });

export interface EntryFilter {
  readonly state?: EntryState;
  readonly after?: Types.ObjectId;
  readonly limit: number;
}

/** Newest first. */
export const entriesOf = (
  db: mongo.Db,
  campaign: Types.ObjectId,
  { state, after, limit }: EntryFilter,
): Promise<TriggerEntry[]> =>
  entries(db)
    .find({
      campaign,
      // By name, so that the index answers in the order of ids.
      state: state ?? { $in: [...ENTRY_STATES] },
      ...(after == null ? {} : { _id: { $lt: after } }),
    })
    .sort({ _id: -1 })
    .limit(limit)
    .toArray();
