/** Recall a task: take back what it has sent. */
import { NotRecallableTask } from '../../jobs/engine.js';
import type { ApiParts } from '../parts.js';
import { problem } from '../problems.js';
import { type Route, route } from '../route.js';
import { recallAccepted } from '../schemas/task-answers.js';
import { EXAMPLE_RECALL } from '../schemas/task-examples.js';
import { type RecallBody, recallBody, taskParams } from '../schemas/tasks.js';
import { toObjectId } from '../schemas/values.js';

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

export const taskRecallRoutes = (parts: ApiParts): Route[] => [recall(parts)];
