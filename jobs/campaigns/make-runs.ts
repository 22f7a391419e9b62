/**
 * Makes the runs whose time has come. A run, its task and the next instant of its campaign are written in one transaction: so there
 * is one task for an instant, whoever dies in the middle, however many processes look, and whatever their clocks say.
 */
import { type ClientSession, type mongo, Types } from 'mongoose';
import type { Campaign, CampaignContent } from '../../models/campaign.js';
import {
  type CampaignRun,
  campaignRuns,
  instantsWithRun,
  type Refusal,
} from '../../models/campaign-run.js';
import { campaigns, dueCampaigns, versionOf } from '../../models/campaign-store.js';
import { isMongoTrouble } from '../../models/mongo-trouble.js';
import { type CampaignSchedule, localTimeOf } from '../../models/recurrence.js';
import type { Task } from '../../models/task.js';
import { inTransaction } from '../../models/transaction.js';
import { accept } from '../accept.js';
import type { JobContext } from '../context.js';
import { TaskRefused } from '../engine.js';
import { CLOSED_DOOR } from '../hand-over.js';
import { type Due, judgeDue } from './due.js';
import { MOST_REFUSALS, Overtaken, type RunRequest, refusalOf, requestOf } from './run-request.js';

/** A sweep has more to do. */
const WITHIN_MS = 1_000;
/** One that will run. */
type Active = Campaign & Required<Pick<Campaign, 'approvedVersion' | 'approvedBy' | 'nextAt'>>;

const isActive = (campaign: Campaign): campaign is Active =>
  campaign.nextAt != null && campaign.approvedVersion != null && campaign.approvedBy != null;

interface Step {
  readonly campaign: Active;
  readonly due: Due;
  readonly now: Date;
}

/** What has come of an instant. */
type Outcome = { readonly task: Task } | { readonly refusal: Refusal } | undefined;

const advanced = ({ campaign, due, now }: Step, outcome: Outcome): mongo.UpdateFilter<Campaign> => {
  const isRefused = outcome != null && 'refusal' in outcome;
  const refusals = isRefused ? campaign.refusals + 1 : 0;
  const ran = {
    ...(outcome == null ? {} : { refusals }),
    ...(outcome == null || isRefused ? {} : { lastRunAt: now, state: 'running' as const }),
  };
  if (due.nextAt == null) {
    return { $set: { ...ran, state: 'ended', endedAt: now }, $unset: { nextAt: '' } };
  }
  if (refusals >= MOST_REFUSALS) {
    return { $set: { ...ran, state: 'paused', pausedBecause: 'refused' }, $unset: { nextAt: '' } };
  }
  return { $set: { ...ran, nextAt: due.nextAt } };
};

const advance = async (
  db: mongo.Db,
  step: Step,
  outcome: Outcome,
  session: ClientSession,
): Promise<void> => {
  const { _id, nextAt, approvedVersion } = step.campaign;
  const { matchedCount } = await campaigns(db).updateOne(
    { _id, nextAt, approvedVersion },
    advanced(step, outcome),
    { session },
  );
  if (matchedCount === 0) throw new Overtaken();
};

const runAt = (
  { campaign, now }: Step,
  at: Date,
  more: Pick<CampaignRun, 'state'> & Partial<CampaignRun>,
): CampaignRun => ({
  _id: new Types.ObjectId(),
  app: campaign.app,
  campaign: campaign._id,
  at,
  version: campaign.approvedVersion,
  createdAt: now,
  ...more,
});

const runOf = (step: Step, at: Date, outcome: Outcome): CampaignRun[] => {
  if (outcome == null) return [];
  return 'task' in outcome
    ? [runAt(step, at, { state: 'made', task: outcome.task._id })]
    : [runAt(step, at, { state: 'refused', refusal: outcome.refusal })];
};

const missedRuns = (step: Step, known: ReadonlySet<number>): CampaignRun[] =>
  step.due.missed
    .filter((at) => !known.has(at.getTime()))
    .map((at) => runAt(step, at, { state: 'skipped', reason: 'missed' }));

/** `run` is asked for the outcome of the instant that is run at, unless that has a run already: a clock was put back. */
const writeStep = async (
  { parts: { connection, db } }: JobContext,
  step: Step,
  run: (session: ClientSession) => Promise<Outcome>,
): Promise<Outcome> =>
  inTransaction(connection, async (session) => {
    const { campaign, due } = step;
    const instants = [...due.missed, ...(due.runAt == null ? [] : [due.runAt])];
    const known = await instantsWithRun(db, campaign._id, instants, session);
    const isNew = due.runAt != null && !known.has(due.runAt.getTime());
    const outcome = isNew ? await run(session) : undefined;
    await advance(db, step, outcome, session);
    const rows = [
      ...missedRuns(step, known),
      ...(due.runAt == null ? [] : runOf(step, due.runAt, outcome)),
    ];
    if (rows.length > 0) await campaignRuns(db).insertMany(rows, { session });
    return outcome;
  });

/** The request as it is for the run of an instant. */
const taskAt = (
  task: CampaignContent['task'],
  schedule: CampaignSchedule,
  at: Date,
): CampaignContent['task'] => {
  const localTime = localTimeOf(schedule, at.getTime());
  if (localTime == null) return task;
  return { ...task, schedule: { ...(task['schedule'] as object | undefined), localTime } };
};

const makeRun = async (context: JobContext, step: Step, asked: RunRequest): Promise<Outcome> => {
  const refused = (refusal: Refusal) => writeStep(context, step, async () => ({ refusal }));
  if ('refusal' in asked) return refused(asked.refusal);
  try {
    return await writeStep(context, step, async (session) => {
      const { task } = await accept(context, asked.request, { session, door: CLOSED_DOOR });
      return { task };
    });
  } catch (error) {
    if (!(error instanceof TaskRefused)) throw error;
    return refused(refusalOf(error));
  }
};

/** Looks at the instants of a campaign that have come, and makes the run that is due. */
export const settle = async (context: JobContext, campaign: Campaign): Promise<void> => {
  if (!isActive(campaign)) return;
  const { db, now, log } = context.parts;
  const at = new Date(now());
  if (campaign.nextAt > at) return;
  const { content } = await versionOf(db, campaign._id, campaign.approvedVersion);
  const { schedule, missed } = content;
  if ('trigger' in schedule) return;
  const due = judgeDue({ schedule, missed }, campaign.nextAt, at);
  const step: Step = { campaign, due, now: at };
  try {
    const outcome =
      step.due.runAt == null
        ? await writeStep(context, step, async () => undefined)
        : await makeRun(
            context,
            step,
            await requestOf(context, campaign, taskAt(content.task, schedule, step.due.runAt)),
          );
    if (outcome == null || 'task' in outcome) return;
    const { code } = outcome.refusal;
    log.warn('A run of a campaign was refused', { campaign: campaign._id.toHexString(), code });
  } catch (error) {
    if (!(error instanceof Overtaken)) throw error;
  }
};

/** For a while; the next sweep goes on. */
export const makeRuns = async (
  context: JobContext,
  { withinMs = WITHIN_MS } = {},
): Promise<void> => {
  const { db, now, monotonic, log } = context.parts;
  const untilMs = monotonic() + withinMs;
  for await (const campaign of dueCampaigns(db, new Date(now()))) {
    if (context.stopping.aborted || monotonic() > untilMs) return;
    try {
      await settle(context, campaign);
    } catch (error) {
      if (isMongoTrouble(error)) throw error;
      // The others are not to wait for it.
      log.error('A run of a campaign could not be made; it is tried again', {
        campaign: campaign._id.toHexString(),
        error,
      });
    }
  }
};
