/** What routes of purposes take and answer. */
import joi from 'joi';
import { MAX_PURPOSE_VERSIONS, MAX_PURPOSES, type PurposeContent } from '../../models/purpose.js';
import { LOCALE, MAX_LOCALES, purpose } from './message.js';
import { shownInstant } from './values.js';

const MAX_TITLE = 200;
const MAX_TEXT = 4_000;
export const MAX_POLICY_VERSION = 64;

const title = joi.string().trim().max(MAX_TITLE);
const text = joi.string().trim().max(MAX_TEXT);

export interface PurposeParams {
  app: string;
  purpose: string;
}

export const purposeParams = joi.object<PurposeParams>({
  app: joi.string().required(),
  purpose: purpose.required(),
});

const fields = {
  version: joi
    .string()
    .max(MAX_POLICY_VERSION)
    .required()
    .description('In words of your own; versions count in the order in which they were written'),
  reconsent: joi
    .boolean()
    .strict()
    .description('Grants for older versions, and for none, do not count any more'),
  title: title.required(),
  text: text.required().description('What the person is asked to agree to'),
  localized: joi
    .object()
    .pattern(LOCALE, joi.object({ title, text }).min(1))
    .max(MAX_LOCALES)
    .description('By BCP 47 locale'),
};

export const purposeBody = joi.object<PurposeContent, true>({
  ...fields,
  reconsent: fields.reconsent.default(false),
});

const versionFields = {
  ...fields,
  reconsent: fields.reconsent.required(),
  createdBy: joi.string().required().description('Id of the key that was used'),
  createdAt: shownInstant.required(),
};

export const purposeAnswer = joi.object({
  purpose: purpose.required(),
  ...versionFields,
  currentVersions: joi
    .array()
    .items(joi.string())
    .description('A grant counts for these only; missing while any grant counts'),
  retiredAt: shownInstant.description('No task may name it any more'),
});

export const purposesAnswer = joi.object({
  items: joi.array().items(purposeAnswer).max(MAX_PURPOSES).required(),
});

export const purposeVersionsAnswer = joi.object({
  items: joi.array().items(joi.object(versionFields)).max(MAX_PURPOSE_VERSIONS).required(),
});

const EXAMPLE_CONTENT = {
  version: '2026-11',
  reconsent: true,
  title: 'Offers',
  text: 'We may send you offers of our own, at most three a week.',
  localized: { de: { title: 'Angebote', text: 'Wir dürfen dir eigene Angebote senden.' } },
};

export const EXAMPLE_PURPOSE_BODY = EXAMPLE_CONTENT;

export const EXAMPLE_PURPOSE_VERSION = {
  ...EXAMPLE_CONTENT,
  createdBy: '6a1f0c2b9d3e4f5a6b',
  createdAt: '2026-11-22T10:00:00.000Z',
};

export const EXAMPLE_PURPOSE = {
  purpose: 'marketing',
  ...EXAMPLE_PURPOSE_VERSION,
  currentVersions: ['2026-11'],
};
