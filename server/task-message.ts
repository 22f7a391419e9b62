/** The message of a task: as it was posted, or as its template says now. */
import type { Connection } from 'mongoose';
import { dbOf } from '../models/database.js';
import type { TaskMessage } from '../models/task.js';
import { findTemplate, type TemplateContent } from '../models/template.js';
import { problem } from './problems.js';
import type { MessageRequest, TemplateReference } from './schemas/templates.js';

/** All of the template goes into the task: later changes of it change nothing there. */
export const messageOfTemplate = (
  { message, ...content }: TemplateContent,
  { name, version }: { readonly name: string; readonly version: number },
): TaskMessage => ({ ...message, template: { name, version, ...content } });

const isReference = (message: MessageRequest): message is TemplateReference =>
  typeof message.template === 'string';

/** Throws VALIDATION_FAILED for a template that the app does not have. */
export const taskMessage = async (
  connection: Connection,
  app: string,
  request: MessageRequest,
): Promise<TaskMessage> => {
  if (!isReference(request)) return request;
  const { template: name, version, data } = request;
  const found = await findTemplate(dbOf(connection), app, {
    name,
    ...(version == null ? {} : { version }),
  });
  if (found == null) {
    throw problem('VALIDATION_FAILED', {
      errors: [{ field: 'message.template', detail: 'Names no template, or no version of it' }],
    });
  }
  const message = messageOfTemplate(found.content, found);
  return data == null ? message : { ...message, data: { ...message.data, ...data } };
};
