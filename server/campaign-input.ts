/** From what a caller posted to what a campaign keeps: what no schema can say is checked here. */
import { type Engine, TaskRefused } from '../jobs/engine.js';
import type { App } from '../models/app.js';
import type { CampaignContent } from '../models/campaign.js';
import {
  type CampaignSchedule,
  checkedRecurrence,
  localTimeOf,
  RecurrenceError,
  scheduleWallAt,
} from '../models/recurrence.js';
import { wallText } from '../models/wall-time.js';
import { problemOf } from './middleware/errors.js';
import { ProblemError, problem } from './problems.js';
import type { CampaignBody, ScheduleRequest } from './schemas/campaigns.js';
import { taskAudience } from './task-audience.js';
import { readTaskRequest, type TaskReader } from './task-request.js';

/** Throws VALIDATION_FAILED, which says where reading of a rule stopped. */
const scheduleOf = ({ at, timeZone = 'UTC', ...rest }: ScheduleRequest, nowMs: number) => {
  if (at != null) return { at };
  try {
    const start = rest.start ?? wallText(scheduleWallAt(nowMs, timeZone));
    return checkedRecurrence({ ...rest, timeZone, start });
  } catch (error) {
    if (!(error instanceof RecurrenceError)) throw error;
    const { field, message: detail, position } = error;
    const fault = { field: `schedule.${field}`, detail };
    throw problem('VALIDATION_FAILED', {
      errors: [position == null ? fault : { ...fault, position }],
    });
  }
};

/** The same problem, with the fields of the task as the caller of a campaign names them. */
const aboutTask = (error: unknown): unknown => {
  if (!(error instanceof TaskRefused) && !(error instanceof ProblemError)) return error;
  const { code, options } = problemOf(error);
  const errors = options.errors?.map((one) => ({ ...one, field: `task.${one.field}` }));
  return problem(code, { ...options, ...(errors == null ? {} : { errors }) });
};

export interface ContentContext {
  readonly engine: Engine;
  readonly reader: TaskReader;
  readonly app: App;
  /** Id of the key that asks. */
  readonly by: string;
}

/** As a run that is made now would send it. */
const asRun = (
  task: CampaignBody['task'],
  schedule: CampaignSchedule,
  nowMs: number,
): CampaignBody['task'] => {
  const localTime = localTimeOf(schedule, nowMs);
  return localTime == null ? task : { ...task, schedule: { ...task.schedule, localTime } };
};

/** Throws what `POST /v1/tasks` would throw for it now. */
const checkTask = async (
  { engine, reader, app, by }: ContentContext,
  { task, schedule }: Pick<CampaignContent, 'schedule'> & Pick<CampaignBody, 'task'>,
): Promise<void> => {
  try {
    const request = asRun(task, schedule, reader.now());
    const input = await readTaskRequest(reader, app, request);
    await engine.check({ app, by, input });
  } catch (error) {
    throw aboutTask(error);
  }
};

export type ContentRequest = Pick<CampaignBody, 'task' | 'schedule' | 'missed'>;

const checkedContent = async (
  context: ContentContext,
  task: CampaignBody['task'],
  { schedule, missed }: Pick<CampaignContent, 'schedule' | 'missed'>,
): Promise<CampaignContent> => {
  await checkTask(context, { task, schedule });
  // In the one form that an erasure finds people in.
  const audience = taskAudience(task.audience, context.reader.vendors);
  return { task: { ...task, audience }, schedule, missed };
};

export const campaignContent = async (
  context: ContentContext,
  { task, schedule, missed }: ContentRequest,
): Promise<CampaignContent> =>
  checkedContent(context, task, { schedule: scheduleOf(schedule, context.reader.now()), missed });

/** Of what is changed; the rest stays as it is, and has to go with it. */
export const changedContent = async (
  context: ContentContext,
  before: CampaignContent,
  { task, schedule, missed = before.missed }: Partial<ContentRequest>,
): Promise<CampaignContent> => {
  if (task == null && schedule == null) return { ...before, missed };
  const kept = before.task as unknown as CampaignBody['task'];
  return checkedContent(context, task ?? kept, {
    schedule: schedule == null ? before.schedule : scheduleOf(schedule, context.reader.now()),
    missed,
  });
};
