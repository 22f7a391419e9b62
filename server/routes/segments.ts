/** Segments: expressions with a name, saved, found and removed. */
import { dbOf } from '../../models/database.js';
import type { Segment } from '../../models/segment.js';
import {
  findSegment,
  findSegments,
  removeSegment,
  SegmentBreaksOther,
  SegmentInUse,
  saveSegment,
  TooManySegments,
} from '../../models/segment-store.js';
import { unreadable } from '../expression-check.js';
import type { ApiParts } from '../parts.js';
import { problem } from '../problems.js';
import { type Route, route } from '../route.js';
import {
  EXAMPLE_SEGMENT,
  type SegmentBody,
  segmentAnswer,
  segmentBody,
  segmentParams,
  segmentsAnswer,
} from '../schemas/segments.js';

interface SegmentParams {
  segment: string;
}

const shown = ({ name, expression, uses, description, createdAt, updatedAt }: Segment) => ({
  name,
  expression,
  uses,
  description,
  createdAt,
  updatedAt,
});

const listSegments = ({ connection }: ApiParts): Route =>
  route({
    method: 'get',
    path: '/v1/segments',
    id: 'listSegments',
    tag: 'segments',
    summary: 'All segments of the app, by name',
    answers: {
      200: {
        description: 'The segments',
        schema: segmentsAnswer,
        example: { items: [EXAMPLE_SEGMENT] },
      },
    },
    handle: async ({ app }) => {
      const found = await findSegments(dbOf(connection), app._id);
      return { status: 200, body: { items: found.map(shown) } };
    },
  });

const getSegment = ({ connection }: ApiParts): Route =>
  route<SegmentParams>({
    method: 'get',
    path: '/v1/segments/:segment',
    id: 'getSegment',
    tag: 'segments',
    summary: 'A segment',
    params: segmentParams,
    answers: {
      200: { description: 'The segment', schema: segmentAnswer, example: EXAMPLE_SEGMENT },
    },
    handle: async ({ app, params }) => {
      const segment = await findSegment(dbOf(connection), app._id, params.segment);
      if (segment == null) throw problem('NOT_FOUND');
      return { status: 200, body: shown(segment) };
    },
  });

const refusal = (error: unknown): unknown => {
  if (error instanceof SegmentBreaksOther) {
    return problem('EXPRESSION_INVALID', {
      detail: `The segment ${error.other} uses this one and could not be read any more`,
      errors: [{ field: 'expression', detail: error.message }],
    });
  }
  return error instanceof TooManySegments
    ? problem('VALIDATION_FAILED', { detail: error.message })
    : unreadable('EXPRESSION_INVALID', 'expression', error);
};

const putSegment = ({ connection, adapters }: ApiParts): Route =>
  route<SegmentParams, unknown, SegmentBody>({
    method: 'put',
    path: '/v1/segments/:segment',
    id: 'saveSegment',
    tag: 'segments',
    summary: 'Save an expression under a name',
    description:
      'Tasks and other segments use it as segment(name). A task keeps what the name stood for when it was accepted.',
    params: segmentParams,
    body: segmentBody,
    answers: {
      200: { description: 'The segment', schema: segmentAnswer, example: EXAMPLE_SEGMENT },
    },
    problems: ['EXPRESSION_INVALID'],
    example: {
      body: { expression: EXAMPLE_SEGMENT.expression, description: EXAMPLE_SEGMENT.description },
    },
    handle: async ({ app, params, body }) => {
      const given = { app: app._id, name: params.segment, ...body };
      try {
        const saved = await saveSegment(connection, given, new Date(adapters.now()));
        return { status: 200, body: shown(saved) };
      } catch (error) {
        throw refusal(error);
      }
    },
  });

const deleteSegment = ({ connection }: ApiParts): Route =>
  route<SegmentParams>({
    method: 'delete',
    path: '/v1/segments/:segment',
    id: 'deleteSegment',
    tag: 'segments',
    summary: 'Remove a segment',
    description:
      'Refused while other segments use it. Tasks that were accepted keep what it stood for.',
    params: segmentParams,
    answers: { 204: { description: 'It is gone' } },
    problems: ['SEGMENT_IN_USE'],
    handle: async ({ app, params }) => {
      try {
        const removed = await removeSegment(connection, app._id, params.segment);
        if (!removed) throw problem('NOT_FOUND');
        return { status: 204 };
      } catch (error) {
        if (!(error instanceof SegmentInUse)) throw error;
        const { usedBy } = error;
        throw problem('SEGMENT_IN_USE', {
          detail: `It is used by ${usedBy.join(', ')}`,
          members: { usedBy },
        });
      }
    },
  });

export const segmentRoutes = (parts: ApiParts): Route[] => [
  listSegments(parts),
  getSegment(parts),
  putSegment(parts),
  deleteSegment(parts),
];
