/** Which of the instants that have come a campaign runs at, and which it leaves out. Pure. */
import type { CampaignContent } from '../../models/campaign.js';
import {
  type CampaignSchedule,
  DEVICE_LEAD_MS,
  instantsAfter,
  localTimeOf,
} from '../../models/recurrence.js';
import { MOST_BEHIND_MS, wallMsOf } from '../../models/wall-time.js';

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

/** For the clocks of devices, while none of them has shown the time. */
const isOnTime = (schedule: CampaignSchedule, atMs: number, nowMs: number): boolean =>
  nowMs - atMs <= (localTimeOf(schedule, atMs) == null ? ON_TIME_MS : DEVICE_LEAD_MS);

/** The last clock on earth has shown the time that it is for. */
const isOver = (schedule: CampaignSchedule, atMs: number, nowMs: number): boolean => {
  const localTime = localTimeOf(schedule, atMs);
  return localTime != null && nowMs >= wallMsOf(localTime) + MOST_BEHIND_MS;
};

const canRun = (
  {
    schedule,
    missed: rule,
  }: Pick<CampaignContent, 'missed'> & { readonly schedule: CampaignSchedule },
  atMs: number,
  nowMs: number,
): boolean =>
  isOnTime(schedule, atMs, nowMs) || (rule === 'catch-up-once' && !isOver(schedule, atMs, nowMs));

/** `nextAt`: the first instant that nobody has looked at. Of several that have come, no more than the last one is run at. */
export const judgeDue = (
  content: Pick<CampaignContent, 'missed'> & { readonly schedule: CampaignSchedule },
  nextAt: Date,
  now: Date,
): Due => {
  const come: Date[] = [];
  let next: Date | undefined;
  for (const atMs of instantsAfter(content.schedule, nextAt.getTime() - 1)) {
    next = new Date(atMs);
    if (next > now || come.length === MOST_AT_A_TIME) break;
    come.push(next);
    next = undefined;
  }
  const following = next == null ? {} : { nextAt: next };
  const last = come.at(-1);
  const isLastOfAll = next == null || next > now;
  return last != null && isLastOfAll && canRun(content, last.getTime(), now.getTime())
    ? { runAt: last, missed: come.slice(0, -1), ...following }
    : { missed: come, ...following };
};
