/** Finds the devices of a list of accounts. */
import type { AccountItem } from '../models/task.js';
import { accountKey } from '../models/token-key.js';
import { type AudienceContext, type Candidate, devicesOf } from './candidate.js';
import { DEVICE_FIELDS, type DeviceView } from './eligibility.js';

const ACCOUNTS_PER_QUERY = 1_000;

/** The devices of so few accounts are sent to in a moment: they are read whole at once, and not again. */
const FEW_ACCOUNTS = 200;

type Found = Pick<DeviceView, '_id' | 'account'>;

/** `unmatched`: accounts without a device. An account named twice counts once; its last data holds. */
export const resolveAccounts = async (
  { db, app, secret }: AudienceContext,
  items: readonly AccountItem[],
): Promise<{ candidates: Candidate[]; unmatched: number }> => {
  const byAccount = new Map(items.map((item) => [item.account, item]));
  const accounts = [...byAccount.keys()];
  const matched = new Set<string>();
  /** By device: one that changes hands between two queries is found twice. */
  const candidates = new Map<string, Candidate>();
  const whole = accounts.length <= FEW_ACCOUNTS;
  for (let start = 0; start < accounts.length; start += ACCOUNTS_PER_QUERY) {
    const some = accounts.slice(start, start + ACCOUNTS_PER_QUERY);
    const found = await devicesOf(db)
      .find({ app, account: { $in: some } })
      .project<Found>(whole ? DEVICE_FIELDS : { account: 1 })
      .toArray();
    for (const device of found) {
      const { _id, account } = device;
      if (account == null) continue;
      const data = byAccount.get(account)?.data;
      matched.add(account);
      candidates.set(_id.toHexString(), {
        id: _id,
        accountKey: accountKey(secret, account),
        ...(whole ? { device: device as DeviceView } : {}),
        ...(data == null ? {} : { data }),
      });
    }
  }
  return { candidates: [...candidates.values()], unmatched: accounts.length - matched.size };
};
