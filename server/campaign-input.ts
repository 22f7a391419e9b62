/** From what a caller posted to what a campaign keeps: what no schema can say is checked here. */
import { type Engine, TaskRefused } from '../jobs/engine.js';
import type { App } from '../models/app.js';
import type { CampaignContent } from '../models/campaign.js';
import { checkedRecurrence, RecurrenceError } from '../models/recurrence.js';
import { wallAt, wallText } from '../models/wall-time.js';
import { problemOf } from './middleware/errors.js';
import { ProblemError, problem } from './problems.js';
import type { CampaignBody, ScheduleRequest } from './schemas/campaigns.js';
import { taskAudience } from './task-audience.js';
import { readTaskRequest, type TaskReader } from './task-request.js';

/** Throws VALIDATION_FAILED, which says where reading of a rule stopped. */
const scheduleOf = ({ at, timeZone = 'UTC', ...rest }: ScheduleRequest, nowMs: number) => {
  if (at != null) return { at };
  try {
    const start = rest.start ?? wallText(wallAt(nowMs, timeZone));
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

/** The request with its lists in the one form that an erasure finds people in; throws what `POST /v1/tasks` would throw for it now. */
const keptTask = async (
  { engine, reader, app, by }: ContentContext,
  task: CampaignBody['task'],
): Promise<CampaignContent['task']> => {
  try {
    const input = await readTaskRequest(reader, app, task);
    await engine.check({ app, by, input });
  } catch (error) {
    throw aboutTask(error);
  }
  return { ...task, audience: taskAudience(task.audience, reader.vendors) };
};

export type ContentRequest = Pick<CampaignBody, 'task' | 'schedule' | 'missed'>;

export const campaignContent = async (
  context: ContentContext,
  { task, schedule, missed }: ContentRequest,
): Promise<CampaignContent> => ({
  task: await keptTask(context, task),
  schedule: scheduleOf(schedule, context.reader.now()),
  missed,
});

/** Of what is changed; the rest stays as it is. */
export const changedContent = async (
  context: ContentContext,
  before: CampaignContent,
  { task, schedule, missed }: Partial<ContentRequest>,
): Promise<CampaignContent> => ({
  task: task == null ? before.task : await keptTask(context, task),
  schedule: schedule == null ? before.schedule : scheduleOf(schedule, context.reader.now()),
  missed: missed ?? before.missed,
});
