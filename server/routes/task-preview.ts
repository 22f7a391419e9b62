/** Whom a task would reach, and why not the others: asked before it is sent. */
import type { ApiParts } from '../parts.js';
import { type Route, route } from '../route.js';
import { previewAnswer } from '../schemas/task-answers.js';
import { EXAMPLE_PREVIEW, EXAMPLE_TASK } from '../schemas/task-examples.js';
import { type PreviewBody, previewRequest } from '../schemas/tasks.js';
import { readTaskRequest } from '../task-request.js';

const previewTask = ({ engine, connection, vendors, adapters }: ApiParts): Route =>
  route<unknown, unknown, PreviewBody>({
    method: 'post',
    path: '/v1/tasks/preview',
    id: 'previewTask',
    tag: 'tasks',
    summary: 'Whom a task would reach, and why not the others',
    description:
      'Takes what `POST /v1/tasks` takes, and refuses what it refuses. Every device of the audience is looked at, which takes some ' +
      'seconds for each million; `fast` looks at 10,000 of them and says how far off the numbers may be. Nothing is written or sent.',
    body: previewRequest(vendors),
    answers: {
      200: {
        description: 'What would become of it if it was sent now',
        schema: previewAnswer,
        example: EXAMPLE_PREVIEW,
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
    example: { body: { ...EXAMPLE_TASK, fast: true } },
    handle: async ({ app, caller, body: { fast, ...body } }) => {
      const input = await readTaskRequest({ connection, vendors, now: adapters.now }, app, body);
      return { status: 200, body: await engine.preview({ app, by: caller.keyId, input, fast }) };
    },
  });

export const taskPreviewRoutes = (parts: ApiParts): Route[] => [previewTask(parts)];
