/** When a task is sent, as a caller says it. */
import joi from 'joi';
import { type SendWindow, WEEKDAYS } from '../../models/send-windows.js';
import { LATE_RULES, type LateRule } from '../../models/task.js';
import { readWallTime } from '../../models/wall-time.js';
import { timeZone } from './device-facts.js';
import { quarterHour } from './quiet-hours.js';
import { instant } from './values.js';
import { ratePerSecond } from './vendors.js';

export const MAX_SCHEDULE_DAYS = 366;
const MAX_WINDOWS = 20;
const MAX_SPREAD_MINUTES = 24 * 60;

export interface ScheduleRequest {
  at?: Date;
  localTime?: string;
  late?: LateRule;
  timeZone?: string;
  windows?: SendWindow[];
  spreadMinutes?: number;
  ratePerSecond?: number;
}

const WALL_TIME_FAULT =
  'must be a date and time without a zone, to the minute, for example 2027-02-28T18:30';

const localTime = joi
  .string()
  .custom((text: string, { error }) => (readWallTime(text) == null ? error('wall.time') : text))
  .description(
    `On the wall of each device, by its own \`timeZone\`: \`2027-02-28T18:30\`; at most ${MAX_SCHEDULE_DAYS} days ahead`,
  )
  .messages({ 'wall.time': WALL_TIME_FAULT });

const sendWindow = joi.object<SendWindow>({
  days: joi
    .array()
    .items(joi.string().valid(...WEEKDAYS))
    .min(1)
    .unique()
    .description('When it begins; every day, unless given'),
  from: quarterHour.required(),
  to: quarterHour
    .allow('24:00')
    .required()
    .invalid(joi.ref('from'))
    .description('When it ends, up to `24:00`; earlier than `from`: on the next day')
    .messages({ 'any.invalid': 'must be another time than from' }),
});

const dueFields = {
  localTime,
  late: joi
    .string()
    .valid(...LATE_RULES)
    .description(
      'With `localTime`, for a device where it is over already: `skip` (default) leaves it out, `now` sends at once, `next-day` the next day at that time',
    ),
  timeZone: timeZone.description(
    'With `localTime` or `windows`, for devices that have not told theirs; unless given, that of the quiet hours of the app, or UTC',
  ),
  windows: joi
    .array()
    .items(sendWindow)
    .min(1)
    .max(MAX_WINDOWS)
    .description("Only within these, by each device's own clock; else in the next one"),
  spreadMinutes: joi
    .number()
    .strict()
    .integer()
    .min(2)
    .max(MAX_SPREAD_MINUTES)
    .description('Each device at a minute of its own among so many, always the same of a task'),
};

const fields = {
  at: instant.description(
    `Begin then, at most ${MAX_SCHEDULE_DAYS} days ahead; an instant in the past is now`,
  ),
  ...dueFields,
  ratePerSecond: ratePerSecond.description(
    'Send to no more devices a second than this, whatever the vendors allow',
  ),
};

export const schedule = joi
  .object<ScheduleRequest>(fields)
  .or('at', 'localTime', 'windows', 'spreadMinutes', 'ratePerSecond')
  .oxor('at', 'localTime');

/** Of a campaign, whose own schedule says when; its runs may all the same be late for a device. */
export const scheduleOfRuns = joi
  .object<ScheduleRequest>(fields)
  .fork(['at', 'localTime'], (field) => field.forbidden())
  .messages({ 'any.unknown': 'is not allowed in a campaign: its own schedule says when' })
  .min(1);

export const scheduleShown = joi.object(dueFields);
