/** Plan: streams a task's audience, suppresses with the reason, and cuts the rest into batches. */
import { type mongo, Types } from 'mongoose';
import type { App } from '../models/app.js';
import { audienceLists } from '../models/audience-list.js';
import { deliveriesName, ensureDeliveries } from '../models/delivery.js';
import { ExpressionError } from '../models/expression/expression.js';
import { claimTask, EXPRESSIONS, releaseTask, tasks } from '../models/lease.js';
import { isMongoRefusal } from '../models/mongo-trouble.js';
import { type Audience, isQueried, type Lane, type Task } from '../models/task.js';
import { inTransaction } from '../models/transaction.js';
import { type AudienceSource, audienceContext, openAudience } from './audience.js';
import { type Candidate } from './candidate.js';
import type { JobContext } from './context.js';
import { type Cut, type CutRules, Cutter, cut } from './cut.js';
import { dueSpan, needsZones } from './due.js';
import { faultPoint } from './fault-point.js';
import { finishIfDone } from './finish.js';
import { leftOf, limited } from './limit.js';
import { openRecalled } from './recalled.js';
import { cutRulesFor } from './rules.js';
import { writeCuts } from './writes.js';

/** Devices planned in one transaction: enough to fill batches of several vendors, few enough to commit in a moment. */
export const STRETCH = 5_000;

/**
 * Where devices are due at many instants, so many are gathered before they are cut: forty zones would make forty small batches
 * of each stretch. They take about a megabyte, and are read again when the process dies.
 */
export const GATHERED = 100_000;

/** Devices for which it is found when they are due without a turn for others. */
const DUE_PIECE = 1_000;

/** Nothing will make this plan succeed; the text is for the caller. */
class Unplannable extends Error {}

/** A stretch that another planner, a pause or a cancel has overtaken. */
class Overtaken extends Error {}

const stretchRules = (
  context: JobContext,
  task: Task,
  candidates: readonly Candidate[],
  { allowRawTokens }: Pick<App, 'allowRawTokens'>,
): Promise<CutRules> =>
  cutRulesFor(context, task, candidates, { allowRaw: allowRawTokens && task.consentAsserted });

export const cutStretch = async (
  context: JobContext,
  task: Task,
  candidates: readonly Candidate[],
  app: Pick<App, 'allowRawTokens'>,
): Promise<Cut & { readonly rules: CutRules }> => {
  const rules = await stretchRules(context, task, candidates, app);
  return { ...cut(task, candidates, rules, new Date(context.parts.now())), rules };
};

const writeStretch = async (
  { parts }: JobContext,
  task: Task,
  planned: Cut,
  progress: mongo.MatchKeysAndValues<Task>,
): Promise<void> => {
  const span = dueSpan(planned.batches);
  await inTransaction(parts.connection, async (session) => {
    const { matchedCount } = await tasks(parts.db).updateOne(
      { _id: task._id, state: 'planning', fence: task.fence },
      {
        $set: { planSequence: planned.planSequence, ...progress },
        ...(span == null
          ? {}
          : { $min: { firstDueAt: span.firstDueAt }, $max: { lastDueAt: span.lastDueAt } }),
        ...(progress.planned ? { $unset: EXPRESSIONS } : {}),
      },
      { session },
    );
    if (matchedCount === 0) throw new Overtaken();
    await faultPoint('plan:cursor-written');
    await writeCuts(parts.db, [{ task, cut: planned }], session);
    await faultPoint('plan:before-commit');
  });
};

const listOf = async ({ parts }: JobContext, task: Task) => {
  const list = await audienceLists(parts.db).findOne({ _id: task._id });
  if (list == null) throw new Unplannable('The list of the audience is missing');
  const { _id, ...named } = list;
  return named;
};

const audienceOf = async (context: JobContext, task: Task): Promise<Audience> => {
  const { audienceKind, tagExpression = '', whereExpression = '', exclude, sample, salt } = task;
  if (!isQueried(audienceKind)) return (await listOf(context, task)) as Audience;
  const { listed, ...expressed } = exclude ?? {};
  const left = listed ? { ...expressed, ...(await listOf(context, task)).exclude } : expressed;
  const narrowing = {
    ...(exclude == null ? {} : { exclude: left }),
    ...(sample == null ? {} : { sample }),
    ...(salt == null ? {} : { salt }),
  };
  if (audienceKind === 'all') return { all: true, ...narrowing };
  return audienceKind === 'tags'
    ? { tags: tagExpression, ...narrowing }
    : { where: whereExpression, ...narrowing };
};

const openSource = async (context: JobContext, task: Task): Promise<AudienceSource> =>
  task.recallOf == null
    ? openAudience(await audienceContext(context, task.app), await audienceOf(context, task), {
        // Not the time of day: whoever takes over must find the same devices.
        now: task.scheduledAt ?? task.createdAt,
        ...(needsZones(task.due) ? { extraFields: { timeZone: 1 } } : {}),
      })
    : openRecalled(context, task, task.recallOf);

/** Rows go to the month in which planning begins; a task that was planned in part keeps its month. */
const settleMonth = async ({ parts }: JobContext, task: Task, app: App): Promise<Task> => {
  if (task.planSequence > 0) return task;
  const deliveriesIn = deliveriesName(new Date(parts.now()), app.retentionDays);
  await ensureDeliveries(parts.db, deliveriesIn);
  const { matchedCount } = await tasks(parts.db).updateOne(
    { _id: task._id, state: 'planning', fence: task.fence },
    { $set: { deliveriesIn, startedAt: new Date(parts.now()) } },
  );
  if (matchedCount === 0) throw new Overtaken();
  return { ...task, deliveriesIn };
};

export interface Planner {
  /** New batches of this lane are due. */
  planned(lane: Lane): void;
  /** Asked after each stretch: what is planned in part is handed back. */
  stopping(): boolean;
}

/** Whether what is gathered is to be written. */
const isEnough = ({ due }: Task, { devices, rows }: Cutter): boolean =>
  due == null || devices >= GATHERED || rows >= STRETCH;

/** The task with its cursor behind these. */
const behind = (task: Task, candidates: readonly Candidate[]): Task => ({
  ...task,
  planCursor: candidates.at(-1)?.id ?? task.planCursor ?? new Types.ObjectId(Buffer.alloc(12)),
  ...(task.limit == null ? {} : { planCount: (task.planCount ?? 0) + candidates.length }),
});

/** To find when each device is due takes long: others have their turns meanwhile. */
const addTo = async (
  cutter: Cutter,
  { priority }: JobContext,
  { due }: Task,
  candidates: readonly Candidate[],
  rules: CutRules,
): Promise<void> => {
  const piece = due == null ? candidates.length : DUE_PIECE;
  for (let start = 0; start < candidates.length; start += piece) {
    if (start > 0) await priority.giveWay();
    cutter.add(candidates.slice(start, start + piece), rules);
  }
};

/** False when it was told to stop before the end. */
const planStretches = async (
  context: JobContext,
  claimed: Task,
  planner: Planner,
): Promise<boolean> => {
  const { parts } = context;
  const app = await parts.db.collection<App>('apps').findOne({ _id: claimed.app });
  if (app == null) throw new Unplannable(`The app ${claimed.app} does not exist`);
  const settled = await settleMonth(context, claimed, app);
  const all = await openSource(context, settled);
  const admitted = await limited(parts.db, settled, all, () => planner.stopping());
  if (admitted === 'overtaken') throw new Overtaken();
  if (admitted === 'stopped') return false;
  const { source } = admitted;
  let { task } = admitted;
  const cutter = new Cutter(task);
  const stretch = source.oneStretch ? Number.MAX_SAFE_INTEGER : STRETCH;
  let limit = Math.min(stretch, leftOf(task));
  let reading = source.next(task.planCursor, limit);
  for (;;) {
    const candidates = await reading;
    task = behind(task, candidates);
    const left = leftOf(task);
    const isLast = candidates.length < limit || left <= 0;
    if (!isLast) {
      // The database reads the next stretch while this one is cut and written.
      limit = Math.min(stretch, left);
      reading = source.next(task.planCursor, limit);
      reading.catch(() => undefined);
    }
    await context.priority.giveWay();
    const rules = await stretchRules(context, task, candidates, app);
    await addTo(cutter, context, task, candidates, rules);
    if (!isLast && !planner.stopping() && !isEnough(task, cutter)) continue;
    if (isLast) await faultPoint('plan:before-last');
    await context.priority.giveWay();
    const planned = cutter.take(task.planSequence, new Date(parts.now()));
    await writeStretch(context, task, planned, {
      planCursor: task.planCursor,
      ...(task.limit == null ? {} : { planCount: task.planCount }),
      ...(isLast
        ? {
            planned: true,
            state: 'sending' as const,
            plannedAt: new Date(parts.now()),
            unmatched: source.unmatched,
          }
        : {}),
    });
    planner.planned(task.lane);
    if (isLast) return true;
    await faultPoint('plan:between-stretches');
    if (planner.stopping()) {
      await reading.catch(() => undefined);
      return false;
    }
    task = { ...task, planSequence: planned.planSequence };
  }
};

const fail = async ({ parts }: JobContext, task: Task, failure: string): Promise<void> => {
  await tasks(parts.db).updateOne(
    { _id: task._id, state: 'planning', fence: task.fence },
    {
      $set: { state: 'failed', failure, endedAt: new Date(parts.now()) },
      $unset: { owner: '', ...EXPRESSIONS },
    },
  );
};

/** Why no later try can do better, for the caller; undefined when one may. */
const finalFailure = (error: unknown): string | undefined => {
  if (error instanceof Unplannable) return error.message;
  // Accepted by an older gateway, whose limits were wider.
  if (error instanceof ExpressionError) return `The expression cannot be read: ${error.message}`;
  return isMongoRefusal(error) ? 'MongoDB refuses the query of the audience' : undefined;
};

/** Plans every accepted task there is, until it is told to stop. */
export const planAccepted = async (context: JobContext, planner: Planner): Promise<void> => {
  const { parts } = context;
  while (!planner.stopping()) {
    const task = await claimTask(parts.db, parts.owner, parts.lanes);
    if (task == null) return;
    const held = context.inFlight.holdTask(task._id);
    try {
      await faultPoint('plan:claimed');
      if (!(await planStretches(context, task, planner))) {
        await releaseTask(parts.db, task);
        return;
      }
      await faultPoint('plan:planned');
      await audienceLists(parts.db).deleteOne({ _id: task._id });
      await finishIfDone(context, task._id);
    } catch (error) {
      if (error instanceof Overtaken) continue;
      const taskId = task._id.toHexString();
      const failure = finalFailure(error);
      if (failure != null) {
        parts.log.error('Planning failed for good', { taskId, error });
        await fail(context, task, failure);
        continue;
      }
      // The lease runs out and the watch gives the task to somebody else, who continues at the cursor.
      parts.log.error('Planning failed and will be tried again', { taskId, error });
    } finally {
      held.release();
    }
  }
};
