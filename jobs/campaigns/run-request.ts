/** The request that a run makes its task of, as the gateway reads it now. */
import { appModel } from '../../models/app.js';
import type { Campaign, CampaignContent } from '../../models/campaign.js';
import type { Refusal } from '../../models/campaign-run.js';
import type { JobContext } from '../context.js';
import type { AcceptRequest, TaskRefused } from '../engine.js';

export type RunRequest = { readonly request: AcceptRequest } | { readonly refusal: Refusal };

export const requestOf = async (
  { parts }: JobContext,
  { _id, app: id, approvedBy: by }: Pick<Campaign, '_id' | 'app'> & { readonly approvedBy: string },
  task: CampaignContent['task'],
): Promise<RunRequest> => {
  const app = await appModel(parts.connection).findById(id).lean();
  if (app == null) return { refusal: { code: 'NOT_FOUND', detail: 'The app is gone', errors: [] } };
  const read = await parts.readTask(app, task);
  return 'refusal' in read ? read : { request: { app, by, input: read.input, campaign: _id } };
};

export const refusalOf = ({ problems }: Pick<TaskRefused, 'problems'>): Refusal => ({
  code: problems[0]?.code ?? 'MESSAGE_INVALID',
  errors: problems.map(({ field, detail }) => ({ field, detail })),
});

/** What is refused so often in a row will be refused again: somebody has to look at it. */
export const MOST_REFUSALS = 5;

/** Somebody else has moved the campaign since it was read: nothing of this may be written. */
export class Overtaken extends Error {
  override readonly name = 'Overtaken';
}
