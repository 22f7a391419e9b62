/** Binds many devices to accounts, or frees them; each item is done or refused as a whole. */
import type { mongo, Types } from 'mongoose';
import { AccountRoom } from './account-room.js';
import type { ConsentChange } from './consent.js';
import { recordOfConsent } from './consent-record.js';
import { dbOf } from './database.js';
import type { Device } from './device.js';
import type { ChangeContext } from './device-changes.js';
import { changesHands, consentAfter, withFacts } from './device-facts.js';
import { DeviceSet, type Named } from './device-set.js';
import { devicesIn } from './device-store.js';
import { type ItemResult, inPieces } from './item-result.js';
import type { Limits } from './limits.js';
import { keyText, suppressedSince } from './suppression-list.js';
import { accountKey } from './token-key.js';
import { inTransaction } from './transaction.js';

export interface AccountItem {
  readonly of: Named;
  /** Null: to none. */
  readonly to: string | null;
  /** What the person agreed to who holds the devices from now on. */
  readonly consent?: ConsentChange;
}

export interface AccountContext extends ChangeContext, Limits {
  readonly hashSecret: Buffer;
}

/** As a registration does it: whoever leaves an account leaves what was agreed to there. */
const moved = (before: Device, { to, consent }: AccountItem, now: Date): Device => {
  const after = withFacts(before, { account: to });
  const handed = changesHands(before, after);
  return { ...after, consent: consentAfter(before.consent, consent, { handed, now }) };
};

interface Piece {
  readonly context: AccountContext;
  readonly devices: DeviceSet;
  readonly room: AccountRoom;
}

const bindOne = ({ context, devices, room }: Piece, item: AccountItem): ItemResult => {
  const { now, by } = context;
  const before = devices.of(item.of);
  if (before.length === 0) return { kind: 'not-found' };
  const moves = before.map((device) => [device, moved(device, item, now)] as const);
  if (!room.takeAll(moves)) return { kind: 'refused', reason: 'account-full' };
  const changes = moves.filter(
    ([from, to]) => from.account !== to.account || from.consent !== to.consent,
  );
  for (const [from, to] of changes) {
    const cause = changesHands(from, to) ? 'account-changed' : 'consent';
    const after = { ...to, updatedAt: now };
    devices.change(
      after,
      from.consent === to.consent ? undefined : recordOfConsent(after, cause, { by, now }),
    );
  }
  return { kind: 'done', devices: before.length, changed: changes.length };
};

/** Those of the accounts that are on the suppression list: only a registration with a fresh opt-in binds them again. */
const suppressedOf = async (
  { connection, app, hashSecret }: AccountContext,
  items: readonly AccountItem[],
  session?: mongo.ClientSession,
): Promise<Set<string>> => {
  const accounts = [...new Set(items.flatMap(({ to }) => to ?? []))];
  const keys = accounts.map((account) => accountKey(hashSecret, account));
  const since = await suppressedSince(dbOf(connection), app, keys, session);
  return new Set(accounts.filter((_, index) => since.has(keyText(keys[index]!))));
};

const SUPPRESSED = { kind: 'refused', reason: 'suppressed' } as const;

const wantedIn = (devices: DeviceSet, items: readonly AccountItem[]): Map<string, number> => {
  const wanted = new Map<string, number>();
  for (const { of, to } of items) {
    if (to == null) continue;
    const coming = devices.of(of).filter(({ account }) => account !== to).length;
    wanted.set(to, (wanted.get(to) ?? 0) + coming);
  }
  return wanted;
};

const bindPiece = (
  context: AccountContext,
  items: readonly AccountItem[],
): Promise<{ results: ItemResult[]; changed: Types.ObjectId[] }> =>
  inTransaction(context.connection, async (session) => {
    const db = dbOf(context.connection);
    const suppressed = await suppressedOf(context, items, session);
    const named = items.map(({ of }) => of);
    const devices = await DeviceSet.read(db, context.app, named, session);
    const room = await AccountRoom.read(db, context, wantedIn(devices, items), session);
    const results = items.map((item) =>
      item.to != null && suppressed.has(item.to)
        ? SUPPRESSED
        : bindOne({ context, devices, room }, item),
    );
    await devices.write(db, session);
    return { results, changed: devices.changed };
  });

/**
 * One result for each item, in their order. Accounts are looked up again behind the write, for an erasure that ran at the same
 * time: it writes its entries before it looks for devices.
 */
export const bindAccounts = (
  context: AccountContext,
  items: readonly AccountItem[],
): Promise<ItemResult[]> =>
  inPieces(items, async (piece) => {
    const { results, changed } = await bindPiece(context, piece);
    const bound = piece.filter((_, index) => results[index]?.kind === 'done');
    const erased = await suppressedOf(context, bound);
    if (erased.size === 0) return results;
    const account = { $in: [...erased] };
    await devicesIn(dbOf(context.connection)).deleteMany({ _id: { $in: changed }, account });
    return results.map((result, index) =>
      result.kind === 'done' && erased.has(piece[index]?.to ?? '') ? SUPPRESSED : result,
    );
  });
