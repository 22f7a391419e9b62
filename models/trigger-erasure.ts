/** Takes somebody out of all triggered campaigns of an app. */
import type { Connection } from 'mongoose';
import { TRIGGERED_INDEX } from './campaign.js';
import { campaigns } from './campaign-store.js';
import { dbOf } from './database.js';
import { inTransaction } from './transaction.js';
import { entries } from './trigger-entry.js';
import { standingId, standings, takeStandings } from './trigger-standing.js';

/**
 * Behind the suppression list. Takes the standing in every campaign, also where there is none yet: an event that was read before the
 * account was on the list, and would write an entry now, has to begin anew, and finds it there.
 */
export const eraseFromTriggers = async (
  connection: Connection,
  { app, account, now }: { readonly app: string; readonly account: Buffer; readonly now: Date },
): Promise<void> =>
  inTransaction(connection, async (session) => {
    const db = dbOf(connection);
    const triggered = await campaigns(db)
      .find(
        { app, trigger: { $exists: true } },
        { session, hint: TRIGGERED_INDEX, projection: { _id: 1 } },
      )
      .toArray();
    await takeStandings(
      db,
      triggered.map(({ _id }) => ({ _id: standingId(_id, account), campaign: _id, account })),
      session,
    );
    await entries(db).deleteMany({ accountKey: account }, { session });
    await standings(db).updateMany(
      { account },
      { $set: { forgetAt: now }, $unset: { sentAt: '', startedAt: '', cancelledAt: '' } },
      { session },
    );
  });
