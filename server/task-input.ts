/** From what a caller posted to what the engine accepts: what no schema can say is checked here. */
import type { TaskInput } from '../jobs/engine.js';
import type { App } from '../models/app.js';
import { parseExpression } from '../models/expression/parse.js';
import { unreadable } from './expression-check.js';
import { type FieldError, problem } from './problems.js';
import {
  DEFAULT_TTL_SECONDS,
  MAX_SCHEDULE_DAYS,
  MAX_TTL_SECONDS,
  type TaskRequest,
} from './schemas/tasks.js';
import { taskAudience } from './task-audience.js';
import { normaliseToken, type Vendors } from './vendor-token.js';

const SECOND_MS = 1_000;
const DAY_MS = 24 * 60 * 60 * SECOND_MS;
const MAX_TOKEN_ERRORS = 20;

/** Throws TAG_EXPRESSION_INVALID, which says where reading stopped. Other expressions were read before (task-segments.ts). */
const checkTags = (tags: string): void => {
  try {
    parseExpression(tags, { tagsOnly: true });
  } catch (error) {
    throw unreadable('TAG_EXPRESSION_INVALID', 'audience.tags', error);
  }
};

const NARROWING = ['exclude', 'sample', 'limit', 'salt'] as const;

/** What only goes through all devices can leave out: lists name whom they mean. */
const narrowingErrors = ({ audience }: TaskRequest): FieldError[] => {
  const isList = 'tokens' in audience || 'devices' in audience || 'accounts' in audience;
  const fault = (name: string, detail: string) => ({ field: `audience.${name}`, detail });
  if (isList) {
    return NARROWING.filter((name) => name in audience).map((name) =>
      fault(name, 'Is allowed with audience.where, tags or all only'),
    );
  }
  return audience.salt != null && audience.sample == null && audience.limit == null
    ? [fault('salt', 'Is allowed with audience.sample or audience.limit only')]
    : [];
};

const assertedErrors = ({ consentAsserted, audience }: TaskRequest, app: App): FieldError[] => {
  const field = 'consentAsserted';
  if (!consentAsserted) return [];
  if (!('tokens' in audience)) {
    return [{ field, detail: 'Is allowed with audience.tokens only' }];
  }
  return app.allowRawTokens
    ? []
    : [{ field, detail: 'Is not allowed for this app (allowRawTokens)' }];
};

/** Nobody has registered these, so nobody else has looked at them: they would reach the vendor as they are. */
const rawTokenErrors = (
  { consentAsserted, audience }: TaskRequest,
  vendors: Vendors,
): FieldError[] => {
  if (!consentAsserted || !('tokens' in audience)) return [];
  const errors: FieldError[] = [];
  for (const [index, item] of audience.tokens.entries()) {
    if (typeof item === 'string' || item.vendor == null) continue;
    const { vendor, token } = item;
    const { fault } = normaliseToken(vendors, { vendor, token }, `audience.tokens[${index}].token`);
    if (fault != null) errors.push(fault);
    if (errors.length === MAX_TOKEN_ERRORS) break;
  }
  return errors;
};

const scheduleErrors = ({ schedule }: TaskRequest, now: Date): FieldError[] => {
  const aheadMs = schedule?.at == null ? 0 : schedule.at.getTime() - now.getTime();
  return aheadMs <= MAX_SCHEDULE_DAYS * DAY_MS
    ? []
    : [{ field: 'schedule.at', detail: `Must be at most ${MAX_SCHEDULE_DAYS} days ahead` }];
};

const expiryErrors = ({ expiresAt, schedule }: TaskRequest, now: Date): FieldError[] => {
  if (expiresAt == null) return [];
  const startMs = Math.max(schedule?.at?.getTime() ?? 0, now.getTime());
  const ttlMs = expiresAt.getTime() - startMs;
  if (ttlMs > 0 && ttlMs <= MAX_TTL_SECONDS * SECOND_MS) return [];
  return [
    { field: 'expiresAt', detail: 'Must be after the scheduled instant and within 28 days of it' },
  ];
};

export interface TaskContext {
  readonly app: App;
  readonly vendors: Vendors;
  readonly now: Date;
}

/** Throws VALIDATION_FAILED or TAG_EXPRESSION_INVALID. */
export const taskInput = (request: TaskRequest, context: TaskContext): TaskInput => {
  const { app, now } = context;
  const errors = [
    ...narrowingErrors(request),
    ...assertedErrors(request, app),
    ...rawTokenErrors(request, context.vendors),
    ...scheduleErrors(request, now),
    ...expiryErrors(request, now),
  ];
  if (errors.length > 0) throw problem('VALIDATION_FAILED', { errors });
  if ('tags' in request.audience) checkTags(request.audience.tags);
  const { schedule: { at, ratePerSecond } = {}, ...rest } = request;
  return {
    ...rest,
    audience: taskAudience(request.audience, context.vendors),
    // What should have begun already begins now, with all of its time.
    ...(at != null && at > now ? { schedule: { at } } : {}),
    ...(ratePerSecond == null ? {} : { ratePerSecond }),
    ...(request.expiresAt == null ? { ttlSeconds: request.ttlSeconds ?? DEFAULT_TTL_SECONDS } : {}),
  };
};
