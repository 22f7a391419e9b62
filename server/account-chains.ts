/** Items that would do something else when the same request is sent again, because one undoes or goes on with another. */
import type { AccountItemRequest } from './schemas/bulk.js';

interface Fault {
  readonly field: string;
  readonly detail: string;
}

/** Of the first item that is in another's way. */
export const chainedItem = (items: readonly AccountItemRequest[]): Fault | undefined => {
  const firstFrom = new Map<string, number>();
  const toOfDevice = new Map<string, string | null>();
  for (const [index, { from }] of items.entries()) {
    if (from != null && !firstFrom.has(from)) firstFrom.set(from, index);
  }
  for (const [index, { device, from, account }] of items.entries()) {
    const leftBy = account == null ? undefined : firstFrom.get(account);
    if (leftBy != null && account !== from) {
      const detail = `Is the account that items[${leftBy}] moves devices from: ask for the two one after the other`;
      return { field: `items[${index}].account`, detail };
    }
    if (device == null) continue;
    const key = device.toLowerCase();
    if (toOfDevice.has(key) && toOfDevice.get(key) !== account) {
      return {
        field: `items[${index}].device`,
        detail: 'Is in an item before, with another account',
      };
    }
    toOfDevice.set(key, account);
  }
  return undefined;
};
