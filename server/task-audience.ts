/** The audience of a task in its one form: strings become objects, tokens are as their vendors write them, nobody is named twice. */
import type { AccountItem, Audience, TokenItem } from '../models/task.js';
import type { AudienceRequest } from './schemas/audience.js';
import { normaliseToken, type Vendors } from './vendor-token.js';

/** The first of those that share a name. */
const firstBy = <Item>(items: readonly Item[], nameOf: (item: Item) => string): Item[] => {
  const byName = new Map<string, Item>();
  for (const item of items) if (!byName.has(nameOf(item))) byName.set(nameOf(item), item);
  return [...byName.values()];
};

// In another spelling a token would find neither its device nor its place on the suppression list.
const tokenItem = (item: string | TokenItem, vendors: Vendors): TokenItem => {
  if (typeof item === 'string') return { token: item };
  const { vendor, token } = item;
  if (vendor == null) return item;
  return { ...item, token: normaliseToken(vendors, { vendor, token }).token ?? token };
};

const tokenName = ({ token, vendor, profile }: TokenItem): string =>
  JSON.stringify([token, vendor, profile]);

const accountItem = (item: string | AccountItem): AccountItem =>
  typeof item === 'string' ? { account: item } : item;

/** Of several mentions of an account, with different data perhaps, the first counts. */
export const taskAudience = (request: AudienceRequest, vendors: Vendors): Audience => {
  if ('tokens' in request) {
    const items = request.tokens.map((item) => tokenItem(item, vendors));
    return { tokens: firstBy(items, tokenName) };
  }
  if ('accounts' in request) {
    return { accounts: firstBy(request.accounts.map(accountItem), ({ account }) => account) };
  }
  if ('devices' in request) return { devices: [...new Set(request.devices)] };
  const { exclude, ...audience } = request;
  if (exclude == null) return audience;
  const { tokens, ...others } = exclude;
  const items = tokens?.map((item) => tokenItem(item, vendors));
  return { ...audience, exclude: items == null ? others : { ...others, tokens: items } };
};
