/** Pause, resume and cancel a task, and change how fast it is sent. */
import { TASK_VERBS, type TaskVerb } from '../../jobs/engine.js';
import type { ApiParts } from '../parts.js';
import { problem } from '../problems.js';
import { type Route, route } from '../route.js';
import { taskAccepted } from '../schemas/task-answers.js';
import { EXAMPLE_SUMMARY } from '../schemas/task-examples.js';
import { type TaskChange, taskChange, taskParams } from '../schemas/tasks.js';
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

const changeTask = ({ engine }: ApiParts): Route =>
  route<{ task: string }, unknown, TaskChange>({
    method: 'patch',
    path: '/v1/tasks/:task',
    id: 'changeTask',
    tag: 'tasks',
    summary: 'Change how fast a task is sent; it takes effect within a second',
    params: taskParams,
    body: taskChange,
    answers: {
      200: {
        description: 'The task is sent at this rate now',
        schema: taskAccepted,
        example: { id: EXAMPLE_SUMMARY.id, state: 'sending' },
      },
    },
    problems: ['TASK_STATE_CONFLICT'],
    example: { body: { ratePerSecond: 500 } },
    handle: async ({ app, params, body: { ratePerSecond } }) => {
      const task = await engine.setRate(app._id, toObjectId(params.task), ratePerSecond);
      if (task == null) throw problem('NOT_FOUND');
      return { status: 200, body: { id: task._id.toHexString(), state: task.state } };
    },
  });

export const taskControlRoutes = (parts: ApiParts): Route[] => [
  ...TASK_VERBS.map((verb) => control(parts, verb)),
  changeTask(parts),
];
