/** Pause, resume and cancel a task. */
import { TASK_VERBS, type TaskVerb } from '../../jobs/engine.js';
import type { ApiParts } from '../parts.js';
import { problem } from '../problems.js';
import { type Route, route } from '../route.js';
import { taskAccepted } from '../schemas/task-answers.js';
import { EXAMPLE_SUMMARY } from '../schemas/task-examples.js';
import { taskParams } from '../schemas/tasks.js';
import { NO_FIELDS, toObjectId } from '../schemas/values.js';

const SUMMARY: Record<TaskVerb, { summary: string; state: string }> = {
  pause: {
    summary: 'Stop sending, until resumed; what is on its way is reported',
    state: 'paused',
  },
  resume: { summary: 'Go on with a paused task', state: 'sending' },
  cancel: { summary: 'Stop for good; what is not sent ends as cancelled', state: 'cancelled' },
};

const control = ({ engine }: ApiParts, verb: TaskVerb): Route =>
  route<{ task: string }>({
    method: 'post',
    path: `/v1/tasks/:task/${verb}`,
    id: `${verb}Task`,
    tag: 'tasks',
    summary: SUMMARY[verb].summary,
    params: taskParams,
    body: NO_FIELDS,
    answers: {
      200: {
        description: 'The task is in this state now',
        schema: taskAccepted,
        example: { id: EXAMPLE_SUMMARY.id, state: SUMMARY[verb].state },
      },
    },
    problems: ['TASK_STATE_CONFLICT'],
    handle: async ({ app, params }) => {
      const task = await engine.control(app._id, toObjectId(params.task), verb);
      if (task == null) throw problem('NOT_FOUND');
      return { status: 200, body: { id: task._id.toHexString(), state: task.state } };
    },
  });

export const taskControlRoutes = (parts: ApiParts): Route[] =>
  TASK_VERBS.map((verb) => control(parts, verb));
