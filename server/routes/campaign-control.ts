/** Approve, pause, resume and end a campaign. */
import { CAMPAIGN_VERBS, type CampaignVerb } from '../../jobs/engine.js';
import { campaignSummaryShown } from '../campaign-shown.js';
import type { ApiParts } from '../parts.js';
import { problem } from '../problems.js';
import { type Route, route } from '../route.js';
import { EXAMPLE_RUNNING } from '../schemas/campaign-examples.js';
import {
  approvalBody,
  type CampaignParams,
  campaignParams,
  campaignSummary,
  controlBody,
} from '../schemas/campaigns.js';
import { toObjectId } from '../schemas/values.js';

const { nextAt: _, ...EXAMPLE_IDLE } = EXAMPLE_RUNNING;

const approve = ({ engine }: ApiParts): Route =>
  route<CampaignParams, unknown, { version: number }>({
    method: 'post',
    path: '/v1/campaigns/:campaign/approve',
    id: 'approveCampaign',
    tag: 'campaigns',
    summary: 'Have runs made of the newest version from now on',
    description: 'What has come by now is still made of the version before.',
    params: campaignParams,
    body: approvalBody,
    answers: {
      200: {
        description: 'The campaign runs as this version says',
        schema: campaignSummary,
        example: { ...EXAMPLE_RUNNING, state: 'approved' },
      },
    },
    problems: ['CAMPAIGN_STATE_CONFLICT'],
    example: { body: { version: 1 } },
    handle: async ({ app, caller, params, body: { version } }) => {
      const campaign = await engine.approveCampaign({
        app: app._id,
        campaign: toObjectId(params.campaign),
        version,
        by: caller.keyId,
      });
      if (campaign == null) throw problem('NOT_FOUND');
      return { status: 200, body: campaignSummaryShown(campaign) };
    },
  });

const VERBS: Record<CampaignVerb, { summary: string; description: string; example: unknown }> = {
  pause: {
    summary: 'Make no runs until it is resumed',
    description: 'With `tasks`, those of earlier runs are paused as well.',
    example: { ...EXAMPLE_IDLE, state: 'paused' },
  },
  resume: {
    summary: 'Go on with a paused campaign',
    description: 'What fell into the pause is left out. With `tasks`, paused ones go on as well.',
    example: EXAMPLE_RUNNING,
  },
  end: {
    summary: 'Make no more runs',
    description: 'For good. With `tasks`, those of earlier runs are cancelled as well.',
    example: { ...EXAMPLE_IDLE, state: 'ended' },
  },
};

const control = ({ engine }: ApiParts, verb: CampaignVerb): Route =>
  route<CampaignParams, unknown, { tasks: boolean }>({
    method: 'post',
    path: `/v1/campaigns/:campaign/${verb}`,
    id: `${verb}Campaign`,
    tag: 'campaigns',
    summary: VERBS[verb].summary,
    description: VERBS[verb].description,
    params: campaignParams,
    body: controlBody,
    answers: {
      200: {
        description: 'The campaign is in this state now',
        schema: campaignSummary,
        example: VERBS[verb].example,
      },
    },
    problems: ['CAMPAIGN_STATE_CONFLICT'],
    example: { body: { tasks: true } },
    handle: async ({ app, params, body: { tasks } }) => {
      const campaign = await engine.controlCampaign({
        app: app._id,
        campaign: toObjectId(params.campaign),
        verb,
        tasks,
      });
      if (campaign == null) throw problem('NOT_FOUND');
      return { status: 200, body: campaignSummaryShown(campaign) };
    },
  });

export const campaignControlRoutes = (parts: ApiParts): Route[] => [
  approve(parts),
  ...CAMPAIGN_VERBS.map((verb) => control(parts, verb)),
];
