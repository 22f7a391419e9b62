/** What task routes take. */
import joi from 'joi';
import type { Vendor } from '../../adapters/adapter.js';
import {
  type IfUnsure,
  LANES,
  type Lane,
  type Replacement,
  TASK_STATES,
  type TaskMessage,
  type TaskState,
} from '../../models/task.js';
import { type AudienceRequest, audienceSchema } from './audience.js';
import { replacement } from './message.js';
import { type MessageRequest, messageRequest } from './templates.js';
import { cursor, instant, objectId, pageSize } from './values.js';
import { ratePerSecond } from './vendors.js';

const DAY_SECONDS = 24 * 60 * 60;
export const DEFAULT_TTL_SECONDS = DAY_SECONDS;
export const MAX_TTL_SECONDS = 28 * DAY_SECONDS;
export const MAX_SCHEDULE_DAYS = 366;
const MAX_LABELS = 20;

export const reference = joi.string().max(128).description("The caller's own name for it");

export interface TaskRequest {
  audience: AudienceRequest;
  message: TaskMessage;
  schedule?: { at?: Date; ratePerSecond?: number };
  ttlSeconds?: number;
  expiresAt?: Date;
  lane: Lane;
  ifUnsure: IfUnsure;
  reference?: string;
  labels?: Record<string, string>;
  consentAsserted?: boolean;
}

/** As it is posted: the message may be that of a template. */
export type TaskBody = Omit<TaskRequest, 'message'> & { message: MessageRequest };

export const taskRequest = (vendors: ReadonlyMap<string, Vendor>) =>
  joi
    .object<TaskBody>({
      audience: audienceSchema(vendors).required(),
      message: messageRequest(vendors).required(),
      schedule: joi
        .object({
          at: instant.description(
            `Begin then, at most ${MAX_SCHEDULE_DAYS} days ahead; an instant in the past is now`,
          ),
          ratePerSecond: ratePerSecond.description(
            'Send to no more devices a second than this, whatever the vendors allow',
          ),
        })
        .or('at', 'ratePerSecond'),
      ttlSeconds: joi
        .number()
        .strict()
        .integer()
        .min(1)
        .max(MAX_TTL_SECONDS)
        .description(
          `How long it is tried, from the scheduled instant; ${DEFAULT_TTL_SECONDS} unless expiresAt is given`,
        ),
      expiresAt: instant.description('Until when it is tried, at most 28 days'),
      lane: joi
        .string()
        .valid(...LANES)
        .default('default'),
      ifUnsure: joi
        .string()
        .valid('resend', 'leave')
        .default('resend')
        .description(
          'For a device that may have got it: `resend` is at least once, `leave` at most once',
        ),
      reference,
      labels: joi
        .object()
        .pattern(joi.string().max(64), joi.string().allow('').max(256))
        .max(MAX_LABELS),
      consentAsserted: joi
        .boolean()
        .strict()
        .description('The people behind unregistered tokens agreed; only with `audience.tokens`'),
    })
    .oxor('ttlSeconds', 'expiresAt');

export interface PreviewBody extends TaskBody {
  fast: boolean;
}

export const previewRequest = (vendors: ReadonlyMap<string, Vendor>) =>
  taskRequest(vendors).append<PreviewBody>({
    fast: joi
      .boolean()
      .strict()
      .default(false)
      .description('Reckon from 10,000 devices where there are more'),
  });

export const taskParams = joi.object<{ task: string }>({ task: objectId.required() });

export interface RecallBody {
  replacement?: Replacement;
}

export const recallBody = joi.object<RecallBody>({ replacement });

export interface TaskChange {
  ratePerSecond: number | null;
}

export const taskChange = joi.object<TaskChange>({
  ratePerSecond: ratePerSecond
    .allow(null)
    .required()
    .description('Devices a second from now on; null for as many as the vendors allow'),
});

export interface TaskListQuery {
  reference?: string;
  state?: TaskState;
  from?: Date;
  to?: Date;
  cursor?: string;
  limit: number;
}

export const taskListQuery = joi.object<TaskListQuery>({
  reference,
  state: joi.string().valid(...TASK_STATES),
  from: instant.description('Created at or after'),
  to: instant.description('Created before'),
  cursor,
  limit: pageSize(50, 200),
});
