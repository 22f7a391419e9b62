/** A push task: one message to one audience. */
import { randomBytes } from 'node:crypto';
import { type Connection, type Model, Schema, Types } from 'mongoose';
import type { BadgeWish } from './badge.js';
import type { SendWindow } from './send-windows.js';

export const LANES = ['transactional', 'default', 'campaign'] as const;
export type Lane = (typeof LANES)[number];

export const TASK_STATES = [
  'scheduled',
  'accepted',
  'planning',
  'sending',
  'paused',
  'done',
  'cancelled',
  'failed',
] as const;
export type TaskState = (typeof TASK_STATES)[number];

/** Nothing more happens to a task in one of these, but the last rows of a cancelled one. */
export const ENDED_STATES = ['done', 'cancelled', 'failed'] as const satisfies readonly TaskState[];

/** What the caller wants for a device that may have got the push: at least once, or at most once. */
export type IfUnsure = 'resend' | 'leave';

export interface TokenItem {
  token: string;
  vendor?: string;
  profile?: string;
}
export interface AccountItem {
  account: string;
  /** Laid over `message.data` for the devices of this account. */
  data?: Record<string, string>;
}

/** Who is left out of an audience, by any of these. */
export interface Exclude {
  accounts?: string[];
  tokens?: TokenItem[];
  devices?: string[];
  /** An expression. */
  where?: string;
}

/** What an audience that is found by a query may say besides. */
export interface Narrowing {
  exclude?: Exclude;
  /** Percent of the devices. */
  sample?: number;
  /** At most so many devices. */
  limit?: number;
  /** Decides which; of its own for each task, unless the caller wants the same again. */
  salt?: string;
}

/** Found by a query, device by device in the order of ids. */
export type QueriedAudience = ({ tags: string } | { where: string } | { all: true }) & Narrowing;

/** One way to say it, as the caller did, deduplicated. */
export type Audience =
  | { tokens: TokenItem[] }
  | { devices: string[] }
  | { accounts: AccountItem[] }
  | QueriedAudience;

/** `recalled`: whoever another task was delivered to. */
export type AudienceKind =
  | 'tokens'
  | 'devices'
  | 'accounts'
  | 'tags'
  | 'where'
  | 'all'
  | 'recalled';

/** Its devices are found by a query; of others, a list names them. */
export const isQueried = (kind: AudienceKind): kind is 'tags' | 'where' | 'all' =>
  kind === 'tags' || kind === 'where' || kind === 'all';

export interface LocalizedText {
  title?: string;
  body?: string;
}

/** What is to be seen in the place of a push that is taken back. */
export interface Replacement extends LocalizedText {
  /** By BCP 47 locale. */
  localized?: Record<string, LocalizedText>;
}

/** The template that the texts of a message come from: they are patterns of ICU MessageFormat then. */
export interface TaskTemplate {
  name: string;
  version: number;
  /** Of the default text: how it writes numbers and dates. */
  locale: string;
  /** IANA name; dates are written in it. */
  timeZone: string;
  /** By placeholder. */
  defaults?: Record<string, string>;
}

/** The caller's message with defaults filled in. */
export interface TaskMessage {
  title?: string;
  body?: string;
  data?: Record<string, string>;
  image?: string;
  url?: string;
  badge?: BadgeWish;
  sound?: string;
  silent: boolean;
  priority: 'high' | 'normal';
  collapseKey?: string;
  purpose: string;
  storeSeconds?: number;
  /** By BCP 47 locale. */
  localized?: Record<string, LocalizedText>;
  template?: TaskTemplate;
  /** By vendor. */
  overrides?: Record<string, Record<string, unknown>>;
}

/** For a device whose wall time is over when its task comes: nothing, at once, or the next day on which it is not. */
export const LATE_RULES = ['skip', 'now', 'next-day'] as const;
export type LateRule = (typeof LATE_RULES)[number];

/** When each device of a task is due, where that is not one instant for all. */
export interface DueRule {
  /** On the wall of each device, `2026-12-24T18:00`. */
  localTime?: string;
  /** With `localTime`. */
  late?: LateRule;
  /** IANA name, for devices that have not told theirs. */
  timeZone: string;
  /** By the wall clock of each device. */
  windows?: SendWindow[];
  /** Each device has a minute of its own among so many. */
  spreadMinutes?: number;
  /** How long a device is tried, from when it is due; absent: until the task expires. */
  ttlSeconds?: number;
}

/** Owner, beat and fence: who works on it, whether they live, and which of them may write (docs/architecture.md). */
export interface Lease {
  owner?: string;
  beat: number;
  fence: number;
}

export interface Task extends Lease {
  _id: Types.ObjectId;
  app: string;
  state: TaskState;
  lane: Lane;
  message: TaskMessage;
  audienceKind: AudienceKind;
  /** The expression of a `tags` audience; lists are kept in `audiences` until they are planned. */
  tagExpression?: string;
  /** Of a `where` audience. */
  whereExpression?: string;
  /** Who is left out; lists are kept in `audiences`, too (`listed`). */
  exclude?: { where?: string; listed?: true };
  sample?: number;
  limit?: number;
  salt?: string;
  /** The place of the last device that the limit lets in, once that is settled. */
  limitOrder?: number;
  /** The caller says that people behind unregistered tokens agreed (apps that allow raw tokens only). */
  consentAsserted: boolean;
  ifUnsure: IfUnsure;
  reference?: string;
  labels?: Record<string, string>;
  /** The campaign that it is a run of. */
  campaign?: Types.ObjectId;
  /** It takes back what this other task has sent; `message` is that of the other, with the texts of `replacement`. */
  recallOf?: Types.ObjectId;
  /** When that one began to be sent: whoever came to a device later never saw its push. */
  recalledFrom?: Date;
  replacement?: Replacement;
  /** The collection its delivery rows are in. */
  deliveriesIn: string;
  scheduledAt?: Date;
  due?: DueRule;
  /** Of the devices in its batches, when the first and the last is due; of a task with such a rule. */
  firstDueAt?: Date;
  lastDueAt?: Date;
  /** The caller wants it sent no faster. */
  ratePerSecond?: number;
  /** Nothing is tried behind it; with a rule, a device's own time may be over before. */
  expiresAt: Date;
  /** Everything up to this device is in a batch or a suppressed row. */
  planCursor?: Types.ObjectId;
  planSequence: number;
  /** Devices planned so far, of a task with a limit. */
  planCount?: number;
  planned: boolean;
  /** Accounts of the audience that have no device. */
  unmatched: number;
  /** Why it is `failed`. */
  failure?: string;
  createdBy: string;
  createdAt: Date;
  plannedAt?: Date;
  startedAt?: Date;
  endedAt?: Date;
}

/** Of a task that nobody has begun to plan. */
export const UNPLANNED = {
  planSequence: 0,
  planned: false,
  unmatched: 0,
  beat: 0,
  fence: 0,
} as const satisfies Partial<Task>;

/** Cancelled tasks stay so for ever: the sweep finds those that have not ended here, without reading the others. */
export const CANCELLED_INDEX = 'cancelled';

export const taskSchema = new Schema<Task>(
  {
    _id: { type: Schema.Types.ObjectId, required: true },
    app: { type: String, required: true },
    state: { type: String, enum: TASK_STATES, required: true },
    lane: { type: String, enum: LANES, required: true },
    message: { type: Schema.Types.Mixed, required: true },
    audienceKind: { type: String, required: true },
    tagExpression: String,
    whereExpression: String,
    exclude: Schema.Types.Mixed,
    sample: Number,
    limit: Number,
    salt: String,
    limitOrder: Number,
    consentAsserted: { type: Boolean, default: false },
    ifUnsure: { type: String, enum: ['resend', 'leave'], required: true },
    reference: String,
    labels: Schema.Types.Mixed,
    campaign: Schema.Types.ObjectId,
    recallOf: Schema.Types.ObjectId,
    recalledFrom: Date,
    replacement: Schema.Types.Mixed,
    deliveriesIn: { type: String, required: true },
    scheduledAt: Date,
    due: Schema.Types.Mixed,
    firstDueAt: Date,
    lastDueAt: Date,
    ratePerSecond: Number,
    expiresAt: { type: Date, required: true },
    planCursor: Schema.Types.ObjectId,
    planSequence: { type: Number, default: 0 },
    planCount: Number,
    planned: { type: Boolean, default: false },
    unmatched: { type: Number, default: 0 },
    failure: String,
    owner: String,
    beat: { type: Number, default: 0 },
    fence: { type: Number, default: 0 },
    createdBy: { type: String, required: true },
    createdAt: { type: Date, required: true },
    plannedAt: Date,
    startedAt: Date,
    endedAt: Date,
  },
  { collection: 'tasks', versionKey: false, minimize: false },
);
taskSchema.index({ app: 1, createdAt: -1, _id: -1 });
taskSchema.index(
  { app: 1, reference: 1, createdAt: -1 },
  { partialFilterExpression: { reference: { $exists: true } } },
);
// What the sweep looks for; ended tasks are not in it.
taskSchema.index(
  { state: 1, scheduledAt: 1 },
  {
    partialFilterExpression: {
      state: { $in: ['scheduled', 'accepted', 'planning', 'sending', 'paused', 'cancelled'] },
    },
  },
);
// What a planner claims: of its lanes, the longest waiting first.
taskSchema.index({ lane: 1, createdAt: 1 }, { partialFilterExpression: { state: 'accepted' } });
taskSchema.index(
  { endedAt: 1 },
  { name: CANCELLED_INDEX, partialFilterExpression: { state: 'cancelled' } },
);
taskSchema.index({ deliveriesIn: 1, state: 1 });
taskSchema.index(
  { campaign: 1, createdAt: -1 },
  { partialFilterExpression: { campaign: { $exists: true } } },
);
// A task has one recall, however often it is asked for.
taskSchema.index(
  { recallOf: 1 },
  { unique: true, partialFilterExpression: { recallOf: { $exists: true } } },
);

export const taskModel = (connection: Connection): Model<Task> =>
  connection.model<Task>('Task', taskSchema);

const RANDOM_HEAD_BYTES = 2;

/** A task id: 12 bytes whose first two are random, so that a ranged shard key on `_id` spreads tasks. */
export const newTaskId = (): Types.ObjectId => {
  const ordinary = Buffer.from(new Types.ObjectId().id);
  // The last bytes of an ordinary id (random and counter) stay: they make it unique.
  const bytes = Buffer.concat([
    randomBytes(RANDOM_HEAD_BYTES),
    ordinary.subarray(0, 4),
    ordinary.subarray(6),
  ]);
  return new Types.ObjectId(bytes);
};
