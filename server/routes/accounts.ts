/** Accounts: what is held about a person, and its erasure. */
import { suppressionOfKey } from '../../models/block-list.js';
import { dbOf } from '../../models/database.js';
import { findDevices } from '../../models/device-queries.js';
import { accountKey } from '../../models/token-key.js';
import { blocksShown } from '../block-shown.js';
import { readIdCursor } from '../cursor.js';
import { deviceContext } from '../device-context.js';
import { devicesPage } from '../device-shown.js';
import type { ApiParts } from '../parts.js';
import { problem } from '../problems.js';
import { type Route, route } from '../route.js';
import { accountAnswer, accountErasedAnswer, EXAMPLE_DEVICE } from '../schemas/device-answers.js';
import { accountParams, type PageQuery, pageQuery } from '../schemas/devices.js';

interface AccountParams {
  account: string;
}

const getAccount = (parts: ApiParts): Route =>
  route<AccountParams, PageQuery>({
    method: 'get',
    path: '/v1/accounts/:account',
    id: 'getAccount',
    tag: 'accounts',
    summary: 'What is held about an account',
    params: accountParams,
    query: pageQuery,
    answers: {
      200: {
        description: 'Its devices, and whether it was erased',
        schema: accountAnswer,
        example: { account: 'customer-1042', items: [EXAMPLE_DEVICE] },
      },
    },
    handle: async (call) => {
      const { account } = call.params;
      const { cursor, limit } = call.query;
      const { app, connection, hashSecret } = deviceContext(parts, call);
      const db = dbOf(connection);
      const key = accountKey(hashSecret, account);
      const entry = await suppressionOfKey(db, app, key);
      const found = await findDevices(
        db,
        app,
        { account },
        { limit: limit + 1, ...(cursor == null ? {} : { after: readIdCursor(cursor) }) },
      );
      if (found.length === 0 && entry == null && cursor == null) throw problem('NOT_FOUND');
      const suppressedAt = entry?.at;
      const blocks = entry?.blocks && blocksShown(entry.blocks);
      return { status: 200, body: { account, suppressedAt, blocks, ...devicesPage(found, limit) } };
    },
  });

const deleteAccount = ({ engine }: ApiParts): Route =>
  route<AccountParams>({
    method: 'delete',
    path: '/v1/accounts/:account',
    id: 'eraseAccount',
    tag: 'accounts',
    summary: 'Erase an account with all its devices',
    description:
      'Account, tokens and installations go on the suppression list first, as keyed hashes: from then on nothing is sent, and no import ' +
      'brings them back; only a registration that grants consent anew does. Also for an account without devices. Answers ' +
      'when no push to them is on its way any more, or after 20 seconds.',
    params: accountParams,
    answers: {
      202: {
        description: 'Erased; what a vendor took before may still be on its way to the phone',
        schema: accountErasedAnswer,
        example: { erasedDevices: 2, mayStillArrive: false },
      },
    },
    handle: async ({ app, params }) => {
      const { devices, mayStillArrive } = await engine.erase(app._id, { account: params.account });
      return { status: 202, body: { erasedDevices: devices, mayStillArrive } };
    },
  });

export const accountRoutes = (parts: ApiParts): Route[] => [
  getAccount(parts),
  deleteAccount(parts),
];
