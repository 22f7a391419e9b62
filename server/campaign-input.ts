/** From what a caller posted to what a campaign keeps: what no schema can say is checked here. */
import { type Engine, type TaskInput, TaskRefused } from '../jobs/engine.js';
import { filled } from '../jobs/template-values.js';
import type { App } from '../models/app.js';
import type { CampaignContent, MissedRule } from '../models/campaign.js';
import {
  checkedRecurrence,
  localTimeOf,
  RecurrenceError,
  scheduleWallAt,
} from '../models/recurrence.js';
import { wallText } from '../models/wall-time.js';
import { problemOf } from './middleware/errors.js';
import { ProblemError, problem } from './problems.js';
import type { CampaignBody, CampaignTask, ScheduleRequest } from './schemas/campaigns.js';
import type { TaskBody } from './schemas/tasks.js';
import { taskAudience } from './task-audience.js';
import { readTaskRequest, type TaskReader } from './task-request.js';

/** Throws VALIDATION_FAILED, which says where reading of a rule stopped. */
const scheduleOf = (
  { trigger, at, timeZone = 'UTC', ...rest }: ScheduleRequest,
  nowMs: number,
): CampaignContent['schedule'] => {
  if (trigger != null) return { trigger };
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
const asRun = (task: TaskBody, schedule: CampaignContent['schedule'], nowMs: number): TaskBody => {
  const localTime = 'trigger' in schedule ? undefined : localTimeOf(schedule, nowMs);
  return localTime == null ? task : { ...task, schedule: { ...task.schedule, localTime } };
};

/** For an account that nobody knows yet: all vendors are asked, and an event may give every value that is missing. */
const checkedInput = (input: TaskInput): TaskInput => {
  const { message } = input;
  const data = { ...message.data, ...filled(message, {}) };
  const audience = { all: true as const };
  return Object.keys(data).length === 0
    ? { ...input, audience }
    : { ...input, audience, message: { ...message, data } };
};

/** The request with its lists in the one form that an erasure finds people in; throws what `POST /v1/tasks` would throw for it now. */
const keptTask = async (
  { engine, reader, app, by }: ContentContext,
  { audience, ...task }: CampaignTask,
  schedule: CampaignContent['schedule'],
): Promise<CampaignContent['task']> => {
  try {
    const body = asRun(
      { ...task, audience: audience ?? { accounts: [''] } },
      schedule,
      reader.now(),
    );
    const input = await readTaskRequest(reader, app, body);
    await engine.check({ app, by, input: audience == null ? checkedInput(input) : input });
  } catch (error) {
    throw aboutTask(error);
  }
  return audience == null ? task : { ...task, audience: taskAudience(audience, reader.vendors) };
};

export type ContentRequest = Pick<CampaignBody, 'task' | 'schedule' | 'missed'>;

const refused = (field: string, detail: string) =>
  problem('VALIDATION_FAILED', { errors: [{ field, detail }] });

/** What `task`, `schedule` and `missed` must not say together. */
const checkTogether = (
  task: Pick<CampaignTask, 'audience'>,
  schedule: object,
  missed: MissedRule | undefined,
): void => {
  if (!('trigger' in schedule)) {
    if (task.audience == null) throw refused('task.audience', 'Is required without a trigger');
    return;
  }
  if (task.audience != null) {
    throw refused('task.audience', 'Is not allowed with a trigger: the event names the account');
  }
  if (missed === 'skip') {
    throw refused('missed', 'Must be catch-up-once with a trigger: what is late is sent');
  }
};

const missedBy = (schedule: object): MissedRule =>
  'trigger' in schedule ? 'catch-up-once' : 'skip';

export const campaignContent = async (
  context: ContentContext,
  { task, schedule: asked, missed }: ContentRequest,
): Promise<CampaignContent> => {
  checkTogether(task, asked, missed);
  const schedule = scheduleOf(asked, context.reader.now());
  return {
    task: await keptTask(context, task, schedule),
    schedule,
    missed: missed ?? missedBy(asked),
  };
};

/** Of what is changed; the rest stays as it is, and has to go with it. */
export const changedContent = async (
  context: ContentContext,
  before: CampaignContent,
  { task, schedule: asked, missed }: Partial<ContentRequest>,
): Promise<CampaignContent> => {
  const after = asked ?? before.schedule;
  if ('trigger' in after !== 'trigger' in before.schedule) {
    throw refused(
      'schedule',
      'Cannot change between a trigger and instants: write another campaign',
    );
  }
  checkTogether(task ?? before.task, after, missed ?? before.missed);
  const schedule = asked == null ? before.schedule : scheduleOf(asked, context.reader.now());
  const isUnchanged = task == null && asked == null;
  const kept = before.task as unknown as CampaignTask;
  return {
    task: isUnchanged ? before.task : await keptTask(context, task ?? kept, schedule),
    schedule,
    missed: missed ?? before.missed,
  };
};
