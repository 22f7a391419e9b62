/** Tags and accounts of many devices at once: changed item by item, and asked for by many names. */
import { bindAccounts } from '../../models/bulk-accounts.js';
import { changeTags, type TagItem } from '../../models/bulk-tags.js';
import { dbOf } from '../../models/database.js';
import { findNamed } from '../../models/device-queries.js';
import type { Named } from '../../models/device-set.js';
import type { ItemResult } from '../../models/item-result.js';
import { chainedItem } from '../account-chains.js';
import { idCursor, readIdCursor } from '../cursor.js';
import { deviceContext } from '../device-context.js';
import type { ApiParts } from '../parts.js';
import { problem } from '../problems.js';
import { type Route, route } from '../route.js';
import {
  type AccountItemRequest,
  accountsBody,
  itemsAnswer,
  MAX_ITEMS,
  type NamesQuery,
  namedAnswer,
  namesBody,
  type TagItemRequest,
  tagsBody,
} from '../schemas/bulk.js';
import { EXAMPLE_DEVICE } from '../schemas/device-answers.js';
import { toObjectId } from '../schemas/values.js';

const itemShown = ({ kind, ...rest }: ItemResult) => ({ result: kind, ...rest });

/** The schema allows exactly one of the two. */
const namedBy = (device: string | undefined, account: string | undefined): Named =>
  device == null ? { account: account ?? '' } : { device: toObjectId(device) };

const tagItem = ({ device, account, ...change }: TagItemRequest): TagItem => ({
  ...namedBy(device, account),
  ...change,
});

const PER_ITEM =
  `At most ${MAX_ITEMS} items, done one after the other; each is done or refused as a whole, and a refused one holds up no ` +
  'other. Doing it again does no harm.';

const changeManyTags = (parts: ApiParts): Route =>
  route<unknown, unknown, { items: TagItemRequest[] }>({
    method: 'post',
    path: '/v1/devices/tags',
    id: 'changeTags',
    tag: 'devices',
    summary: 'Give tags to many devices or accounts, or take them',
    description: `\`set\` replaces all tags, \`add\` and \`remove\` leave the others; with an account they mean all its devices. ${PER_ITEM}`,
    body: tagsBody,
    answers: {
      200: {
        description: 'What became of each item',
        schema: itemsAnswer,
        example: {
          items: [
            { result: 'done', devices: 1, changed: 1 },
            { result: 'refused', reason: 'device-tags-full' },
            { result: 'not-found' },
          ],
        },
      },
    },
    example: {
      body: {
        items: [
          { account: 'customer-1042', add: ['vip'], remove: ['trial'] },
          { device: EXAMPLE_DEVICE.id, set: ['beta'] },
        ],
      },
    },
    handle: async (call) => {
      const results = await changeTags(deviceContext(parts, call), call.body.items.map(tagItem));
      return { status: 200, body: { items: results.map(itemShown) } };
    },
  });

const changeManyAccounts = (parts: ApiParts): Route =>
  route<unknown, unknown, { items: AccountItemRequest[] }>({
    method: 'post',
    path: '/v1/devices/accounts',
    id: 'changeAccounts',
    tag: 'devices',
    summary: 'Bind many devices to accounts, or free them',
    description:
      'A device that leaves an account loses its consent, unless the item says what its next holder agreed to. An erased ' +
      `account is bound by a registration only. No account may be left by one item and filled by another, and no device be in two ` +
      `items with different accounts. ${PER_ITEM}`,
    body: accountsBody,
    answers: {
      200: {
        description: 'What became of each item',
        schema: itemsAnswer,
        example: {
          items: [
            { result: 'done', devices: 1, changed: 1 },
            { result: 'refused', reason: 'account-full' },
          ],
        },
      },
    },
    example: {
      body: {
        items: [
          { device: EXAMPLE_DEVICE.id, account: 'customer-1042' },
          { from: 'customer-1041', account: null },
        ],
      },
    },
    handle: async (call) => {
      const chained = chainedItem(call.body.items);
      if (chained != null) throw problem('VALIDATION_FAILED', { errors: [chained] });
      const items = call.body.items.map(({ device, from, account, consent }) => ({
        of: namedBy(device, from),
        to: account,
        ...(consent == null ? {} : { consent }),
      }));
      const results = await bindAccounts(deviceContext(parts, call), items);
      return { status: 200, body: { items: results.map(itemShown) } };
    },
  });

const queryDevices = (parts: ApiParts): Route =>
  route<unknown, unknown, NamesQuery>({
    method: 'post',
    path: '/v1/devices/query',
    id: 'queryDevices',
    tag: 'devices',
    summary: 'Accounts and tags of many devices, or of the devices of many accounts',
    description: `At most ${MAX_ITEMS} names; repeat the request with \`cursor\` for the next page.`,
    body: namesBody,
    answers: {
      200: {
        description: 'The devices, by id',
        schema: namedAnswer,
        example: {
          items: [{ device: EXAMPLE_DEVICE.id, account: 'customer-1042', tags: ['vip', 'beta'] }],
        },
      },
    },
    example: { body: { accounts: ['customer-1042', 'customer-1043'] } },
    handle: async ({ app, body: { devices, accounts, cursor, limit } }) => {
      const found = await findNamed(
        dbOf(parts.connection),
        app._id,
        devices == null ? { accounts: accounts ?? [] } : { devices: devices.map(toObjectId) },
        { limit: limit + 1, ...(cursor == null ? {} : { after: readIdCursor(cursor) }) },
      );
      const page = found.slice(0, limit);
      const last = found.length > limit ? page.at(-1) : undefined;
      const items = page.map(({ _id, account, tags }) => ({
        device: _id.toHexString(),
        account,
        tags,
      }));
      return { status: 200, body: { items, nextCursor: last && idCursor(last._id) } };
    },
  });

export const deviceBulkRoutes = (parts: ApiParts): Route[] => [
  changeManyTags(parts),
  changeManyAccounts(parts),
  queryDevices(parts),
];
