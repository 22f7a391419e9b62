/** Push tasks: accepted, listed, and shown with their counts. */
import type { QueryFilter } from 'mongoose';
import { faultPoint } from '../../jobs/fault-point.js';
import { type Task, taskModel } from '../../models/task.js';
import { readTaskCursor, taskCursor } from '../cursor.js';
import type { ApiParts } from '../parts.js';
import { problem } from '../problems.js';
import { type Route, route } from '../route.js';
import { taskAccepted, taskAnswer, tasksAnswer } from '../schemas/task-answers.js';
import { EXAMPLE_REPORT, EXAMPLE_SUMMARY, EXAMPLE_TASK } from '../schemas/task-examples.js';
import {
  type TaskBody,
  type TaskListQuery,
  taskListQuery,
  taskParams,
  taskRequest,
} from '../schemas/tasks.js';
import { readTaskRequest } from '../task-request.js';
import { SUMMARY_FIELDS, taskShown, taskSummaryShown } from '../task-shown.js';

const createTask = ({ engine, connection, vendors, adapters }: ApiParts): Route =>
  route<unknown, unknown, TaskBody>({
    method: 'post',
    path: '/v1/tasks',
    id: 'createTask',
    tag: 'tasks',
    summary: 'Send a message to an audience',
    description: 'Answers as soon as the task is written; nothing of it is lost from then on.',
    body: taskRequest(vendors),
    creates: true,
    answers: {
      202: {
        description: 'It is written and will be worked on',
        schema: taskAccepted,
        example: { id: EXAMPLE_SUMMARY.id, state: 'accepted' },
      },
    },
    problems: [
      'TAG_EXPRESSION_INVALID',
      'EXPRESSION_INVALID',
      'MESSAGE_INVALID',
      'PAYLOAD_TOO_LARGE',
      'PURPOSE_NOT_MAPPED',
      'PURPOSE_UNKNOWN',
    ],
    example: { body: EXAMPLE_TASK },
    handle: async ({ app, caller, body, session, afterCommit, log }) => {
      const input = await readTaskRequest({ connection, vendors, now: adapters.now }, app, body);
      const task = await engine.accept({ app, by: caller.keyId, input }, session);
      afterCommit(() => {
        void faultPoint('accept:before-answer');
        if (session != null) engine.wake(task);
        log.debug('A task was accepted', { app: app._id, taskId: task._id.toHexString() });
      });
      return { status: 202, body: { id: task._id.toHexString(), state: task.state } };
    },
  });

const filterOf = (app: string, query: TaskListQuery): QueryFilter<Task> => {
  const { reference, state, from, to, cursor } = query;
  const after = cursor == null ? undefined : readTaskCursor(cursor);
  const createdAt = { ...(from && { $gte: from }), ...(to && { $lt: to }) };
  return {
    app,
    ...(reference == null ? {} : { reference }),
    ...(state == null ? {} : { state }),
    ...(from == null && to == null ? {} : { createdAt }),
    ...(after == null
      ? {}
      : {
          $or: [
            { createdAt: { $lt: after.createdAt } },
            { createdAt: after.createdAt, _id: { $lt: after.id } },
          ],
        }),
  };
};

const listTasks = ({ connection }: ApiParts): Route =>
  route<unknown, TaskListQuery>({
    method: 'get',
    path: '/v1/tasks',
    id: 'listTasks',
    tag: 'tasks',
    summary: 'Tasks, newest first',
    query: taskListQuery,
    answers: {
      200: {
        description: 'A page of tasks',
        schema: tasksAnswer,
        example: { items: [EXAMPLE_SUMMARY] },
      },
    },
    example: { query: { reference: 'order-1042', limit: '10' } },
    handle: async ({ app, query }) => {
      const found = await taskModel(connection)
        .find(filterOf(app._id, query), SUMMARY_FIELDS)
        .sort({ createdAt: -1, _id: -1 })
        .limit(query.limit + 1)
        .lean<Task[]>();
      const items = found.slice(0, query.limit);
      const last = found.length > query.limit ? items.at(-1) : undefined;
      const nextCursor = last && taskCursor({ createdAt: last.createdAt, id: last._id });
      return { status: 200, body: { items: items.map(taskSummaryShown), nextCursor } };
    },
  });

const getTask = ({ connection, engine }: ApiParts): Route =>
  route<{ task: string }>({
    method: 'get',
    path: '/v1/tasks/:task',
    id: 'getTask',
    tag: 'tasks',
    summary: 'A task with its counts',
    params: taskParams,
    answers: {
      200: {
        description: 'The task, and its counts at one instant',
        schema: taskAnswer,
        example: EXAMPLE_REPORT,
      },
    },
    handle: async ({ app, params }) => {
      const task = await taskModel(connection)
        .findOne({ _id: params.task, app: app._id })
        // No newer than the snapshot of the counts, which a plain read may be ahead of.
        .readConcern('majority')
        .lean<Task>();
      if (task == null) throw problem('NOT_FOUND');
      // Counts second: of a task that was read as done, no count is still to come.
      const report = await engine.report(task);
      const recall = await taskModel(connection).findOne({ recallOf: task._id }, { _id: 1 }).lean();
      return { status: 200, body: taskShown(task, report, recall?._id) };
    },
  });

export const taskRoutes = (parts: ApiParts): Route[] => [
  createTask(parts),
  listTasks(parts),
  getTask(parts),
];
