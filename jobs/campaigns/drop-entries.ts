/** Ends what still waits in a triggered campaign that has ended, and forgets how its accounts stood. */
import { campaigns, type TriggeredCampaign } from '../../models/campaign-store.js';
import { entries } from '../../models/trigger-entry.js';
import { standings, standingsOf } from '../../models/trigger-standing.js';
import type { JobContext } from '../context.js';

const STRETCH = 1_000;
/** Longer than another process may not know yet that it has ended, and be writing an entry. */
const SETTLED_AFTER_MS = 60_000;

/** Some of it each time; false: nothing is left, or somebody may yet leave something. */
export const dropEntries = async (
  { parts: { db, now } }: JobContext,
  { _id, endedAt }: TriggeredCampaign,
): Promise<boolean> => {
  const at = new Date(now());
  const waiting = await entries(db)
    .find({ campaign: _id, state: 'waiting' }, { projection: { _id: 1 }, limit: STRETCH })
    .toArray();
  const left = await standingsOf(db, _id, STRETCH);
  await entries(db).updateMany(
    { _id: { $in: waiting.map((entry) => entry._id) }, state: 'waiting' },
    { $set: { state: 'dropped', endedAt: at } },
  );
  await standings(db).deleteMany({ _id: { $in: left } });
  if (waiting.length > 0 || left.length > 0) return true;
  if (endedAt == null || at.getTime() - endedAt.getTime() > SETTLED_AFTER_MS) {
    await campaigns(db).updateOne({ _id, state: 'ended' }, { $unset: { trigger: '' } });
  }
  return false;
};
