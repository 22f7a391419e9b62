/** Approve, pause, resume and end: what is due by then is made as it was approved, and each is one compare-and-set. */
import type { mongo } from 'mongoose';
import type { Campaign, CampaignState } from '../../models/campaign.js';
import { campaigns, findCampaign, versionOf } from '../../models/campaign-store.js';
import { tasks } from '../../models/lease.js';
import { nextInstant } from '../../models/recurrence.js';
import { ENDED_STATES } from '../../models/task.js';
import type { JobContext } from '../context.js';
import { control } from '../control.js';
import {
  type ApprovalRequest,
  type CampaignControl,
  CampaignStateConflict,
  type CampaignVerb,
  TaskStateConflict,
  type TaskVerb,
} from '../engine.js';
import { settle } from './make-runs.js';

type Change = mongo.UpdateFilter<Campaign>;

/** `change` is asked again when somebody else was faster; null: it is so already. */
const changed = async (
  { parts: { db } }: JobContext,
  { app, campaign: _id }: Pick<CampaignControl, 'app' | 'campaign'>,
  change: (campaign: Campaign) => Promise<Change | null>,
): Promise<Campaign | null> => {
  for (;;) {
    const campaign = await findCampaign(db, app, _id);
    const wanted = campaign == null ? null : await change(campaign);
    if (campaign == null || wanted == null) return campaign;
    const { state, version, approvedVersion, nextAt } = campaign;
    const after = await campaigns(db).findOneAndUpdate(
      {
        ...{ _id, state, version },
        approvedVersion: approvedVersion ?? { $exists: false },
        nextAt: nextAt ?? { $exists: false },
      },
      wanted,
      { returnDocument: 'after' },
    );
    if (after != null) return after;
  }
};

/** What there is to wait for from now on; null when all has been. */
const beginning = async (
  { parts: { db } }: JobContext,
  { _id }: Campaign,
  version: number,
  now: Date,
): Promise<Pick<Campaign, 'nextAt' | 'trigger'> | null> => {
  const { schedule } = (await versionOf(db, _id, version)).content;
  if ('trigger' in schedule) return schedule;
  const nextMs = nextInstant(schedule, now.getTime());
  return nextMs == null ? null : { nextAt: new Date(nextMs) };
};

export const approveCampaign = (
  context: JobContext,
  request: ApprovalRequest,
): Promise<Campaign | null> =>
  changed(context, request, async (campaign) => {
    const { version, by } = request;
    const { state } = campaign;
    if (state === 'ended') {
      throw new CampaignStateConflict(state, 'A campaign that has ended cannot be approved');
    }
    if (version !== campaign.version) {
      const text = `Only the newest version can be approved, which is ${campaign.version}`;
      throw new CampaignStateConflict(state, text);
    }
    if (campaign.approvedVersion === version) return null;
    // What has come belongs to the version before.
    await settle(context, campaign);
    const now = new Date(context.parts.now());
    const begins = await beginning(context, campaign, version, now);
    if (begins == null) {
      throw new CampaignStateConflict(state, 'All instants of its schedule have passed');
    }
    const approval = { approvedVersion: version, approvedBy: by, approvedAt: now };
    const { nextAt, ...others } = begins;
    return {
      $set: {
        ...approval,
        ...others,
        ...(state === 'draft' ? { state: 'approved' as const } : {}),
        ...(state === 'paused' || nextAt == null ? {} : { nextAt }),
      },
    };
  });

const ALLOWED: Record<CampaignVerb, readonly CampaignState[]> = {
  pause: ['approved', 'running'],
  resume: ['paused'],
  end: ['approved', 'running', 'paused'],
};
/** Asking for what already holds is no conflict. */
const ALREADY: Record<CampaignVerb, readonly CampaignState[]> = {
  pause: ['paused'],
  resume: ['approved', 'running'],
  end: ['ended'],
};

const ended = (now: Date): Change => ({
  $set: { state: 'ended', endedAt: now },
  $unset: { nextAt: '', pausedBecause: '' },
});

/** Instants that fell into the pause are left out. */
const resumed = async (context: JobContext, campaign: Campaign): Promise<Change> => {
  const now = new Date(context.parts.now());
  const { approvedVersion = campaign.version, lastRunAt } = campaign;
  const begins = await beginning(context, campaign, approvedVersion, now);
  if (begins == null) return ended(now);
  return {
    $set: { state: lastRunAt == null ? 'approved' : 'running', ...begins, refusals: 0 },
    $unset: { pausedBecause: '' },
  };
};

const changeFor = (
  context: JobContext,
  verb: CampaignVerb,
  campaign: Campaign,
): Promise<Change> | Change => {
  if (verb === 'resume') return resumed(context, campaign);
  if (verb === 'end') return ended(new Date(context.parts.now()));
  return { $set: { state: 'paused' }, $unset: { nextAt: '' } };
};

const TASK_VERB: Record<CampaignVerb, TaskVerb> = {
  pause: 'pause',
  resume: 'resume',
  end: 'cancel',
};

const controlTasks = async (
  context: JobContext,
  { app, campaign, verb }: CampaignControl,
): Promise<void> => {
  const open = await tasks(context.parts.db)
    .find({ campaign, state: { $nin: [...ENDED_STATES] } }, { projection: { _id: 1 } })
    .toArray();
  for (const { _id } of open) {
    try {
      await control(context, app, _id, TASK_VERB[verb]);
    } catch (error) {
      // It has ended meanwhile.
      if (!(error instanceof TaskStateConflict)) throw error;
    }
  }
};

export const controlCampaign = async (
  context: JobContext,
  request: CampaignControl,
): Promise<Campaign | null> => {
  const { verb } = request;
  const campaign = await changed(context, request, async (found) => {
    if (ALREADY[verb].includes(found.state)) return null;
    if (!ALLOWED[verb].includes(found.state)) {
      const text = `A campaign that is ${found.state} cannot be asked to ${verb}`;
      throw new CampaignStateConflict(found.state, text);
    }
    return changeFor(context, verb, found);
  });
  // Behind the campaign itself: no further task can come.
  if (campaign != null && request.tasks) await controlTasks(context, request);
  return campaign;
};
