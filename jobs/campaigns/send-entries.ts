/**
 * Sends to the accounts of triggered campaigns whose time has come. Entries that are due together share a task. It is written in one
 * transaction with what became of each of them: so an account is sent to once for an entry, whoever dies in the middle and however
 * many processes look.
 */
import type { ClientSession, mongo } from 'mongoose';
import type { Campaign } from '../../models/campaign.js';
import type { Refusal } from '../../models/campaign-run.js';
import {
  campaigns,
  type TriggeredCampaign,
  triggeredCampaigns,
  versionOf,
} from '../../models/campaign-store.js';
import { isMongoTrouble } from '../../models/mongo-trouble.js';
import { keyText, suppressedSince } from '../../models/suppression-list.js';
import type { Task } from '../../models/task.js';
import { inTransaction } from '../../models/transaction.js';
import {
  dueEntries,
  type EntryState,
  entries,
  type TriggerEntry,
} from '../../models/trigger-entry.js';
import {
  sentSet,
  standingId,
  standings,
  type TriggerStanding,
  takeStandings,
} from '../../models/trigger-standing.js';
import { accept, INLINE_ITEMS } from '../accept.js';
import type { JobContext } from '../context.js';
import { type AcceptRequest, TaskRefused } from '../engine.js';
import { CLOSED_DOOR } from '../hand-over.js';
import { valuesToCheck } from '../template-values.js';
import { dropEntries } from './drop-entries.js';
import { judgeEntry } from './judge-entry.js';
import { MOST_REFUSALS, Overtaken, type RunRequest, refusalOf, requestOf } from './run-request.js';

/** A sweep has more to do. */
const WITHIN_MS = 1_000;

type Active = TriggeredCampaign & Required<Pick<Campaign, 'approvedVersion' | 'approvedBy'>>;

const isActive = (campaign: TriggeredCampaign): campaign is Active =>
  campaign.approvedVersion != null && campaign.approvedBy != null;

type Outcome = { readonly task: Task } | { readonly refusal: Refusal };

/** What becomes of an entry. */
type End = Pick<TriggerEntry, 'state'> &
  Partial<Pick<TriggerEntry, 'task' | 'refusal' | 'version'>>;

interface Step {
  readonly campaign: Active;
  readonly now: Date;
  readonly session: ClientSession;
}

const standingOf = ({ campaign, accountKey: account }: TriggerEntry) => ({
  _id: standingId(campaign, account),
  campaign,
  account,
});

/** Those that nobody has taken meanwhile. */
const stillDue = (
  db: mongo.Db,
  due: readonly TriggerEntry[],
  { now, session }: Step,
): Promise<TriggerEntry[]> =>
  entries(db)
    .find(
      { _id: { $in: due.map(({ _id }) => _id) }, state: 'waiting', dueAt: { $lte: now } },
      { session, promoteBuffers: true },
    )
    .sort({ dueAt: 1 })
    .toArray();

/** An entry that was being written while its account was erased is found here. */
const withoutErased = async (
  db: mongo.Db,
  found: readonly TriggerEntry[],
  { campaign, session }: Step,
): Promise<TriggerEntry[]> => {
  const keys = found.map(({ accountKey }) => accountKey);
  const erased = await suppressedSince(db, campaign.app, keys, session);
  const isErased = ({ accountKey }: TriggerEntry): boolean => erased.has(keyText(accountKey));
  const gone = found.filter(isErased).map(({ _id }) => _id);
  if (gone.length > 0) await entries(db).deleteMany({ _id: { $in: gone } }, { session });
  return found.filter((entry) => !isErased(entry));
};

/** By what the campaign allows, and by whether a template finds its values. */
const judged = async (
  db: mongo.Db,
  found: readonly TriggerEntry[],
  asked: RunRequest,
  { campaign, now, session }: Step,
): Promise<{ readonly toSend: TriggerEntry[]; readonly ends: Map<TriggerEntry, End> }> => {
  const taken = await takeStandings(db, found.map(standingOf), session);
  const byId = new Map(taken.map((standing) => [keyText(standing._id), standing]));
  const toSend: TriggerEntry[] = [];
  const ends = new Map<TriggerEntry, End>();
  for (const entry of found) {
    const { sentAt = [] } = byId.get(keyText(standingOf(entry)._id)) ?? {};
    const verdict = judgeEntry(campaign.trigger, sentAt, now);
    const problems = 'refusal' in asked ? [] : lacking(asked.request, entry);
    if (verdict !== 'send') ends.set(entry, { state: verdict });
    else if (problems.length === 0) toSend.push(entry);
    else ends.set(entry, { state: 'refused', refusal: refusalOf({ problems }) });
  }
  return { toSend, ends };
};

/** The values of a template that neither the task nor this event gives. */
const lacking = ({ input: { message } }: AcceptRequest, { account, data }: TriggerEntry) =>
  message.template == null
    ? []
    : valuesToCheck(message, { accounts: [{ account, data }] }).problems;

const advanced = (
  { refusals: before }: Campaign,
  outcome: Outcome,
  now: Date,
): mongo.UpdateFilter<Campaign> => {
  if ('task' in outcome) return { $set: { lastRunAt: now, state: 'running', refusals: 0 } };
  const refusals = before + 1;
  return refusals < MOST_REFUSALS
    ? { $set: { refusals } }
    : { $set: { refusals, state: 'paused', pausedBecause: 'refused' } };
};

const advance = async (
  db: mongo.Db,
  outcome: Outcome,
  { campaign, now, session }: Step,
): Promise<void> => {
  const { _id, approvedVersion } = campaign;
  const current = await campaigns(db).findOne(
    { _id, approvedVersion, state: { $in: ['approved', 'running'] } },
    { session },
  );
  if (current == null) throw new Overtaken();
  await campaigns(db).updateOne({ _id }, advanced(current, outcome, now), { session });
};

const writeEnds = async (
  db: mongo.Db,
  ends: ReadonlyMap<TriggerEntry, End>,
  { now, session }: Step,
): Promise<void> => {
  const changes = [...ends].map(([{ _id }, end]) => ({
    updateOne: { filter: { _id }, update: { $set: { ...end, endedAt: now } } },
  }));
  if (changes.length > 0) await entries(db).bulkWrite(changes, { session });
  const sent: mongo.AnyBulkWriteOperation<TriggerStanding>[] = [...ends]
    .filter(([, { state }]) => state === 'sent')
    .map(([entry]) => sentSet(standingOf(entry), now));
  if (sent.length > 0) await standings(db).bulkWrite(sent, { session });
};

type Run = (toSend: readonly TriggerEntry[], session: ClientSession) => Promise<Outcome>;

const writeDue = (
  { parts: { connection, db, now } }: JobContext,
  { campaign, asked }: { readonly campaign: Active; readonly asked: RunRequest },
  due: readonly TriggerEntry[],
  run: Run,
): Promise<void> =>
  inTransaction(connection, async (session) => {
    const step: Step = { campaign, now: new Date(now()), session };
    const found = await withoutErased(db, await stillDue(db, due, step), step);
    const { toSend, ends } = await judged(db, found, asked, step);
    if (toSend.length > 0) {
      const outcome = await run(toSend, session);
      await advance(db, outcome, step);
      const state: EntryState = 'task' in outcome ? 'sent' : 'refused';
      const more = 'task' in outcome ? { task: outcome.task._id } : outcome;
      const version = campaign.approvedVersion;
      for (const entry of toSend) ends.set(entry, { state, version, ...more });
    }
    await writeEnds(db, ends, step);
  });

const acceptFor =
  (context: JobContext, request: AcceptRequest): Run =>
  async (toSend, session) => {
    const audience = { accounts: toSend.map(({ account, data }) => ({ account, data })) };
    const input = { ...request.input, audience };
    return accept(context, { ...request, input }, { session, door: CLOSED_DOOR });
  };

/** False: they are refused together, though each of them alone may not be. */
const sendTogether = async (
  context: JobContext,
  of: { readonly campaign: Active; readonly asked: RunRequest },
  due: readonly TriggerEntry[],
): Promise<boolean> => {
  const refused = async (refusal: Refusal): Promise<boolean> => {
    if (due.length > 1) return false;
    await writeDue(context, of, due, async () => ({ refusal }));
    const campaign = of.campaign._id.toHexString();
    context.parts.log.warn('An entry of a campaign was refused', { campaign, code: refusal.code });
    return true;
  };
  if ('refusal' in of.asked) return refused(of.asked.refusal);
  try {
    await writeDue(context, of, due, acceptFor(context, of.asked.request));
    return true;
  } catch (error) {
    if (!(error instanceof TaskRefused)) throw error;
    return refused(refusalOf(error));
  }
};

/** Sends to some of its accounts each time; false: none is due. */
const senderOf = (context: JobContext, campaign: Active): (() => Promise<boolean>) => {
  const { db, now } = context.parts;
  let asked: RunRequest | undefined;
  let together = INLINE_ITEMS;
  return async () => {
    const due = await dueEntries(db, campaign._id, new Date(now())).limit(together).toArray();
    if (due.length === 0) return false;
    if (asked == null) {
      const { content } = await versionOf(db, campaign._id, campaign.approvedVersion);
      // Whom it goes to is said when it is sent.
      const task = { ...content.task, audience: { accounts: [''] } };
      asked = await requestOf(context, campaign, task);
    }
    if (!(await sendTogether(context, { campaign, asked }, due))) together = 1;
    return true;
  };
};

const rotated = <T>(items: readonly T[]): T[] => {
  const start = Math.floor(Math.random() * items.length);
  return [...items.slice(start), ...items.slice(0, start)];
};

/** In turns: a campaign with very many entries does not hold up the others. For a while; the next sweep goes on. */
export const sendEntries = async (
  context: JobContext,
  { withinMs = WITHIN_MS } = {},
): Promise<void> => {
  const { db, monotonic, log } = context.parts;
  const untilMs = monotonic() + withinMs;
  const mayGoOn = (): boolean => !context.stopping.aborted && monotonic() < untilMs;
  const work = new Map<TriggeredCampaign, () => Promise<boolean>>();
  // From another one each time: where there are too many for one sweep, none is always the last.
  for (const one of rotated(await triggeredCampaigns(db).toArray())) {
    if (one.state === 'ended') work.set(one, () => dropEntries(context, one));
    else if (isActive(one)) work.set(one, senderOf(context, one));
  }
  while (work.size > 0) {
    for (const [one, doSome] of work) {
      if (!mayGoOn()) return;
      try {
        if (!(await doSome())) work.delete(one);
      } catch (error) {
        if (isMongoTrouble(error)) throw error;
        work.delete(one);
        if (error instanceof Overtaken) continue;
        // The others are not to wait for it.
        log.error('Entries of a campaign could not be worked on; it is tried again', {
          campaign: one._id.toHexString(),
          error,
        });
      }
    }
  }
};
