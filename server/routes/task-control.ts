/** Pause, resume, cancel and recall a task, and change how fast it is sent. */
import { NotRecallableTask, TASK_VERBS, type TaskVerb } from '../../jobs/engine.js';
import type { ApiParts } from '../parts.js';
import { problem } from '../problems.js';
import { type Route, route } from '../route.js';
import { recallAccepted, taskAccepted } from '../schemas/task-answers.js';
import { EXAMPLE_RECALL, EXAMPLE_SUMMARY } from '../schemas/task-examples.js';
import {
  type RecallBody,
  recallBody,
  type TaskChange,
  taskChange,
  taskParams,
} from '../schemas/tasks.js';
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

const recall = ({ engine }: ApiParts): Route =>
  route<{ task: string }, unknown, RecallBody>({
    method: 'post',
    path: '/v1/tasks/:task/recall',
    id: 'recallTask',
    tag: 'tasks',
    summary: 'Take back what a task has sent',
    description:
      'Cancels what is still open, then takes the pushes back from every device that got one or may have, by a task of its ' +
      'own with its own report: `accepted` there is taken back, `suppressed` with `not-recallable:…` says why not. Asked ' +
      'again, it answers the same recall. Where a vendor can only replace, `replacement` is what is seen then.',
    params: taskParams,
    body: recallBody,
    answers: {
      202: {
        description: 'The recall is written and will be worked on, or was before',
        schema: recallAccepted,
        example: EXAMPLE_RECALL,
      },
    },
    problems: ['NOT_RECALLABLE'],
    example: {
      body: { replacement: { title: 'Withdrawn', body: 'Please ignore our last message' } },
    },
    handle: async ({ app, caller, params, body }) => {
      const task = await engine
        .recall({ app, by: caller.keyId, task: toObjectId(params.task), ...body })
        .catch((error: unknown) => {
          if (!(error instanceof NotRecallableTask)) throw error;
          throw problem('NOT_RECALLABLE', { detail: error.message });
        });
      if (task == null) throw problem('NOT_FOUND');
      const { _id, state } = task;
      return { status: 202, body: { id: _id.toHexString(), state, recallOf: params.task } };
    },
  });

export const taskControlRoutes = (parts: ApiParts): Route[] => [
  ...TASK_VERBS.map((verb) => control(parts, verb)),
  changeTask(parts),
  recall(parts),
];
