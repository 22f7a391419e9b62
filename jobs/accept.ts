/** Accept: checks a task against its vendors and writes it, together with the batches of a small audience. */
import { type ClientSession, Types } from 'mongoose';
import type { Problem } from '../adapters/adapter.js';
import { type AudienceList, audienceLists } from '../models/audience-list.js';
import { deliveriesName, ensureDeliveries } from '../models/delivery.js';
import { tasks } from '../models/lease.js';
import {
  type Audience,
  type AudienceKind,
  newTaskId,
  type QueriedAudience,
  type Task,
  UNPLANNED,
} from '../models/task.js';
import { inTransaction } from '../models/transaction.js';
import { audienceContext, openAudience } from './audience.js';
import { checkMessage, MOST_PROBLEMS } from './check-message.js';
import type { JobContext } from './context.js';
import type { Cut } from './cut.js';
import { isWhole, profileKey } from './eligibility.js';
import { type AcceptRequest, type TaskInput, TaskRefused } from './engine.js';
import { faultPoint } from './fault-point.js';
import { type Door, handOver, type Known } from './hand-over.js';
import { cutStretch } from './plan.js';
import { goesFirst } from './priority.js';
import { valuesToCheck } from './template-values.js';
import { writePlanned } from './writes.js';

/** Lists up to this length are planned while the caller waits: a few milliseconds, and the push leaves at once. */
export const INLINE_ITEMS = 200;
/** A list that turns out to have more devices than this is planned by a job all the same. */
const INLINE_DEVICES = 1_000;

export const DEFAULT_TTL_SECONDS = 24 * 60 * 60;
const SECOND_MS = 1_000;

const kindOf = (audience: Audience): AudienceKind => {
  if ('tokens' in audience) return 'tokens';
  if ('devices' in audience) return 'devices';
  if ('accounts' in audience) return 'accounts';
  if ('tags' in audience) return 'tags';
  return 'where' in audience ? 'where' : 'all';
};

/** Null when it is not a list. */
const listLength = (audience: Audience): number | null => {
  if ('tokens' in audience) return audience.tokens.length;
  if ('devices' in audience) return audience.devices.length;
  return 'accounts' in audience ? audience.accounts.length : null;
};

/** What is too long for the task itself, for the planner. */
const listOf = (audience: Audience): Omit<AudienceList, '_id'> | null => {
  if (listLength(audience) != null) return audience;
  const { where: _, ...exclude } = ('exclude' in audience && audience.exclude) || {};
  return Object.keys(exclude).length === 0 ? null : { exclude };
};

/** What the task keeps of an audience that is found by a query. */
const queryFields = (audience: Audience, id: Types.ObjectId): Partial<Task> => {
  if (listLength(audience) != null) return {};
  const { exclude, sample, limit, salt = id.toHexString() } = audience as QueriedAudience;
  const listed = listOf(audience) == null ? {} : { listed: true as const };
  const where = exclude?.where == null ? {} : { where: exclude.where };
  return {
    ...('tags' in audience ? { tagExpression: audience.tags } : {}),
    ...('where' in audience ? { whereExpression: audience.where } : {}),
    ...(exclude == null ? {} : { exclude: { ...where, ...listed } }),
    ...(sample == null ? {} : { sample }),
    ...(limit == null ? {} : { limit }),
    ...(sample == null && limit == null ? {} : { salt }),
  };
};

const expiryOf = ({ schedule, expiresAt, ttlSeconds }: TaskInput, now: Date): Date =>
  expiresAt ??
  new Date((schedule?.at ?? now).getTime() + (ttlSeconds ?? DEFAULT_TTL_SECONDS) * SECOND_MS);

const newTask = ({ app, by, input, campaign }: AcceptRequest, now: Date): Task => {
  const { audience, message, lane, ifUnsure, reference, labels, schedule } = input;
  const _id = newTaskId();
  const isLater = schedule != null && schedule.at > now;
  return {
    _id,
    app: app._id,
    state: isLater ? 'scheduled' : 'accepted',
    lane,
    message,
    audienceKind: kindOf(audience),
    ...queryFields(audience, _id),
    consentAsserted: input.consentAsserted ?? false,
    ifUnsure,
    ...(reference == null ? {} : { reference }),
    ...(labels == null ? {} : { labels }),
    ...(campaign == null ? {} : { campaign }),
    deliveriesIn: deliveriesName(isLater ? schedule.at : now, app.retentionDays),
    ...(isLater ? { scheduledAt: schedule.at } : {}),
    ...(input.ratePerSecond == null ? {} : { ratePerSecond: input.ratePerSecond }),
    expiresAt: expiryOf(input, now),
    ...UNPLANNED,
    createdBy: by,
    createdAt: now,
  };
};

interface InlinePlan {
  readonly cut: Cut;
  readonly unmatched: number;
  readonly known: Omit<Known, 'task'>;
}

/** The plan of a small list; null when a job should make it. */
const planInline = async (
  context: JobContext,
  task: Task,
  { app, input }: AcceptRequest,
): Promise<InlinePlan | null> => {
  const length = listLength(input.audience);
  if (task.state !== 'accepted' || length == null || length > INLINE_ITEMS) return null;
  const { parts } = context;
  const read = { readAt: new Date(parts.now()), readAtMs: parts.monotonic() };
  const source = await openAudience(await audienceContext(context, app._id), input.audience, {
    now: task.createdAt,
  });
  if ((source.size ?? Number.POSITIVE_INFINITY) > INLINE_DEVICES) return null;
  const candidates = await source.next(undefined, INLINE_DEVICES);
  const { rules, ...cut } = await cutStretch(context, task, candidates, app);
  const devices = new Map(
    candidates.flatMap(({ id, device }) =>
      device != null && isWhole(device) ? [[id.toHexString(), device] as const] : [],
    ),
  );
  return { cut, unmatched: source.unmatched, known: { ...read, devices, rules } };
};

/** Problems with the vendors the audience can reach: known for a small list, else all that are set up. */
const problemsOf = async (
  context: JobContext,
  task: Task,
  inline: InlinePlan | null,
  audience: Audience,
): Promise<readonly Problem[]> => {
  const { data, problems } = valuesToCheck(task.message, audience);
  if (problems.length > 0) return problems.slice(0, MOST_PROBLEMS);
  const profiles = await context.profiles.of(task.app);
  const reached = new Set(
    inline?.cut.batches
      .filter(({ state }) => state === 'due')
      .map(({ vendor, profile }) => profileKey(vendor, profile)),
  );
  const checked = [...profiles.entries()]
    .filter(([key]) => inline == null || reached.has(key))
    .map(([, open]) => open);
  return checkMessage(task, checked, {
    nowMs: context.parts.now(),
    ...(task.message.template == null ? {} : { data }),
  });
};

const planned = (task: Task, inline: InlinePlan): Task => {
  const isDone = inline.cut.batches.every(({ state }) => state === 'done');
  const at = task.createdAt;
  return {
    ...task,
    state: isDone ? 'done' : 'sending',
    planned: true,
    planSequence: inline.cut.planSequence,
    unmatched: inline.unmatched,
    startedAt: at,
    plannedAt: at,
    ...(isDone ? { endedAt: at } : {}),
  };
};

/** Marks the only batch that a task waits for. */
const withSole = (cut: Cut): Cut => {
  const open = cut.batches.filter(({ state }) => state !== 'done');
  if (open.length !== 1) return cut;
  const batches = cut.batches.map((batch) =>
    batch.state === 'done' ? batch : { ...batch, sole: true as const },
  );
  return { ...cut, batches };
};

/** A task whose audience a job will plan. */
const writeUnplanned = async (
  { parts }: JobContext,
  task: Task,
  audience: Audience,
  session: ClientSession,
): Promise<void> => {
  await tasks(parts.db).insertOne(task, { session });
  await faultPoint('accept:task-written');
  const list = listOf(audience);
  if (list == null) return;
  const _id = new Types.ObjectId(task._id.id);
  await audienceLists(parts.db).insertOne({ _id, ...list }, { session });
  await faultPoint('accept:before-commit');
};

/** Collections whose existence was checked by this process. */
const ensured = new WeakMap<object, Set<string>>();

const ensureOnce = async ({ db }: JobContext['parts'], name: string): Promise<void> => {
  const names = ensured.get(db) ?? new Set();
  ensured.set(db, names);
  if (names.has(name)) return;
  await ensureDeliveries(db, name);
  names.add(name);
};

/** Written with others that come at the same time; what there is room for leaves at once. True when some has to wait. */
const acceptAtOnce = async (
  context: JobContext,
  door: Door,
  task: Task,
  { cut, known }: InlinePlan,
): Promise<boolean> => {
  const over = handOver(context, door, task, cut.batches);
  try {
    await context.writes.plan({ task, cut: { ...cut, batches: over.batches } });
  } catch (error) {
    over.leave();
    throw error;
  }
  over.send({ ...known, task });
  return over.batches.some(({ state }) => state === 'due');
};

export interface Accepted {
  readonly task: Task;
  /** Somebody has to look for work that it brought. */
  readonly waits: boolean;
}

interface AcceptOptions {
  /** The caller's transaction, whose commit makes the task true; nothing is handed over then. */
  readonly session: ClientSession | undefined;
  readonly door: Door;
}

interface Prepared {
  readonly fresh: Task;
  readonly inline: InlinePlan | null;
}

const prepare = async (context: JobContext, request: AcceptRequest): Promise<Prepared> => {
  const fresh = newTask(request, new Date(context.parts.now()));
  const inline = await planInline(context, fresh, request);
  const problems = await problemsOf(context, fresh, inline, request.input.audience);
  if (problems.length > 0) throw new TaskRefused(problems);
  return { fresh, inline };
};

/** Rejects with TaskRefused where `accept` would; nothing is written. */
export const checkTask = async (context: JobContext, request: AcceptRequest): Promise<Task> =>
  (await prepare(context, request)).fresh;

const acceptInTurn = async (
  context: JobContext,
  request: AcceptRequest,
  { session, door }: AcceptOptions,
): Promise<Accepted> => {
  const { parts } = context;
  const { audience } = request.input;
  const { fresh, inline } = await prepare(context, request);
  await faultPoint('accept:before-write');
  if (inline == null) {
    const write = (own: ClientSession) => writeUnplanned(context, fresh, audience, own);
    if (session != null) await write(session);
    else await inTransaction(parts.connection, write);
    return { task: fresh, waits: true };
  }
  const task = planned(fresh, inline);
  const cut = withSole(inline.cut);
  await ensureOnce(parts, task.deliveriesIn);
  if (session == null) {
    return { task, waits: await acceptAtOnce(context, door, task, { ...inline, cut }) };
  }
  await writePlanned(parts.db, [{ task, cut }], session);
  return { task, waits: true };
};

/** Large work gives way to it, if somebody waits for its push. */
export const accept = async (
  context: JobContext,
  request: AcceptRequest,
  options: AcceptOptions,
): Promise<Accepted> => {
  const { lane, audience } = request.input;
  const devices = listLength(audience) ?? Number.POSITIVE_INFINITY;
  const hasLeft = goesFirst(lane, devices) ? context.priority.begin() : undefined;
  try {
    return await acceptInTurn(context, request, options);
  } finally {
    hasLeft?.();
  }
};
