/** What the routes of the suppression list take and answer. */
import joi from 'joi';
import { accountName } from './audience.js';
import { purpose } from './message.js';
import { cursor, instant, pageSize, shownInstant } from './values.js';

const MAX_ITEMS = 1_000;
const MAX_TOKEN_LENGTH = 4_096;

/** Who is meant. */
export interface Suppressed {
  account?: string;
  token?: string;
  vendor?: string;
}

export interface SuppressionItem extends Suppressed {
  purpose?: string;
  reason: string;
  until?: Date;
}

const who = (vendors: Iterable<string>) => ({
  account: accountName,
  token: joi.string().max(MAX_TOKEN_LENGTH).description('Held against the form of its vendor'),
  vendor: joi
    .string()
    .valid(...vendors)
    .description('With `token`'),
});

const blockFields = {
  purpose: purpose.description('Absent: all of them'),
  reason: joi
    .string()
    .pattern(/^[a-z][a-z0-9-]{0,39}$/)
    .description(
      'A word of your own, for example `complaint`. A fresh grant of the person lifts `unsubscribed`, and no other',
    )
    .messages({
      'string.pattern.base':
        'must be 1 to 40 lower-case letters, digits or hyphens and begin with a letter',
    }),
};

export const suppressionsBody = (vendors: Iterable<string>) =>
  joi.object<{ items: SuppressionItem[] }>({
    items: joi
      .array()
      .items(
        joi
          .object<SuppressionItem>({
            ...who(vendors),
            ...blockFields,
            reason: blockFields.reason.required(),
            until: instant.description('When it ends; absent: when it is taken off'),
          })
          .xor('account', 'token')
          .and('token', 'vendor'),
      )
      .min(1)
      .max(MAX_ITEMS)
      .required(),
  });

export const suppressedAnswer = joi.object({
  suppressed: joi.number().integer().min(0).required().description('As many as there are items'),
});

export interface SuppressionQuery extends Suppressed {
  cursor?: string;
  limit: number;
}

export const suppressionQuery = (vendors: Iterable<string>) =>
  joi
    .object<SuppressionQuery>({ ...who(vendors), cursor, limit: pageSize(100, 1_000) })
    .oxor('account', 'token')
    .and('token', 'vendor');

export interface LiftQuery extends Suppressed {
  purpose?: string;
}

export const liftQuery = (vendors: Iterable<string>) =>
  joi
    .object<LiftQuery>({ ...who(vendors), purpose: blockFields.purpose })
    .xor('account', 'token')
    .and('token', 'vendor');

export const blocksAnswer = joi
  .array()
  .items(
    joi.object({
      ...blockFields,
      reason: blockFields.reason.required(),
      at: shownInstant.required(),
      until: shownInstant.description('It does not count from then on'),
      by: joi.string().required().description('Id of the key, or `unsubscribe-link`'),
    }),
  )
  .description('What keeps pushes away, for a purpose or all of them');

export const suppressionsAnswer = joi.object({
  items: joi
    .array()
    .items(
      joi.object({
        id: joi.string().required().description('A keyed hash of the account or token'),
        kind: joi.string().valid('account', 'token', 'installation').required(),
        erasedAt: shownInstant,
        blocks: blocksAnswer.required(),
      }),
    )
    .required(),
  nextCursor: joi.string().description('For the next page; missing on the last'),
});

export const EXAMPLE_SUPPRESSIONS = {
  items: [
    {
      id: '5f0e6923a1b2c3d4e5f6071829304142',
      kind: 'account',
      blocks: [
        {
          purpose: 'marketing',
          reason: 'complaint',
          at: '2026-11-22T10:00:00.000Z',
          until: '2027-05-22T10:00:00.000Z',
          by: '6a1f0c2b9d3e4f5a6b',
        },
      ],
    },
  ],
};
