/** Reads a request for a task, of a caller now or kept by a campaign: its template and segments are those of this moment. */
import type { Connection } from 'mongoose';
import type { TaskInput } from '../jobs/engine.js';
import type { ReadTask } from '../jobs/parts.js';
import type { App } from '../models/app.js';
import { ProblemError } from './problems.js';
import type { TaskBody } from './schemas/tasks.js';
import { taskInput } from './task-input.js';
import { taskMessage } from './task-message.js';
import { withSegments } from './task-segments.js';
import type { Vendors } from './vendor-token.js';

export interface TaskReader {
  readonly connection: Connection;
  readonly vendors: Vendors;
  readonly now: () => number;
}

/** Throws VALIDATION_FAILED, EXPRESSION_INVALID or TAG_EXPRESSION_INVALID. */
export const readTaskRequest = async (
  { connection, vendors, now }: TaskReader,
  app: App,
  body: TaskBody,
): Promise<TaskInput> => {
  const message = await taskMessage(connection, app._id, body.message);
  const audience = await withSegments(connection, app._id, body.audience);
  return taskInput({ ...body, message, audience }, { app, vendors, now: new Date(now()) });
};

/** For the runs of campaigns, to which what a caller would be told is a value. */
export const keptTaskReader =
  (reader: TaskReader): ReadTask =>
  async (app, request) => {
    try {
      // Its shape was checked when it was kept.
      return { input: await readTaskRequest(reader, app, request as unknown as TaskBody) };
    } catch (error) {
      if (!(error instanceof ProblemError)) throw error;
      const { detail, errors = [] } = error.options;
      const refusal = { code: error.code, errors: [...errors] };
      return { refusal: detail == null ? refusal : { ...refusal, detail } };
    }
  };
