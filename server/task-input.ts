/** From what a caller posted to what the engine accepts: what no schema can say is checked here. */
import { dueBounds } from '../jobs/due.js';
import type { TaskInput } from '../jobs/engine.js';
import type { App } from '../models/app.js';
import { parseExpression } from '../models/expression/parse.js';
import { MOST_BEHIND_MS, wallMsOf } from '../models/wall-time.js';
import { unreadable } from './expression-check.js';
import { type FieldError, problem } from './problems.js';
import { MAX_SCHEDULE_DAYS } from './schemas/schedule.js';
import { DEFAULT_TTL_SECONDS, MAX_TTL_SECONDS, type TaskRequest } from './schemas/tasks.js';
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

const CLOCK_FIELDS = ['localTime', 'windows'] as const;

const scheduleErrors = ({ schedule = {} }: TaskRequest, now: Date): FieldError[] => {
  const { at, localTime } = schedule;
  const fault = (name: string, detail: string) => ({ field: `schedule.${name}`, detail });
  const errors: FieldError[] = [];
  const startMs = localTime == null ? (at?.getTime() ?? 0) : wallMsOf(localTime);
  if (startMs - now.getTime() > MAX_SCHEDULE_DAYS * DAY_MS) {
    const name = localTime == null ? 'at' : 'localTime';
    errors.push(fault(name, `Must be at most ${MAX_SCHEDULE_DAYS} days ahead`));
  }
  if (localTime != null && startMs + MOST_BEHIND_MS <= now.getTime()) {
    errors.push(fault('localTime', 'Must not be over in all time zones'));
  }
  if (schedule.late != null && localTime == null) {
    errors.push(fault('late', 'Is allowed with schedule.localTime only'));
  }
  if (schedule.timeZone != null && CLOCK_FIELDS.every((name) => schedule[name] == null)) {
    errors.push(fault('timeZone', 'Is allowed with schedule.localTime or windows only'));
  }
  return errors;
};

/** Undefined when all devices are due at once. */
const dueOf = ({ schedule = {} }: TaskRequest, { quietHours }: App): TaskInput['due'] => {
  const { localTime, windows, spreadMinutes } = schedule;
  if (localTime == null && windows == null && spreadMinutes == null) return undefined;
  return {
    ...(localTime == null ? {} : { localTime, late: schedule.late ?? 'skip' }),
    timeZone: schedule.timeZone ?? quietHours?.timeZone ?? 'UTC',
    ...(windows == null ? {} : { windows }),
    ...(spreadMinutes == null ? {} : { spreadMinutes }),
  };
};

/** When the last device is due without windows: those may open only behind the expiry. */
const lastDueMs = (request: TaskRequest, { app, now }: TaskContext): number => {
  const nowMs = now.getTime();
  const startMs = Math.max(request.schedule?.at?.getTime() ?? 0, nowMs);
  const due = dueOf(request, app);
  if (due == null) return startMs;
  const { windows: _, ...always } = due;
  return dueBounds(always, { startMs, nowMs }).lastMs;
};

const expiryErrors = (request: TaskRequest, context: TaskContext): FieldError[] => {
  const { expiresAt, schedule } = request;
  if (expiresAt == null) return [];
  const ttlMs = expiresAt.getTime() - lastDueMs(request, context);
  if (ttlMs > 0 && ttlMs <= MAX_TTL_SECONDS * SECOND_MS) return [];
  const start =
    schedule?.localTime == null && schedule?.spreadMinutes == null
      ? 'the scheduled instant'
      : 'the last device is due, in whichever zone,';
  return [{ field: 'expiresAt', detail: `Must be after ${start} and within 28 days of it` }];
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
    ...expiryErrors(request, context),
  ];
  if (errors.length > 0) throw problem('VALIDATION_FAILED', { errors });
  if ('tags' in request.audience) checkTags(request.audience.tags);
  const { schedule: { at, ratePerSecond } = {}, ...rest } = request;
  const due = dueOf(request, app);
  return {
    ...rest,
    audience: taskAudience(request.audience, context.vendors),
    // What should have begun already begins now, with all of its time.
    ...(at != null && at > now ? { schedule: { at } } : {}),
    ...(due == null ? {} : { due }),
    ...(ratePerSecond == null ? {} : { ratePerSecond }),
    ...(request.expiresAt == null ? { ttlSeconds: request.ttlSeconds ?? DEFAULT_TTL_SECONDS } : {}),
  };
};
