/** Whom events have brought into a campaign, and what became of them. */
import { dbOf } from '../../models/database.js';
import { entriesOf, type TriggerEntry } from '../../models/trigger-entry.js';
import { idCursor, readIdCursor } from '../cursor.js';
import type { ApiParts } from '../parts.js';
import { type Route, route } from '../route.js';
import { EXAMPLE_ENTRIES } from '../schemas/campaign-examples.js';
import { type CampaignParams, campaignParams } from '../schemas/campaigns.js';
import { type EntriesQuery, entriesAnswer, entriesQuery } from '../schemas/triggers.js';
import { campaignOf } from './campaigns.js';

const entryShown = (entry: TriggerEntry) => {
  const { account, state, startedAt, dueAt, data, version, cancelledBy, refusal, endedAt } = entry;
  return {
    id: entry._id.toHexString(),
    ...{ account, state, startedAt, dueAt, data },
    task: entry.task?.toHexString(),
    ...{ version, cancelledBy, refusal, endedAt },
  };
};

const list = (parts: ApiParts): Route =>
  route<CampaignParams, EntriesQuery>({
    method: 'get',
    path: '/v1/campaigns/:campaign/entries',
    id: 'listCampaignEntries',
    tag: 'campaigns',
    summary: 'Whom events have brought into it, newest first',
    description: 'An entry that has ended is kept for 30 days.',
    params: campaignParams,
    query: entriesQuery,
    answers: {
      200: {
        description: 'A page of entries',
        schema: entriesAnswer,
        example: { items: EXAMPLE_ENTRIES },
      },
    },
    example: { query: { state: 'waiting' } },
    handle: async ({ app, params, query: { state, cursor, limit } }) => {
      const { _id } = await campaignOf(parts, app._id, params);
      const found = await entriesOf(dbOf(parts.connection), _id, {
        limit: limit + 1,
        ...(state == null ? {} : { state }),
        ...(cursor == null ? {} : { after: readIdCursor(cursor) }),
      });
      const page = found.slice(0, limit);
      const last = found.length > limit ? page.at(-1) : undefined;
      const nextCursor = last && idCursor(last._id);
      return { status: 200, body: { items: page.map(entryShown), nextCursor } };
    },
  });

export const campaignEntryRoutes = (parts: ApiParts): Route[] => [list(parts)];
