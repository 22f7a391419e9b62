/** How many more devices accounts may have, counted in the transaction that binds them. */
import type { mongo } from 'mongoose';
import { guardAccounts } from './account-guard.js';
import type { Device } from './device.js';
import { devicesIn } from './device-store.js';
import { DEVICES_PER_ACCOUNT, type Limits } from './limits.js';
import { accountKey } from './token-key.js';

/** Of 100 devices: beyond the first dozen, whoever binds one waits for its turn. */
const FAR_BELOW = 8;

const BY_ACCOUNT = { app: 1, account: 1, _id: 1 } as const;

/** A token that its vendor has given up takes no room: who installs an app again and again is not locked out. */
const accountOf = (device: Device | undefined): string | undefined =>
  device?.state === 'gone' ? undefined : device?.account;

interface RoomContext extends Limits {
  readonly app: string;
  readonly hashSecret: Buffer;
}

const countsOf = async (
  db: mongo.Db,
  filter: mongo.Filter<Device>,
  session: mongo.ClientSession,
): Promise<Map<string, number>> => {
  const found = await devicesIn(db)
    .aggregate<{ _id: string; devices: number }>(
      [{ $match: filter }, { $group: { _id: '$account', devices: { $sum: 1 } } }],
      { session, hint: BY_ACCOUNT },
    )
    .toArray();
  return new Map(found.map(({ _id, devices }) => [_id, devices]));
};

export class AccountRoom {
  private constructor(
    private readonly limit: number,
    private readonly counts: Map<string, number>,
  ) {}

  /** `wanted`: how many devices may come to each account. */
  static async read(
    db: mongo.Db,
    { app, hashSecret, devicesPerAccount: limit = DEVICES_PER_ACCOUNT }: RoomContext,
    wanted: ReadonlyMap<string, number>,
    session: mongo.ClientSession,
  ): Promise<AccountRoom> {
    if (wanted.size === 0) return new AccountRoom(limit, new Map());
    const named = [...wanted.keys()];
    // By the index alone, because hardly any account is near its limit. It counts those that are gone as well.
    const counts = await countsOf(db, { app, account: { $in: named } }, session);
    for (const name of named) if (!counts.has(name)) counts.set(name, 0);
    const after = (name: string): number => (counts.get(name) ?? 0) + (wanted.get(name) ?? 0);
    // Far below the limit the transactions of one instant cannot fill it together, and need not wait for each other.
    const crowded = named.filter((name) => after(name) >= limit / FAR_BELOW);
    await guardAccounts(
      db,
      crowded.map((name) => accountKey(hashSecret, name)),
      session,
    );
    const full = crowded.filter((name) => after(name) > limit);
    if (full.length > 0) {
      const live = { app, account: { $in: full }, state: { $ne: 'gone' as const } };
      const exact = await countsOf(db, live, session);
      for (const name of full) counts.set(name, exact.get(name) ?? 0);
    }
    return new AccountRoom(limit, counts);
  }

  /** False, and nothing is counted, when the device would be one too many in its account. */
  take(before: Device | undefined, after: Device, removed?: Device): boolean {
    const from = accountOf(before);
    const to = accountOf(after);
    if (to != null && to !== from) {
      // What is merged away makes room.
      const freed = accountOf(removed) === to ? 1 : 0;
      const count = this.counts.get(to);
      if (count != null && count - freed >= this.limit) return false;
    }
    this.#add(to, 1);
    this.#add(from, -1);
    this.#add(accountOf(removed), -1);
    return true;
  }

  /** All of them, or none. */
  takeAll(moves: readonly (readonly [before: Device, after: Device])[]): boolean {
    const full = moves.findIndex(([before, after]) => !this.take(before, after));
    if (full < 0) return true;
    for (const [before, after] of moves.slice(0, full)) {
      this.#add(accountOf(after), -1);
      this.#add(accountOf(before), 1);
    }
    return false;
  }

  #add(account: string | undefined, devices: number): void {
    const count = account == null ? undefined : this.counts.get(account);
    if (account != null && count != null) this.counts.set(account, count + devices);
  }
}
