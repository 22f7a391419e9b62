/** Values that many requests share: ids, names, pages. */
import joi from 'joi';
import { DateTime } from 'luxon';
import { Types } from 'mongoose';

/** For a query or a body that takes nothing. */
export const NO_FIELDS = joi.object({});

export const appId = joi
  .string()
  .pattern(/^[a-z][a-z0-9-]{1,39}$/)
  .description('2 to 40 lower-case letters, digits and hyphens; begins with a letter')
  .messages({
    'string.pattern.base':
      'must be 2 to 40 lower-case letters, digits or hyphens and begin with a letter',
  });

export const displayName = joi.string().trim().max(100);

/** 24 hex digits. */
export const objectId = joi
  .string()
  .pattern(/^[0-9a-f]{24}$/)
  .description('24 hex digits')
  .messages({ 'string.pattern.base': 'must be 24 lower-case hex digits' });

export const profileName = joi
  .string()
  .pattern(/^[a-z][a-z0-9-]{0,39}$/)
  .description('A set of credentials of one vendor in an app')
  .messages({
    'string.pattern.base':
      'must be 1 to 40 lower-case letters, digits or hyphens and begin with a letter',
  });

const INSTANT_FAULT =
  'must be a date and time of ISO 8601 with Z or an offset, for example 2027-02-28T18:30:00Z';
const ZONED = /T.*(Z|[+-]\d\d:?\d\d)$/;

/**
 * What a caller gives as an instant; a Date. Joi alone would move 30 February to March, and read a time without zone in that
 * of this machine.
 */
export const instant = joi
  .date()
  .iso()
  .custom((_, { original, error }) => {
    const text = String(original);
    const read = DateTime.fromISO(text);
    return ZONED.test(text) && read.isValid ? read.toJSDate() : error('date.format');
  })
  .messages({ 'date.format': INSTANT_FAULT, 'date.base': INSTANT_FAULT });

/** The instant of an event in an answer. */
export const shownInstant = joi.string().isoDate().description('ISO 8601, UTC');

export const pageSize = (fallback: number, max: number) =>
  joi.number().integer().min(1).max(max).default(fallback);

export const cursor = joi.string().max(200).description('`nextCursor` of the page before; opaque');

export const FORMATS = ['json', 'csv', 'ndjson'] as const;
export type Format = (typeof FORMATS)[number];

export const format = joi
  .string()
  .valid(...FORMATS)
  .description('In place of the header Accept');

export const toObjectId = (hex: string): Types.ObjectId => new Types.ObjectId(hex);
