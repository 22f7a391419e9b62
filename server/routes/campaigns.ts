/** Campaigns: written in versions, shown, listed, and deleted while they are drafts. */
import { CampaignStateConflict } from '../../jobs/engine.js';
import type { App } from '../../models/app.js';
import type { Campaign } from '../../models/campaign.js';
import {
  changeCampaign,
  createCampaign,
  deleteDraft,
  findCampaign,
  findCampaignVersion,
  listCampaigns,
  versionOf,
} from '../../models/campaign-store.js';
import { dbOf } from '../../models/database.js';
import { type ContentContext, campaignContent, changedContent } from '../campaign-input.js';
import { campaignShown, campaignSummaryShown, campaignVersionShown } from '../campaign-shown.js';
import { readTaskCursor, taskCursor } from '../cursor.js';
import type { ApiParts } from '../parts.js';
import { problem } from '../problems.js';
import { type Route, route } from '../route.js';
import {
  EXAMPLE_CAMPAIGN,
  EXAMPLE_CONTENT,
  EXAMPLE_DRAFT,
  EXAMPLE_RUNNING,
} from '../schemas/campaign-examples.js';
import {
  type CampaignBody,
  type CampaignListQuery,
  type CampaignParams,
  campaignAnswer,
  campaignBody,
  campaignChange,
  campaignListQuery,
  campaignParams,
  campaignsAnswer,
  campaignVersionAnswer,
  campaignVersionParams,
} from '../schemas/campaigns.js';
import { toObjectId } from '../schemas/values.js';

const TASK_PROBLEMS = [
  'TAG_EXPRESSION_INVALID',
  'EXPRESSION_INVALID',
  'MESSAGE_INVALID',
  'PAYLOAD_TOO_LARGE',
  'PURPOSE_NOT_MAPPED',
  'PURPOSE_UNKNOWN',
] as const;

const contextOf = (
  { engine, connection, vendors, adapters: { now } }: ApiParts,
  app: App,
  by: string,
): ContentContext => ({ engine, reader: { connection, vendors, now }, app, by });

/** Throws NOT_FOUND. */
export const campaignOf = async (
  { connection }: Pick<ApiParts, 'connection'>,
  app: string,
  { campaign }: CampaignParams,
): Promise<Campaign> => {
  const found = await findCampaign(dbOf(connection), app, toObjectId(campaign));
  if (found == null) throw problem('NOT_FOUND');
  return found;
};

const create = (parts: ApiParts): Route =>
  route<unknown, unknown, CampaignBody>({
    method: 'post',
    path: '/v1/campaigns',
    id: 'createCampaign',
    tag: 'campaigns',
    summary: 'Write a campaign; nothing is sent before it is approved',
    body: campaignBody(parts.vendors),
    creates: true,
    answers: {
      201: {
        description: 'The draft',
        schema: campaignAnswer,
        example: { ...EXAMPLE_DRAFT, ...EXAMPLE_CONTENT },
      },
    },
    problems: TASK_PROBLEMS,
    example: { body: EXAMPLE_CAMPAIGN },
    handle: async ({ app, caller, body, session }) => {
      const { name, ...request } = body;
      const content = await campaignContent(contextOf(parts, app, caller.keyId), request);
      const campaign = await createCampaign(
        parts.connection,
        { app: app._id, name, content },
        {
          by: caller.keyId,
          at: new Date(parts.adapters.now()),
          ...(session == null ? {} : { session }),
        },
      );
      return { status: 201, body: campaignShown(campaign, { content }) };
    },
  });

const list = ({ connection }: ApiParts): Route =>
  route<unknown, CampaignListQuery>({
    method: 'get',
    path: '/v1/campaigns',
    id: 'listCampaigns',
    tag: 'campaigns',
    summary: 'Campaigns, newest first',
    query: campaignListQuery,
    answers: {
      200: {
        description: 'A page of campaigns',
        schema: campaignsAnswer,
        example: { items: [EXAMPLE_RUNNING] },
      },
    },
    example: { query: { state: 'running', limit: '10' } },
    handle: async ({ app, query: { state, cursor, limit } }) => {
      const found = await listCampaigns(dbOf(connection), app._id, {
        limit: limit + 1,
        ...(state == null ? {} : { state }),
        ...(cursor == null ? {} : { after: readTaskCursor(cursor) }),
      });
      const items = found.slice(0, limit);
      const last = found.length > limit ? items.at(-1) : undefined;
      const nextCursor = last && taskCursor({ createdAt: last.createdAt, id: last._id });
      return { status: 200, body: { items: items.map(campaignSummaryShown), nextCursor } };
    },
  });

const get = (parts: ApiParts): Route =>
  route<CampaignParams>({
    method: 'get',
    path: '/v1/campaigns/:campaign',
    id: 'getCampaign',
    tag: 'campaigns',
    summary: 'A campaign, as its newest version says',
    params: campaignParams,
    answers: {
      200: {
        description: 'The campaign',
        schema: campaignAnswer,
        example: { ...EXAMPLE_RUNNING, ...EXAMPLE_CONTENT },
      },
    },
    handle: async ({ app, params }) => {
      const campaign = await campaignOf(parts, app._id, params);
      const newest = await versionOf(dbOf(parts.connection), campaign._id, campaign.version);
      return { status: 200, body: campaignShown(campaign, newest) };
    },
  });

const getVersion = (parts: ApiParts): Route =>
  route<CampaignParams & { version: number }>({
    method: 'get',
    path: '/v1/campaigns/:campaign/versions/:version',
    id: 'getCampaignVersion',
    tag: 'campaigns',
    summary: 'One version of a campaign, as runs were made of it',
    params: campaignVersionParams,
    answers: {
      200: {
        description: 'The version',
        schema: campaignVersionAnswer,
        example: {
          version: 1,
          ...EXAMPLE_CONTENT,
          createdBy: EXAMPLE_DRAFT.createdBy,
          createdAt: EXAMPLE_DRAFT.timings.createdAt,
        },
      },
    },
    handle: async ({ app, params }) => {
      const { _id } = await campaignOf(parts, app._id, params);
      const version = await findCampaignVersion(dbOf(parts.connection), _id, params.version);
      if (version == null) throw problem('NOT_FOUND');
      return { status: 200, body: campaignVersionShown(version) };
    },
  });

const change = (parts: ApiParts): Route =>
  route<CampaignParams, unknown, Partial<CampaignBody>>({
    method: 'patch',
    path: '/v1/campaigns/:campaign',
    id: 'changeCampaign',
    tag: 'campaigns',
    summary: 'Write a new version of a campaign',
    description:
      '`task` and `schedule` are replaced as a whole. Runs are made of the version that was approved, until the new one is.',
    params: campaignParams,
    body: campaignChange(parts.vendors),
    answers: {
      200: {
        description: 'The campaign, as its newest version says',
        schema: campaignAnswer,
        example: { ...EXAMPLE_RUNNING, ...EXAMPLE_CONTENT, version: 2 },
      },
    },
    problems: [...TASK_PROBLEMS, 'CAMPAIGN_STATE_CONFLICT'],
    example: { body: { missed: 'catch-up-once' } },
    handle: async ({ app, caller, params, body: { name, ...request } }) => {
      const db = dbOf(parts.connection);
      const context = contextOf(parts, app, caller.keyId);
      for (;;) {
        const before = await campaignOf(parts, app._id, params);
        if (before.state === 'ended') {
          throw new CampaignStateConflict('ended', 'A campaign that has ended cannot be changed');
        }
        const newest = await versionOf(db, before._id, before.version);
        const content = await changedContent(context, newest.content, request);
        const changed = await changeCampaign(
          parts.connection,
          before,
          { content, ...(name == null ? {} : { name }) },
          { by: caller.keyId, at: new Date(parts.adapters.now()) },
        );
        // Somebody else was faster: this change is made to what they have written.
        if (changed != null) return { status: 200, body: campaignShown(changed, { content }) };
      }
    },
  });

const remove = (parts: ApiParts): Route =>
  route<CampaignParams>({
    method: 'delete',
    path: '/v1/campaigns/:campaign',
    id: 'deleteCampaign',
    tag: 'campaigns',
    summary: 'Delete a draft',
    description: 'What was approved once is ended instead, and stays with its runs.',
    params: campaignParams,
    answers: { 204: { description: 'It is gone' } },
    problems: ['CAMPAIGN_STATE_CONFLICT'],
    handle: async ({ app, params }) => {
      const { _id } = await campaignOf(parts, app._id, params);
      if (await deleteDraft(parts.connection, _id)) return { status: 204 };
      const { state } = await campaignOf(parts, app._id, params);
      throw new CampaignStateConflict(state, 'Only a draft can be deleted; end it instead');
    },
  });

export const campaignRoutes = (parts: ApiParts): Route[] => [
  create(parts),
  list(parts),
  get(parts),
  getVersion(parts),
  change(parts),
  remove(parts),
];
