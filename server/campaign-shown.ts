/** How campaigns and their versions look in answers. */
import type { Campaign, CampaignContent, CampaignVersion } from '../models/campaign.js';

export const campaignSummaryShown = (campaign: Campaign) => {
  const { name, state, version, approvedVersion, approvedBy, nextAt, pausedBecause } = campaign;
  const { createdBy, createdAt, updatedAt, approvedAt, lastRunAt, endedAt } = campaign;
  return {
    id: campaign._id.toHexString(),
    // JSON leaves out what is undefined.
    ...{ name, state, version, approvedVersion, approvedBy, nextAt, pausedBecause, createdBy },
    timings: { createdAt, updatedAt, approvedAt, lastRunAt, endedAt },
  };
};

const scheduleShown = (schedule: CampaignContent['schedule']) => {
  if ('at' in schedule || 'trigger' in schedule) return schedule;
  // It follows from `count`.
  const { last: _, ...given } = schedule;
  return given;
};

const contentShown = ({ task, schedule, missed }: CampaignContent) => ({
  task,
  schedule: scheduleShown(schedule),
  missed,
});

export const campaignShown = (
  campaign: Campaign,
  { content }: Pick<CampaignVersion, 'content'>,
) => ({
  ...campaignSummaryShown(campaign),
  ...contentShown(content),
});

export const campaignVersionShown = ({ version, content, ...made }: CampaignVersion) => ({
  version,
  ...contentShown(content),
  createdBy: made.createdBy,
  createdAt: made.createdAt,
});
