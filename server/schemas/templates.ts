/** What template routes take and answer, and how a task names a template. */
import joi from 'joi';
import type { Vendor } from '../../adapters/adapter.js';
import type { TaskMessage } from '../../models/task.js';
import type { TemplateContent } from '../../models/template.js';
import { locale, timeZone } from './device-facts.js';
import { data, messageSchema } from './message.js';
import { pageSize, shownInstant } from './values.js';

type Vendors = ReadonlyMap<string, Vendor>;

export const templateName = joi
  .string()
  .pattern(/^[a-z0-9][a-z0-9._-]{0,63}$/)
  .description('1 to 64 lower-case letters, digits, dots, hyphens and underscores')
  .messages({
    'string.pattern.base':
      'must be 1 to 64 lower-case letters, digits, dots, hyphens or underscores and begin with a letter or digit',
  });

const version = joi.number().strict().integer().min(1);

export const templateParams = joi.object<{ name: string }>({ name: templateName.required() });

export const versionParams = joi.object<{ name: string; version: number }>({
  name: templateName.required(),
  version: joi.number().integer().min(1).required(),
});

export const templateBody = (vendors: Vendors) =>
  joi.object<TemplateContent>({
    message: messageSchema(vendors)
      .required()
      .description('`title` and `body`, also those of `localized`, are ICU messages'),
    locale: locale
      .default('en')
      .description('Of the default text: how it writes numbers and dates'),
    timeZone: timeZone.default('UTC').description('In which dates are written'),
    defaults: data.description('By placeholder, for what neither a task nor an account says'),
  });

/** A message that is written in a template. */
export interface TemplateReference {
  template: string;
  version?: number;
  data?: Record<string, string>;
}

export type MessageRequest = TaskMessage | TemplateReference;

/** The message itself, or the name of its template. */
export const messageRequest = (vendors: Vendors) =>
  joi.alternatives().conditional(joi.object({ template: joi.exist() }).unknown(), {
    then: joi.object<TemplateReference>({
      template: templateName.required(),
      version: version.description('The newest unless it is named'),
      data: data.description("Values of placeholders; laid over the template's `data`"),
    }),
    otherwise: messageSchema(vendors),
  });

export interface PreviewBody {
  version?: number;
  data?: Record<string, string>;
  locale?: string;
}

export const previewBody = joi.object<PreviewBody>({
  version: version.description('The newest unless it is named'),
  data: data.description('Values of placeholders'),
  locale: locale.description('Only what a device with this locale would see'),
});

export interface TemplatesQuery {
  cursor?: string;
  limit: number;
}

export const templatesQuery = joi.object<TemplatesQuery>({
  cursor: joi.string().max(200).description('`nextCursor` of the page before; opaque'),
  limit: pageSize(50, 200),
});

const nextCursor = joi.string().description('For the next page; missing on the last');
const count = joi.number().integer().min(0).required();

const summary = {
  name: joi.string().required(),
  version: joi.number().integer().min(1).required(),
  createdBy: joi.string().required().description('Id of the key that was used'),
  createdAt: shownInstant.required(),
};

export const templateAnswer = joi.object({
  ...summary,
  message: joi.object().unknown().required(),
  locale: joi.string().required(),
  timeZone: joi.string().required(),
  defaults: joi.object().pattern(joi.string(), joi.string().allow('')),
});

export const templatesAnswer = joi.object({
  items: joi.array().items(joi.object(summary)).required(),
  nextCursor,
});

export const previewAnswer = joi.object({
  items: joi
    .array()
    .items(
      joi.object({
        locale: joi.string().allow('').required().description('Empty for the default text'),
        title: joi.string().allow(''),
        body: joi.string().allow(''),
        sizes: joi
          .array()
          .items(
            joi.object({
              vendor: joi.string().required(),
              profile: joi.string().required(),
              bytes: count,
              allowed: count,
            }),
          )
          .required()
          .description('What each of the vendors that are set up counts'),
        problems: joi
          .array()
          .items(
            joi.object({
              code: joi.string().required(),
              field: joi.string().required(),
              detail: joi.string().required(),
            }),
          )
          .required()
          .description('Why a vendor would refuse it'),
      }),
    )
    .required(),
});
