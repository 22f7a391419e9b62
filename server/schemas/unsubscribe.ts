/** What the routes of unsubscribe links take and answer. */
import joi from 'joi';
import { accountName } from './audience.js';
import { purpose } from './message.js';
import { objectId, shownInstant } from './values.js';

const DAY_SECONDS = 24 * 60 * 60;
/** A link in a message must work for weeks at least, and people keep messages for months. */
const DEFAULT_LINK_SECONDS = 180 * DAY_SECONDS;
const MAX_LINK_SECONDS = 730 * DAY_SECONDS;
const MAX_TOKEN_LENGTH = 2_000;

export interface LinkBody {
  device?: string;
  account?: string;
  purpose?: string;
  ttlSeconds: number;
}

export const linkBody = joi
  .object<LinkBody>({
    device: objectId.description('For this device alone'),
    account: accountName.description('For the person, with all devices of now and later'),
    purpose: purpose.description('What is declined; absent: all pushes'),
    ttlSeconds: joi
      .number()
      .strict()
      .integer()
      .min(1)
      .max(MAX_LINK_SECONDS)
      .default(DEFAULT_LINK_SECONDS)
      .description('How long the link works'),
  })
  .xor('device', 'account');

export const linkAnswer = joi.object({
  url: joi.string().uri().required(),
  expiresAt: shownInstant.required(),
});

export const linkParams = joi.object<{ token: string }>({
  token: joi.string().max(MAX_TOKEN_LENGTH).required(),
});
