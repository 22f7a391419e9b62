/** Which of the instants that have come a campaign runs at, and which it leaves out. Pure. */
import type { CampaignContent } from '../../models/campaign.js';
import { type CampaignSchedule, instantsAfter } from '../../models/recurrence.js';

/** What is made no later is not missed: a gateway is started anew within this time. */
export const ON_TIME_MS = 10 * 60_000;
/** In one transaction; the next look goes on with the others. */
const MOST_AT_A_TIME = 500;

export interface Due {
  readonly runAt?: Date;
  readonly missed: readonly Date[];
  /** When there is something to do again; absent: never. */
  readonly nextAt?: Date;
}

/** `nextAt`: the first instant that nobody has looked at. Of several that have come, no more than the last one is run at. */
export const judgeDue = (
  {
    schedule,
    missed: rule,
  }: Pick<CampaignContent, 'missed'> & { readonly schedule: CampaignSchedule },
  nextAt: Date,
  now: Date,
): Due => {
  const come: Date[] = [];
  let next: Date | undefined;
  for (const atMs of instantsAfter(schedule, nextAt.getTime() - 1)) {
    next = new Date(atMs);
    if (next > now || come.length === MOST_AT_A_TIME) break;
    come.push(next);
    next = undefined;
  }
  const following = next == null ? {} : { nextAt: next };
  const last = come.at(-1);
  const isOnTime = last != null && now.getTime() - last.getTime() <= ON_TIME_MS;
  const isLastOfAll = next == null || next > now;
  const runs = last != null && isLastOfAll && (isOnTime || rule === 'catch-up-once');
  return runs
    ? { runAt: last, missed: come.slice(0, -1), ...following }
    : { missed: come, ...following };
};
