/** What segment routes take and answer. */
import joi from 'joi';
import { EXPRESSION_LIMITS } from '../../models/expression/expression.js';
import { SEGMENT_NAME } from '../../models/expression/segments.js';
import { shownInstant } from './values.js';

const segmentName = joi
  .string()
  .pattern(SEGMENT_NAME)
  .description(
    '1 to 40 lower-case letters, digits, hyphens and underscores; begins with a letter or digit',
  );

export const segmentParams = joi.object<{ segment: string }>({ segment: segmentName.required() });

export interface SegmentBody {
  expression: string;
  description?: string;
}

export const segmentBody = joi.object<SegmentBody>({
  expression: joi
    .string()
    .max(EXPRESSION_LIMITS.length)
    .required()
    .description('As `audience.where`; may use other segments as segment(name)'),
  description: joi.string().max(500),
});

export const segmentAnswer = joi.object({
  name: segmentName.required(),
  expression: joi.string().required(),
  uses: joi.array().items(joi.string()).required().description('Segments in its expression'),
  description: joi.string(),
  createdAt: shownInstant.required(),
  updatedAt: shownInstant.required(),
});

export const segmentsAnswer = joi.object({ items: joi.array().items(segmentAnswer).required() });

export const EXAMPLE_SEGMENT = {
  name: 'loyal',
  expression: 'vip & !(churned | trial) & lastSeen within 30d',
  uses: [],
  description: 'Whom we would miss',
  createdAt: '2026-11-01T08:00:00.000Z',
  updatedAt: '2026-11-22T10:00:00.000Z',
};
