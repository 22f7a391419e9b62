/** What the routes about many devices at once take and answer. */
import joi from 'joi';
import type { ConsentChange } from '../../models/consent.js';
import { accountName } from './audience.js';
import { consent, tags } from './device-facts.js';
import { cursor, objectId, pageSize } from './values.js';

/** As one request may name. */
export const MAX_ITEMS = 1_000;

interface Name {
  device?: string;
  account?: string;
}

export interface TagItemRequest extends Name {
  set?: string[];
  add?: string[];
  remove?: string[];
}

const itemsOf = (item: joi.ObjectSchema) =>
  joi.array().items(item).min(1).max(MAX_ITEMS).required();

const device = objectId;
const account = accountName.description('All devices of this account');

export const tagsBody = joi.object<{ items: TagItemRequest[] }>({
  items: itemsOf(
    joi
      .object({
        device,
        account,
        set: tags,
        add: tags.description('Those that it gets beside the others'),
        remove: tags.description('Those that it loses'),
      })
      .xor('device', 'account')
      .or('set', 'add', 'remove')
      .nand('set', 'add')
      .nand('set', 'remove'),
  ),
});

export interface AccountItemRequest {
  device?: string;
  from?: string;
  account: string | null;
  consent?: ConsentChange;
}

export const accountsBody = joi.object<{ items: AccountItemRequest[] }>({
  items: itemsOf(
    joi
      .object({
        device,
        from: accountName.description('All devices of this account'),
        account: accountName
          .allow(null)
          .required()
          .description('Who holds them from now on; null for nobody'),
        consent,
      })
      .xor('device', 'from'),
  ),
});

export interface NamesQuery {
  devices?: string[];
  accounts?: string[];
  cursor?: string;
  limit: number;
}

export const namesBody = joi
  .object<NamesQuery>({
    devices: joi.array().items(objectId).min(1).max(MAX_ITEMS),
    accounts: joi.array().items(accountName).min(1).max(MAX_ITEMS),
    cursor,
    limit: pageSize(1_000, 1_000),
  })
  .xor('devices', 'accounts');

const count = joi.number().integer().min(0);

export const itemsAnswer = joi.object({
  items: joi
    .array()
    .items(
      joi.object({
        result: joi.string().valid('done', 'not-found', 'refused').required(),
        reason: joi
          .string()
          .valid('suppressed', 'account-full', 'device-tags-full', 'app-tags-full')
          .description('Why it was refused; docs/tags.md explains each'),
        devices: count.description('That the item names'),
        changed: count.description('Of which were not already as asked for'),
      }),
    )
    .required()
    .description('One for each item of the request, in their order'),
});

export const namedAnswer = joi.object({
  items: joi
    .array()
    .items(
      joi.object({
        device: objectId.required(),
        account: joi.string(),
        tags: joi.array().items(joi.string()).required(),
      }),
    )
    .required()
    .description('By device id; what is not known is missing'),
  nextCursor: joi.string().description('For the next page; missing on the last'),
});
