/**
 * Takes events: brings accounts into triggered campaigns, and out of them. Ids, standings and entries of a piece are written in one
 * transaction, so an event that was answered has counted, and one that is sent again counts once.
 */
import { type ClientSession, type mongo, Types } from 'mongoose';
import type { TriggeredCampaign } from '../../models/campaign-store.js';
import { isDuplicateKey } from '../../models/duplicate-key.js';
import { takeEventIds } from '../../models/event-id.js';
import { inPieces } from '../../models/item-result.js';
import { keyText, suppressedSince } from '../../models/suppression-list.js';
import { accountKey, eventKey } from '../../models/token-key.js';
import { inTransaction } from '../../models/transaction.js';
import { type AccountEvent, isStart, type Properties } from '../../models/trigger.js';
import { entries, type TriggerEntry, waitingEntries } from '../../models/trigger-entry.js';
import {
  newestSet,
  type Standing,
  standingId,
  standings,
  type TriggerStanding,
  takeStandings,
} from '../../models/trigger-standing.js';
import type { JobContext } from '../context.js';
import { type Folded, foldEvents, type Step } from './fold-events.js';

const SECOND_MS = 1_000;

/** One that some campaign of its app waits for. */
interface Taken {
  readonly event: AccountEvent;
  readonly account: Buffer;
  /** Of its id. */
  readonly key?: Buffer;
  readonly steps: readonly { readonly campaign: TriggeredCampaign; readonly step: Step }[];
}

const asTexts = (properties: Properties): Record<string, string> =>
  Object.fromEntries(Object.entries(properties).map(([name, value]) => [name, String(value)]));

const stepOf = ({ trigger }: TriggeredCampaign, event: AccountEvent): Step | undefined => {
  const { at, name, properties } = event;
  if (isStart(trigger, event)) {
    const dueAt = new Date(at.getTime() + trigger.afterSeconds * SECOND_MS);
    return { start: { at, dueAt, data: asTexts(properties) } };
  }
  return trigger.unless.includes(name) ? { cancel: { at, by: name } } : undefined;
};

const takenOf = (
  secret: Buffer,
  campaigns: readonly TriggeredCampaign[],
  events: readonly AccountEvent[],
): Taken[] =>
  events.flatMap((event) => {
    const steps = campaigns.flatMap((campaign) => {
      const step = stepOf(campaign, event);
      return step == null ? [] : [{ campaign, step }];
    });
    if (steps.length === 0) return [];
    const { id, account } = event;
    const key = id == null ? {} : { key: eventKey(secret, id) };
    return [{ event, account: accountKey(secret, account), ...key, steps }];
  });

/** Of several with one id the first counts, in this request or another. */
const fresh = async (
  { db, now }: JobContext['parts'],
  taken: readonly Taken[],
  session: ClientSession,
): Promise<Taken[]> => {
  const byKey = new Map<string, Buffer>();
  const once = taken.filter(({ key }) => {
    if (key == null) return true;
    const isFirst = !byKey.has(keyText(key));
    byKey.set(keyText(key), key);
    return isFirst;
  });
  const known = await takeEventIds(db, [...byKey.values()], new Date(now()), session);
  return once.filter(({ key }) => key == null || !known.has(keyText(key)));
};

/** All that happened to one account, for one campaign. */
interface Case extends Standing {
  readonly of: TriggeredCampaign;
  readonly name: string;
  readonly steps: Step[];
}

const casesOf = (taken: readonly Taken[]): Case[] => {
  const cases = new Map<string, Case>();
  for (const { event, account, steps } of taken) {
    for (const { campaign: of, step } of steps) {
      const _id = standingId(of._id, account);
      const known = cases.get(keyText(_id));
      if (known != null) known.steps.push(step);
      else {
        const ids = { _id, campaign: of._id, account };
        cases.set(keyText(_id), { ...ids, of, name: event.account, steps: [step] });
      }
    }
  }
  return [...cases.values()];
};

const cancelledSet = (by: string, endedAt: Date) => ({
  state: 'cancelled' as const,
  cancelledBy: by,
  endedAt,
});

const entryWrites = (
  { of, account, name }: Case,
  { waits, cancelled }: Folded<Types.ObjectId>,
  now: Date,
): mongo.AnyBulkWriteOperation<TriggerEntry>[] => {
  const made = { app: of.app, campaign: of._id, account: name, accountKey: account };
  const ends = cancelled.map(({ wait, by }) => {
    const { kept, at: startedAt, dueAt, data } = wait;
    const changed = { startedAt, dueAt, data, ...cancelledSet(by, now) };
    return kept == null
      ? { insertOne: { document: { _id: new Types.ObjectId(), ...made, ...changed } } }
      : { updateOne: { filter: { _id: kept }, update: { $set: changed } } };
  });
  if (waits == null) return ends;
  const { kept, at: startedAt, dueAt, data } = waits;
  const changed = { startedAt, dueAt, data };
  if (kept != null) {
    return [...ends, { updateOne: { filter: { _id: kept }, update: { $set: changed } } }];
  }
  const document = { _id: new Types.ObjectId(), ...made, ...changed, state: 'waiting' as const };
  return [...ends, { insertOne: { document } }];
};

const waitOf = ({ _id: kept, startedAt: at, dueAt, data }: TriggerEntry) => ({
  kept,
  at,
  dueAt,
  data,
});

const writeCases = async (
  { db, now }: JobContext['parts'],
  cases: readonly Case[],
  session: ClientSession,
): Promise<void> => {
  if (cases.length === 0) return;
  const found = await takeStandings(db, cases, session);
  const byId = new Map(found.map((standing) => [keyText(standing._id), standing]));
  const waiting = await waitingEntries(
    db,
    {
      campaigns: cases.map(({ campaign }) => campaign),
      accounts: cases.map(({ account }) => account),
    },
    session,
  );
  const waitingById = new Map(
    waiting.map((entry) => [keyText(standingId(entry.campaign, entry.accountKey)), entry]),
  );
  const at = new Date(now());
  const ofStandings: mongo.AnyBulkWriteOperation<TriggerStanding>[] = [];
  const ofEntries: mongo.AnyBulkWriteOperation<TriggerEntry>[] = [];
  for (const one of cases) {
    const standing = byId.get(keyText(one._id));
    if (standing == null) throw new Error('A standing that was taken is missing');
    const before = waitingById.get(keyText(one._id));
    const folded = foldEvents(
      {
        newest: standing,
        waits: before == null ? undefined : waitOf(before),
        begins: one.of.state !== 'paused',
      },
      one.steps,
    );
    ofStandings.push(newestSet(standing, folded.newest, at));
    ofEntries.push(...entryWrites(one, folded, at));
  }
  await standings(db).bulkWrite(ofStandings, { session });
  if (ofEntries.length > 0) await entries(db).bulkWrite(ofEntries, { session });
};

/** Who is erased and has not agreed anew is not brought in. */
const withoutErased = async (
  { db }: JobContext['parts'],
  app: string,
  taken: readonly Taken[],
  session: ClientSession,
): Promise<Taken[]> => {
  const keys = new Map(taken.map(({ account }) => [keyText(account), account]));
  const erased = await suppressedSince(db, app, [...keys.values()], session);
  return taken.filter(({ account }) => !erased.has(keyText(account)));
};

const takePiece = async (
  { parts }: JobContext,
  app: string,
  piece: readonly Taken[],
): Promise<void> => {
  const write = () =>
    inTransaction(parts.connection, async (session) => {
      const wanted = await withoutErased(parts, app, piece, session);
      await writeCases(parts, casesOf(await fresh(parts, wanted, session)), session);
    });
  try {
    await write();
  } catch (error) {
    // The same event, in another request that was faster: now it can be seen.
    if (!isDuplicateKey(error)) throw error;
    await write();
  }
};

export const takeEvents = async (
  context: JobContext,
  app: string,
  events: readonly AccountEvent[],
): Promise<void> => {
  const campaigns = await context.triggers.of(app);
  if (campaigns.length === 0) return;
  const taken = takenOf(await context.secrets(app), campaigns, events);
  await inPieces(taken, async (piece) => {
    await takePiece(context, app, piece);
    return [];
  });
};
