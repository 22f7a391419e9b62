/** Finds the devices of a list of accounts. */
import type { Types } from 'mongoose';
import type { AccountItem } from '../models/task.js';
import { accountKey } from '../models/token-key.js';
import { type AudienceContext, type Candidate, devicesOf } from './candidate.js';

const ACCOUNTS_PER_QUERY = 1_000;

interface Found {
  _id: Types.ObjectId;
  account: string;
}

/** `unmatched`: accounts without a device. An account named twice counts once; its last data holds. */
export const resolveAccounts = async (
  { db, app, secret }: AudienceContext,
  items: readonly AccountItem[],
): Promise<{ candidates: Candidate[]; unmatched: number }> => {
  const byAccount = new Map(items.map((item) => [item.account, item]));
  const accounts = [...byAccount.keys()];
  const matched = new Set<string>();
  const candidates: Candidate[] = [];
  for (let start = 0; start < accounts.length; start += ACCOUNTS_PER_QUERY) {
    const some = accounts.slice(start, start + ACCOUNTS_PER_QUERY);
    const found = await devicesOf(db)
      .find({ app, account: { $in: some } })
      .project<Found>({ account: 1 })
      .toArray();
    for (const { _id, account } of found) {
      const data = byAccount.get(account)?.data;
      matched.add(account);
      candidates.push({
        id: _id,
        accountKey: accountKey(secret, account),
        ...(data == null ? {} : { data }),
      });
    }
  }
  return { candidates, unmatched: accounts.length - matched.size };
};
