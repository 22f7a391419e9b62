/** Quiet hours of an app, as they are set and shown. */
import joi from 'joi';
import type { QuietRule, QuietSettings, QuietWindow } from '../../models/quiet-hours.js';
import { timeZone } from './device-facts.js';
import { purpose } from './message.js';

const MAX_RULES = 20;
const MAX_PURPOSES = 50;

const wallTime = joi
  .string()
  .pattern(/^([01]\d|2[0-3]):[0-5]\d$/)
  .description('`HH:MM` on the clock of the device')
  .messages({ 'string.pattern.base': 'must be a time of day from 00:00 to 23:59, as HH:MM' });

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
  .description(
    "When the person wants no pushes, by the device's own clock; besides those of the app",
  );

const rule = joi.object<QuietRule>({
  ...window,
  action: joi
    .string()
    .valid('hold', 'drop')
    .default('hold')
    .description('`hold`: sent when they end, unless the task has expired. `drop`: suppressed'),
  purposes: joi
    .array()
    .items(purpose)
    .min(1)
    .max(MAX_PURPOSES)
    .unique()
    .description('Pushes for these only; all, unless given'),
});

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
  .description("Purposes that no quiet hours hold up; only the operator's key may set them");
