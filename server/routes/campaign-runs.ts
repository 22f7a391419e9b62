/** When a campaign will run, and what became of the runs that were. */
import { DateTime } from 'luxon';
import type { Types } from 'mongoose';
import type { CampaignRun } from '../../models/campaign-run.js';
import { runsOf } from '../../models/campaign-run.js';
import { findCampaignVersion } from '../../models/campaign-store.js';
import { dbOf } from '../../models/database.js';
import { fewAtOnce } from '../../models/few-at-once.js';
import { type CampaignSchedule, instantsAfter, localTimeOf } from '../../models/recurrence.js';
import { taskModel } from '../../models/task.js';
import { instantCursor, readInstantCursor } from '../cursor.js';
import type { ApiParts } from '../parts.js';
import { problem } from '../problems.js';
import { type Route, route } from '../route.js';
import { EXAMPLE_NEXT } from '../schemas/campaign-examples.js';
import {
  type CampaignParams,
  campaignParams,
  type NextQuery,
  nextAnswer,
  nextQuery,
  type RunsQuery,
  runsAnswer,
  runsQuery,
} from '../schemas/campaigns.js';
import { EXAMPLE_REPORT } from '../schemas/task-examples.js';
import { countsShown } from '../task-shown.js';
import { campaignOf } from './campaigns.js';

const instantShown = (atMs: number, schedule: CampaignSchedule) => {
  const at = new Date(atMs);
  const localTime = localTimeOf(schedule, atMs);
  if (localTime != null) return { at, local: localTime };
  const zone = 'at' in schedule ? 'UTC' : schedule.timeZone;
  const local = DateTime.fromMillis(atMs, { zone }).toISO({
    suppressSeconds: true,
    suppressMilliseconds: true,
  });
  return { at, local };
};

const next = (parts: ApiParts): Route =>
  route<CampaignParams, NextQuery>({
    method: 'get',
    path: '/v1/campaigns/:campaign/next',
    id: 'nextInstantsOfCampaign',
    tag: 'campaigns',
    summary: 'The next instants of its schedule, whatever its state',
    params: campaignParams,
    query: nextQuery,
    answers: { 200: { description: 'The instants', schema: nextAnswer, example: EXAMPLE_NEXT } },
    example: { query: { count: '3' } },
    handle: async ({ app, params, query: { count, version: named } }) => {
      const { _id, version: newest } = await campaignOf(parts, app._id, params);
      const version = named ?? newest;
      const found = await findCampaignVersion(dbOf(parts.connection), _id, version);
      if (found == null) throw problem('NOT_FOUND');
      const { schedule } = found.content;
      const items: ReturnType<typeof instantShown>[] = [];
      if ('trigger' in schedule) return { status: 200, body: { version, items } };
      for (const atMs of instantsAfter(schedule, parts.adapters.now())) {
        items.push(instantShown(atMs, schedule));
        if (items.length === count) break;
      }
      return { status: 200, body: { version, items } };
    },
  });

const taskOf = async ({ connection, engine }: ApiParts, _id: Types.ObjectId) => {
  const task = await taskModel(connection)
    .findById(_id, { state: 1 })
    // No newer than the snapshot of the counts.
    .readConcern('majority')
    .lean();
  if (task == null) return undefined;
  const counts = countsShown(await engine.report({ _id }));
  return { id: _id.toHexString(), state: task.state, counts };
};

const runShown = async (parts: ApiParts, run: CampaignRun) => {
  const { at, state, version, createdAt: madeAt, refusal, reason } = run;
  const task = run.task && (await taskOf(parts, run.task));
  return { at, state, version, madeAt, task, refusal, reason };
};

const runs = (parts: ApiParts): Route =>
  route<CampaignParams, RunsQuery>({
    method: 'get',
    path: '/v1/campaigns/:campaign/runs',
    id: 'listCampaignRuns',
    tag: 'campaigns',
    summary: 'What became of its instants, newest first',
    params: campaignParams,
    query: runsQuery,
    answers: {
      200: {
        description: 'A page of runs',
        schema: runsAnswer,
        example: {
          items: [
            {
              at: '2027-01-11T08:00:00.000Z',
              state: 'refused',
              version: 1,
              madeAt: '2027-01-11T08:00:01.000Z',
              refusal: {
                code: 'VALIDATION_FAILED',
                errors: [
                  {
                    field: 'message.template',
                    detail: 'Names no template, or no version of it',
                  },
                ],
              },
            },
            {
              at: '2027-01-04T08:00:00.000Z',
              state: 'made',
              version: 1,
              madeAt: '2027-01-04T08:00:01.000Z',
              task: { id: EXAMPLE_REPORT.id, state: 'done', counts: EXAMPLE_REPORT.counts },
            },
          ],
        },
      },
    },
    example: { query: { limit: '5' } },
    handle: async ({ app, params, query: { cursor, limit } }) => {
      const { _id } = await campaignOf(parts, app._id, params);
      const found = await runsOf(dbOf(parts.connection), _id, {
        limit: limit + 1,
        ...(cursor == null ? {} : { before: readInstantCursor(cursor) }),
      });
      const page = found.slice(0, limit);
      const last = found.length > limit ? page.at(-1) : undefined;
      const items = await fewAtOnce(page, (run) => runShown(parts, run));
      return { status: 200, body: { items, nextCursor: last && instantCursor(last.at) } };
    },
  });

export const campaignRunRoutes = (parts: ApiParts): Route[] => [next(parts), runs(parts)];
