/** Frequency caps of an app, as they are set and shown. */
import joi from 'joi';
import { CALENDAR_UNITS, type Cap, type CapWindow } from '../../models/caps.js';
import { timeZone } from './device-facts.js';
import { purposes } from './message.js';
import { profileName } from './values.js';

const MAX_CAPS = 10;
/** All pushes that a cap may still count are kept for each person. */
const MAX_LIMIT = 50;
const MIN_ROLLING_SECONDS = 60;
const MAX_ROLLING_SECONDS = 31 * 24 * 60 * 60;

const window = joi
  .object<CapWindow>({
    rollingSeconds: joi
      .number()
      .strict()
      .integer()
      .min(MIN_ROLLING_SECONDS)
      .max(MAX_ROLLING_SECONDS)
      .description('A push counts for so long'),
    calendar: joi
      .string()
      .valid(...CALENDAR_UNITS)
      .description('A push counts until the day, the week (from Monday) or the month is over'),
    timeZone: timeZone.description(
      'IANA name: where the calendar hangs, for everybody; `UTC`, unless given',
    ),
  })
  .xor('rollingSeconds', 'calendar')
  .with('timeZone', 'calendar')
  .messages({
    'object.missing': 'must have rollingSeconds or calendar',
    'object.xor': 'must have only one of rollingSeconds and calendar',
    'object.with': 'must have timeZone only beside calendar',
  });

const cap = joi.object<Cap>({
  name: profileName.required().description('Of its own in the app; reports say `capped:<name>`'),
  purposes: purposes.description(
    'Pushes for any of these count together; all pushes, unless given',
  ),
  limit: joi
    .number()
    .strict()
    .integer()
    .min(1)
    .max(MAX_LIMIT)
    .required()
    .description('A person gets at most so many in the window'),
  window: window.required(),
});

export const caps = joi
  .array<Cap[]>()
  .items(cap)
  .min(1)
  .max(MAX_CAPS)
  .unique('name')
  .messages({ 'array.unique': 'must have a name that no other cap has' })
  .description('How many pushes a person may get; each must have room');
