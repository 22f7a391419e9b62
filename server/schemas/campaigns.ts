/** What campaign routes take and answer. */
import joi from 'joi';
import type { Vendor } from '../../adapters/adapter.js';
import {
  CAMPAIGN_STATES,
  type CampaignState,
  MISSED_RULES,
  type MissedRule,
} from '../../models/campaign.js';
import { RUN_STATES } from '../../models/campaign-run.js';
import { DEVICE_CLOCK } from '../../models/recurrence.js';
import type { Trigger } from '../../models/trigger.js';
import { readWallTime } from '../../models/wall-time.js';
import { timeZone } from './device-facts.js';
import { refusal } from './refusal.js';
import { scheduleOfRuns } from './schedule.js';
import { counts, taskState } from './task-answers.js';
import { type TaskBody, taskRequest } from './tasks.js';
import { trigger } from './triggers.js';
import { cursor, displayName, instant, objectId, pageSize, shownInstant } from './values.js';

type Vendors = ReadonlyMap<string, Vendor>;

const MAX_RULE = 500;
const MAX_COUNT = 1_000;
const MAX_EXCEPT = 500;

const WALL_FAULT =
  'must be a time on the clock of the zone, without an offset, for example 2027-02-28T18:30';

const wallTime = joi
  .string()
  .custom((text: string, { error }) => (readWallTime(text) == null ? error('wall.time') : text))
  .messages({ 'wall.time': WALL_FAULT });

const exception = joi
  .string()
  .custom((text: string, { error }) =>
    (readWallTime(text) ?? readWallTime(`${text}T00:00`)) == null ? error('wall.day') : text,
  )
  .messages({ 'wall.day': 'must be a day such as 2027-12-24, or a time such as 2027-12-24T09:00' });

/** Exactly one of `at`, `rrule`, `cron` and `trigger`. */
export interface ScheduleRequest {
  trigger?: Trigger;
  at?: Date;
  rrule?: string;
  cron?: string;
  timeZone?: string;
  start?: string;
  end?: string;
  count?: number;
  except?: string[];
}

const FORBIDDEN = { is: joi.exist(), then: joi.forbidden() };
const REQUIRED = { is: joi.exist(), then: joi.required() };

/** Of a schedule that recurs. */
const recurring = <Value extends joi.Schema>(value: Value): Value =>
  value.when('at', FORBIDDEN).when('trigger', FORBIDDEN) as Value;

const schedule = joi
  .object<ScheduleRequest>({
    trigger,
    at: instant.description('It runs once, then'),
    rrule: joi
      .string()
      .max(MAX_RULE)
      .description(
        'A rule of RFC 5545 with FREQ, INTERVAL, BYMONTH, BYMONTHDAY, BYDAY, BYSETPOS, BYHOUR, BYMINUTE, WKST; daily at most often, ' +
          'unless BYHOUR or BYMINUTE name more times',
      ),
    cron: joi
      .string()
      .max(MAX_RULE)
      .description('Five fields: minute, hour, day of the month, month, day of the week'),
    timeZone: recurring(timeZone.allow(DEVICE_CLOCK))
      .when('rrule', REQUIRED)
      .when('cron', REQUIRED)
      .description(
        'IANA name; rules are followed on its clock. `device`: on the clock of each device, for which runs are made in time',
      ),
    start: recurring(wallTime)
      .when('rrule', REQUIRED)
      .description(
        'Nothing is before it; a rule that says no time of day, no weekday or no day of the month takes it from here. ' +
          'With `cron`, now unless given',
      ),
    end: recurring(wallTime).description('Nothing is behind it'),
    count: recurring(joi.number().strict().integer().min(1).max(MAX_COUNT)).description(
      'How many times there are from `start` on, exceptions included',
    ),
    except: recurring(joi.array().items(exception).max(MAX_EXCEPT).unique()).description(
      'Days, or times, that are left out',
    ),
  })
  .xor('at', 'rrule', 'cron', 'trigger')
  .description('When it runs: at one instant, again and again, or for the account of an event');

const taskOf = (vendors: Vendors) =>
  taskRequest(vendors)
    .keys({ schedule: scheduleOfRuns, expiresAt: joi.forbidden() })
    .fork('audience', (audience) =>
      audience
        .optional()
        .description(
          'To whom it goes; not with a trigger, which sends to the account of the event',
        ),
    )
    .fork('lane', (lane) => lane.default('campaign'))
    .description('What each run sends, as `POST /v1/tasks` takes it, without its instants');

const missed = joi
  .string()
  .valid(...MISSED_RULES)
  .description(
    'When the gateway was down for longer than ten minutes: leave out what was missed (`skip`, the default), or run once for all of it. ' +
      'What events have started is sent in any case',
  );

/** As it is posted: with a trigger there is no audience. */
export type CampaignTask = Omit<TaskBody, 'audience'> & Partial<Pick<TaskBody, 'audience'>>;

export interface CampaignBody {
  name: string;
  task: CampaignTask;
  schedule: ScheduleRequest;
  missed?: MissedRule;
}

export const campaignBody = (vendors: Vendors) =>
  joi.object<CampaignBody>({
    name: displayName.required(),
    task: taskOf(vendors).required(),
    schedule: schedule.required(),
    missed,
  });

export const campaignChange = (vendors: Vendors) =>
  joi
    .object<Partial<CampaignBody>>({
      name: displayName,
      task: taskOf(vendors),
      schedule,
      missed,
    })
    .or('name', 'task', 'schedule', 'missed');

export interface CampaignParams {
  campaign: string;
}

export const campaignParams = joi.object<CampaignParams>({ campaign: objectId.required() });

const versionNumber = joi.number().integer().min(1);

export const campaignVersionParams = joi.object<CampaignParams & { version: number }>({
  campaign: objectId.required(),
  version: versionNumber.required(),
});

export const approvalBody = joi.object<{ version: number }>({
  version: versionNumber
    .strict()
    .required()
    .description('The newest: what was looked at is what is approved'),
});

export const controlBody = joi.object<{ tasks: boolean }>({
  tasks: joi
    .boolean()
    .strict()
    .default(false)
    .description('The tasks of its runs, too, as far as they have not ended'),
});

export interface CampaignListQuery {
  state?: CampaignState;
  cursor?: string;
  limit: number;
}

export const campaignListQuery = joi.object<CampaignListQuery>({
  state: joi.string().valid(...CAMPAIGN_STATES),
  cursor,
  limit: pageSize(50, 200),
});

export interface NextQuery {
  count: number;
  version?: number;
}

export const nextQuery = joi.object<NextQuery>({
  count: pageSize(10, 100),
  version: versionNumber.description('The newest unless it is named'),
});

export interface RunsQuery {
  cursor?: string;
  limit: number;
}

export const runsQuery = joi.object<RunsQuery>({ cursor, limit: pageSize(20, 100) });

const nextCursor = joi.string().description('For the next page; missing on the last');
const version = joi.number().integer().required();

const summary = {
  id: objectId.required(),
  name: joi.string().required(),
  state: joi
    .string()
    .valid(...CAMPAIGN_STATES)
    .required(),
  version: version.description('The newest'),
  approvedVersion: joi.number().integer().description('That runs are made of'),
  approvedBy: joi.string().description('Id of the key that was used'),
  nextAt: shownInstant.description('When it runs next'),
  pausedBecause: joi
    .string()
    .valid('refused')
    .description('It was paused by itself: several runs in a row were refused'),
  createdBy: joi.string().required().description('Id of the key that was used'),
  timings: joi
    .object({
      createdAt: shownInstant.required(),
      updatedAt: shownInstant.required(),
      approvedAt: shownInstant,
      lastRunAt: shownInstant,
      endedAt: shownInstant,
    })
    .required(),
};

const content = {
  task: joi.object().unknown().required(),
  schedule: joi.object().unknown().required(),
  missed: missed.required(),
};

export const campaignSummary = joi.object(summary);

export const campaignAnswer = joi.object({ ...summary, ...content });

export const campaignsAnswer = joi.object({
  items: joi.array().items(campaignSummary).required(),
  nextCursor,
});

export const campaignVersionAnswer = joi.object({
  version,
  ...content,
  createdBy: summary.createdBy,
  createdAt: shownInstant.required(),
});

export const nextAnswer = joi.object({
  version: version.description('Whose schedule this is'),
  items: joi
    .array()
    .items(
      joi.object({
        at: shownInstant.required(),
        local: joi
          .string()
          .required()
          .description(
            "The same on the clock of the schedule's zone; without an offset: what the clock of each device shows then",
          ),
      }),
    )
    .required(),
});

export const runsAnswer = joi.object({
  items: joi
    .array()
    .items(
      joi.object({
        at: shownInstant.required().description('The instant of the schedule'),
        state: joi
          .string()
          .valid(...RUN_STATES)
          .required(),
        version: version.description('That it was made of'),
        madeAt: shownInstant.required().description('When it was decided'),
        task: joi.object({
          id: objectId.required(),
          state: taskState.required(),
          counts: counts.required(),
        }),
        refusal,
        reason: joi.string().valid('missed').description('Why it was skipped'),
      }),
    )
    .required(),
  nextCursor,
});
