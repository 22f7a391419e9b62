/** The suppression list: who is not to be pushed to, whatever their devices say. */
import {
  type BlockEntry,
  block,
  suppressionOfKey,
  suppressionPage,
  unblock,
} from '../../models/block-list.js';
import { dbOf } from '../../models/database.js';
import { accountKey, tokenKey } from '../../models/token-key.js';
import { suppressionShown } from '../block-shown.js';
import { keyCursor, readKeyCursor } from '../cursor.js';
import { deviceContext } from '../device-context.js';
import type { ApiParts } from '../parts.js';
import { problem } from '../problems.js';
import { type Route, route } from '../route.js';
import {
  EXAMPLE_SUPPRESSIONS,
  type LiftQuery,
  liftQuery,
  type Suppressed,
  type SuppressionItem,
  type SuppressionQuery,
  suppressedAnswer,
  suppressionQuery,
  suppressionsAnswer,
  suppressionsBody,
} from '../schemas/suppressions.js';
import { vendorToken } from '../vendor-token.js';

type Key = Pick<BlockEntry, 'key' | 'kind'>;

/** Throws VALIDATION_FAILED for a token that its vendor would not know; `field` names it. */
const keyOf = (
  { vendors }: ApiParts,
  hashSecret: Buffer,
  { account, token = '', vendor = '' }: Suppressed,
  field = 'token',
): Key => {
  if (account != null) return { kind: 'account', key: accountKey(hashSecret, account) };
  const normalised = vendorToken(vendors, { vendor, token }, field);
  return { kind: 'token', key: tokenKey(hashSecret, vendor, normalised) };
};

const putAll = (parts: ApiParts): Route =>
  route<unknown, unknown, { items: SuppressionItem[] }>({
    method: 'put',
    path: '/v1/suppressions',
    id: 'suppress',
    tag: 'consent',
    summary: 'Put accounts and tokens on the suppression list',
    description:
      'For a purpose or all of them, until an instant or for good. They may still register and grant; pushes to them end ' +
      '`suppressed: suppression-list`. The same account or token and purpose once more replaces reason and end.',
    body: suppressionsBody(parts.vendors.keys()),
    answers: {
      200: { description: 'They are on it', schema: suppressedAnswer, example: { suppressed: 1 } },
    },
    example: {
      body: {
        items: [
          {
            account: 'customer-1042',
            purpose: 'marketing',
            reason: 'complaint',
            until: '2027-05-22T10:00:00Z',
          },
        ],
      },
    },
    handle: async (call) => {
      const { app, by, connection, hashSecret, now } = deviceContext(parts, call);
      const entries = call.body.items.map(({ purpose, reason, until, ...who }, index) => ({
        ...keyOf(parts, hashSecret, who, `items[${index}].token`),
        ...(purpose == null ? {} : { purpose }),
        ...{ reason, at: now, by },
        ...(until == null ? {} : { until }),
      }));
      await block(dbOf(connection), app, entries);
      return { status: 200, body: { suppressed: entries.length } };
    },
  });

const listAll = (parts: ApiParts): Route =>
  route<unknown, SuppressionQuery>({
    method: 'get',
    path: '/v1/suppressions',
    id: 'listSuppressions',
    tag: 'consent',
    summary: 'The suppression list, or what it says of one account or token',
    description:
      'It holds keyed hashes and names nobody: ask for the account or token that you mean.',
    query: suppressionQuery(parts.vendors.keys()),
    answers: {
      200: {
        description: 'Entries, in the order of their ids',
        schema: suppressionsAnswer,
        example: EXAMPLE_SUPPRESSIONS,
      },
    },
    example: { query: { account: 'customer-1042' } },
    handle: async (call) => {
      const { cursor, limit, ...asked } = call.query;
      const { app, connection, hashSecret } = deviceContext(parts, call);
      const db = dbOf(connection);
      if (asked.account != null || asked.token != null) {
        const entry = await suppressionOfKey(db, app, keyOf(parts, hashSecret, asked).key);
        return { status: 200, body: { items: entry == null ? [] : [suppressionShown(entry)] } };
      }
      const found = await suppressionPage(db, app, {
        limit: limit + 1,
        ...(cursor == null ? {} : { after: readKeyCursor(cursor) }),
      });
      const page = found.slice(0, limit);
      const last = found.length > limit ? page.at(-1) : undefined;
      const nextCursor = last && keyCursor(last._id);
      return { status: 200, body: { items: page.map(suppressionShown), nextCursor } };
    },
  });

const deleteOne = (parts: ApiParts): Route =>
  route<unknown, LiftQuery>({
    method: 'delete',
    path: '/v1/suppressions',
    id: 'liftSuppression',
    tag: 'consent',
    summary: 'Take an account or token off the suppression list',
    description:
      'For this purpose, or what was put on it for all purposes. What was erased is lifted by nothing but a fresh grant of the person.',
    query: liftQuery(parts.vendors.keys()),
    answers: { 204: { description: 'It is off the list' } },
    example: { query: { account: 'customer-1042', purpose: 'marketing' } },
    handle: async (call) => {
      const { purpose, ...asked } = call.query;
      const { app, connection, hashSecret } = deviceContext(parts, call);
      const { key } = keyOf(parts, hashSecret, asked);
      const named = purpose == null ? { key } : { key, purpose };
      if (!(await unblock(dbOf(connection), app, named))) throw problem('NOT_FOUND');
      return { status: 204 };
    },
  });

export const suppressionRoutes = (parts: ApiParts): Route[] => [
  putAll(parts),
  listAll(parts),
  deleteOne(parts),
];
