/** To whom a task goes: exactly one of six ways to say it, and who is left out. */
import joi from 'joi';
import type { Vendor } from '../../adapters/adapter.js';
import { EXPRESSION_LIMITS } from '../../models/expression/expression.js';
import type { AccountItem, TokenItem } from '../../models/task.js';
import { data } from './message.js';
import { objectId, profileName } from './values.js';

export const MAX_TOKENS = 5_000;
export const MAX_DEVICES = 10_000;
export const MAX_ACCOUNTS = 10_000;
const MAX_TOKEN_LENGTH = 4_096;
const MAX_ACCOUNT_LENGTH = 256;

export const accountName = joi.string().max(MAX_ACCOUNT_LENGTH);

const tokenText = joi.string().max(MAX_TOKEN_LENGTH);

const tokenItem = (vendors: ReadonlyMap<string, Vendor>) =>
  joi.alternatives().conditional(joi.string(), {
    then: tokenText,
    otherwise: joi.object<TokenItem>({
      token: tokenText.required(),
      vendor: joi.string().valid(...vendors.keys()),
      profile: profileName,
    }),
  });

const accountItem = joi.alternatives().conditional(joi.string(), {
  then: accountName,
  otherwise: joi.object<AccountItem>({
    account: accountName.required(),
    data: data.description('Laid over `message.data` for the devices of this account'),
  }),
});

/** As a caller writes it. */
export type AudienceRequest =
  | { tokens: (string | TokenItem)[] }
  | { devices: string[] }
  | { accounts: (string | AccountItem)[] }
  | (({ tags: string } | { where: string } | { all: true }) & NarrowingRequest);

export interface NarrowingRequest {
  exclude?: ExcludeRequest;
  sample?: number;
  limit?: number;
  salt?: string;
}

export interface ExcludeRequest {
  accounts?: string[];
  tokens?: (string | TokenItem)[];
  devices?: string[];
  where?: string;
}

export const MAX_LIMIT = 1_000_000;
const WITH_QUERIES = 'only with `where`, `tags` or `all`';

const LISTS_AND_OTHERS = ['tokens', 'devices', 'accounts', 'tags', 'where', 'all'] as const;

const expression = joi.string().max(EXPRESSION_LIMITS.length);

const excludeSchema = (vendors: ReadonlyMap<string, Vendor>) =>
  joi
    .object<ExcludeRequest>({
      accounts: joi.array().items(accountName).min(1).max(MAX_ACCOUNTS),
      tokens: joi.array().items(tokenItem(vendors)).min(1).max(MAX_TOKENS),
      devices: joi.array().items(objectId).min(1).max(MAX_DEVICES),
      where: expression.description('As `audience.where`'),
    })
    .min(1)
    .description(`Whoever is named by any of these is not targeted; ${WITH_QUERIES}`);

export const audienceSchema = (vendors: ReadonlyMap<string, Vendor>) =>
  joi
    .object<AudienceRequest>({
      tokens: joi.array().items(tokenItem(vendors)).min(1).max(MAX_TOKENS),
      devices: joi.array().items(objectId).min(1).max(MAX_DEVICES),
      accounts: joi.array().items(accountItem).min(1).max(MAX_ACCOUNTS),
      tags: expression.description('Such as `vip & !(churned | trial)`: tags only'),
      where: expression.description(
        'Such as `vip & platform = ios & appVersion < 3.2.0 & lastSeen within 30d`: tags, facts and attributes',
      ),
      all: joi.boolean().strict().valid(true),
      exclude: excludeSchema(vendors),
      sample: joi
        .number()
        .strict()
        .greater(0)
        .max(100)
        .description(`So many percent of the devices; ${WITH_QUERIES}`),
      limit: joi
        .number()
        .strict()
        .integer()
        .min(1)
        .max(MAX_LIMIT)
        .description(`At most so many devices, evenly from among all; ${WITH_QUERIES}`),
      salt: joi
        .string()
        .max(64)
        .description(
          'Decides which devices are in the sample and within the limit: the same for the same salt. Unless given, each task has its own',
        ),
    })
    .xor(...LISTS_AND_OTHERS);
