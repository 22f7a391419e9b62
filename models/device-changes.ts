/** Changes one device by its id: what is known about it, or what it agreed to. */
import type { Connection, mongo, Types } from 'mongoose';
import { AccountRoom } from './account-room.js';
import { hasTooManyAttributes } from './attributes.js';
import { liftUnsubscribed } from './block-list.js';
import { type ConsentChange, grantedIn } from './consent.js';
import { type ConsentRecord, consentRecordsIn, recordOfConsent } from './consent-record.js';
import { dbOf } from './database.js';
import type { Device } from './device.js';
import { updateOf } from './device-book.js';
import { changesHands, consentAfter, type DeviceFacts, withFacts } from './device-facts.js';
import { devicesIn } from './device-store.js';
import { LimitReached, type Limits } from './limits.js';
import { keyText, suppressedSince } from './suppression-list.js';
import { refusedTags } from './tag-book.js';
import { accountKey } from './token-key.js';
import { inTransaction } from './transaction.js';

export interface ChangeContext {
  readonly connection: Connection;
  readonly app: string;
  readonly by: string;
  readonly now: Date;
}

/** The account is on the suppression list; only a registration with a fresh opt-in binds it again. */
export class AccountSuppressed extends Error {
  override readonly name = 'AccountSuppressed';
  constructor() {
    super('The account is on the suppression list');
  }
}

/** With the attributes that it has, the device would have more than it may. */
export class TooManyAttributes extends Error {
  override readonly name = 'TooManyAttributes';
  constructor() {
    super('The device would have too many attributes');
  }
}

/** Null when the app has no such device, or `next` wants none of it. */
const change = async (
  { connection, app, by, now }: ChangeContext,
  id: Types.ObjectId,
  cause: ConsentRecord['cause'],
  next: (before: Device, session: mongo.ClientSession) => Device | null | Promise<Device | null>,
): Promise<Device | null> =>
  inTransaction(connection, async (session) => {
    const db = dbOf(connection);
    const options = { session, promoteBuffers: true };
    const before = await devicesIn(db).findOne({ _id: id, app }, options);
    const after = before && (await next(before, session));
    if (before == null || after == null) return null;
    const device = { ...after, updatedAt: now };
    await devicesIn(db).updateOne({ _id: id }, updateOf(device), { session });
    if (device.consent !== before.consent) {
      const named = changesHands(before, device) ? 'account-changed' : cause;
      await consentRecordsIn(db).insertOne(recordOfConsent(device, named, { by, now }), {
        session,
      });
    }
    return device;
  });

/** Rejects with LimitReached when the account that the device comes to is full. */
const takeRoom = async (
  context: ChangeContext & Limits & { readonly hashSecret: Buffer },
  [before, after]: readonly [Device, Device],
  session: mongo.ClientSession,
): Promise<void> => {
  if (after.account == null || after.account === before.account) return;
  const wanted = new Map([[after.account, 1]]);
  const room = await AccountRoom.read(dbOf(context.connection), context, wanted, session);
  if (!room.take(before, after)) throw new LimitReached('account-full');
};

/**
 * Rejects with AccountSuppressed, TooManyAttributes and LimitReached. Looked up again behind the write, for an erasure that ran
 * at the same time: it writes its entries before it looks for devices.
 */
export const changeFacts = async (
  context: ChangeContext & Limits & { readonly hashSecret: Buffer },
  id: Types.ObjectId,
  facts: DeviceFacts,
): Promise<Device | null> => {
  const { connection, app, hashSecret, now } = context;
  const db = dbOf(connection);
  const key = facts.account == null ? undefined : accountKey(hashSecret, facts.account);
  const isSuppressed = async () =>
    key != null && (await suppressedSince(db, app, [key])).has(keyText(key));

  if (await isSuppressed()) throw new AccountSuppressed();
  if ((await refusedTags(context, facts.tags ?? [])).size > 0) {
    throw new LimitReached('app-tags-full');
  }
  const device = await change(context, id, 'account-changed', async (before, session) => {
    const after = withFacts(before, facts);
    if (hasTooManyAttributes(after)) throw new TooManyAttributes();
    await takeRoom(context, [before, after], session);
    const handed = changesHands(before, after);
    return { ...after, consent: consentAfter(before.consent, undefined, { handed, now }) };
  });
  if (device && (await isSuppressed())) {
    await devicesIn(db).deleteOne({ _id: id, account: facts.account as string });
    throw new AccountSuppressed();
  }
  return device;
};

/** Who presents a device's token. */
export interface Owner {
  readonly profile: string;
  readonly tokenKey: Buffer;
}

/** A device under another token than the one presented is as unknown as none. */
export const belongsTo = (
  { profile, tokenKey }: Pick<Device, 'profile' | 'tokenKey'>,
  owner: Owner,
): boolean => profile === owner.profile && owner.tokenKey.equals(tokenKey);

/** `owner`: whom the device must belong to. */
export const changeConsent = async (
  context: ChangeContext & { readonly hashSecret: Buffer },
  id: Types.ObjectId,
  consent: ConsentChange,
  owner?: Owner,
): Promise<Device | null> =>
  change(context, id, 'consent', async (before, session) => {
    if (owner != null && !belongsTo(before, owner)) return null;
    const { connection, hashSecret, now } = context;
    if (before.account != null) {
      const granted = { key: accountKey(hashSecret, before.account), ...grantedIn(consent, now) };
      await liftUnsubscribed(dbOf(connection), [granted], session);
    }
    return { ...before, consent: consentAfter(before.consent, consent, { handed: false, now }) };
  });
