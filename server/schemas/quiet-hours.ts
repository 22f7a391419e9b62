/** Quiet hours of an app, as they are set and shown. */
import joi from 'joi';
import {
  freeMinutes,
  type QuietRule,
  type QuietSettings,
  type QuietWindow,
} from '../../models/quiet-hours.js';
import { timeZone } from './device-facts.js';
import { purpose, purposes } from './message.js';

const MAX_RULES = 20;
const MAX_PURPOSES = 50;

const wallTime = joi
  .string()
  .pattern(/^([01]\d|2[0-3]):(00|15|30|45)$/)
  .description('`HH:MM` on the clock of the device, a quarter of an hour')
  .messages({
    'string.pattern.base': 'must be a quarter of an hour from 00:00 to 23:45, as HH:MM',
  });

const LEAST_FREE_MINUTES = 60;
const FREE_MESSAGES = { 'window.free': 'must leave at least an hour of the day free' };
const leavesTime = <Window extends QuietWindow>(given: Window, helpers: joi.CustomHelpers) =>
  freeMinutes(given) < LEAST_FREE_MINUTES ? helpers.error('window.free') : given;

const window = {
  from: wallTime.required(),
  to: wallTime
    .required()
    .invalid(joi.ref('from'))
    .description('When they end; earlier than `from`: on the next day')
    .messages({ 'any.invalid': 'must be another time than from' }),
};

export const quietWindow = joi
  .object<QuietWindow>(window)
  .custom(leavesTime<QuietWindow>)
  .messages(FREE_MESSAGES)
  .description(
    "When the person wants no pushes, by the device's own clock; besides those of the app",
  );

const rule = joi
  .object<QuietRule>({
    ...window,
    action: joi
      .string()
      .valid('hold', 'drop')
      .default('hold')
      .description('`hold`: sent when they end, unless the task has expired. `drop`: suppressed'),
    purposes: purposes.description('Pushes for these only; all, unless given'),
  })
  .custom(leavesTime<QuietRule>)
  .messages(FREE_MESSAGES);

export const quietHours = joi
  .object<QuietSettings>({
    rules: joi
      .array()
      .items(rule)
      .min(1)
      .max(MAX_RULES)
      .required()
      .description('The first one that means the purpose counts'),
    timeZone: timeZone
      .default('UTC')
      .description('IANA name, for devices that have not told theirs'),
  })
  .description('When devices are left in peace, each by its own clock');

export const urgentPurposes = joi
  .array()
  .items(purpose)
  .max(MAX_PURPOSES)
  .unique()
  .description(
    "Purposes that no quiet hours hold up and no cap counts; only the operator's key may set them",
  );
