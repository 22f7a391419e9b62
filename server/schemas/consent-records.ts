/** What may be asked of the history of consent, and how it looks. */
import joi from 'joi';
import { CONSENT_CAUSES } from '../../models/consent-record.js';
import { consentAnswer, EXAMPLE_CONSENT } from './device-answers.js';
import {
  cursor,
  type Format,
  format,
  instant,
  objectId,
  pageSize,
  shownInstant,
} from './values.js';

export interface HistoryQuery {
  format?: Format;
  cursor?: string;
  limit: number;
}

const paged = {
  format,
  cursor: cursor.description('`nextCursor` of the page before; JSON only'),
  limit: pageSize(100, 1_000).description('Records of a page; JSON only'),
};

export const historyQuery = joi.object<HistoryQuery>(paged);

export interface RecordsQuery extends HistoryQuery {
  from?: Date;
  to?: Date;
}

export const recordsQuery = joi.object<RecordsQuery>({
  ...paged,
  from: instant.description('Recorded then or later'),
  to: instant.description('Recorded before'),
});

const record = joi.object({
  consent: consentAnswer.required().description('What held from then on'),
  cause: joi
    .string()
    .valid(...CONSENT_CAUSES)
    .required(),
  by: joi.string().required().description('Id of the key that was used, or `unsubscribe-link`'),
  at: shownInstant.required().description('When it was recorded'),
});

const nextCursor = joi.string().description('For the next page; missing on the last');

export const historyAnswer = joi.object({
  items: joi.array().items(record).required(),
  nextCursor,
});

export const recordsAnswer = joi.object({
  items: joi
    .array()
    .items(record.append({ id: objectId.required(), device: objectId.required() }))
    .required(),
  nextCursor,
});

export const EXAMPLE_RECORD = {
  consent: EXAMPLE_CONSENT,
  cause: 'registration',
  by: '6a1f0c2b9d3e4f5a6b',
  at: '2026-11-22T10:00:00.000Z',
};

export const EXAMPLE_EXPORTED = {
  id: '6921a1b2c3d4e5f607182931',
  device: '6921a1b2c3d4e5f607182930',
  ...EXAMPLE_RECORD,
};
