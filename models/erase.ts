/** Erases a device, or a person with all their devices: first on the suppression list, then gone. */
import { type Connection, type mongo, Types } from 'mongoose';
import { forgetBadges } from './badge.js';
import { DEVICE_BYTES } from './batch.js';
import { eraseFromCampaigns } from './campaign-erasure.js';
import { forgetCapCounts } from './cap-counts.js';
import { dbOf } from './database.js';
import type { Device } from './device.js';
import { devicesIn } from './device-store.js';
import { type Erasable, type Erasure, recordErasure } from './erasure.js';
import { type SuppressionEntry, suppress } from './suppression-list.js';
import { accountKey, installationKey } from './token-key.js';
import { eraseFromTriggers } from './trigger-erasure.js';

export interface EraseContext {
  readonly connection: Connection;
  readonly app: string;
  /** The app's, opened. */
  readonly hashSecret: Buffer;
  readonly now: Date;
}

export interface Erased {
  /** How many devices are gone. */
  readonly devices: number;
  /** Every id under which a batch may hold one of them, in hex: its own, and that of its token unregistered. */
  readonly ids: ReadonlySet<string>;
}

/** Devices of an account that are erased at a time. */
const STRETCH = 500;

const FIELDS = { vendor: 1, token: 1, tokenKey: 1, installationId: 1 } as const;

type Doomed = Pick<Device, '_id' | 'vendor' | 'token' | 'tokenKey' | 'installationId'>;

/** The installation too: it would bring the device back under its next token. */
const entriesOf = (
  { vendor, tokenKey, installationId }: Doomed,
  hashSecret: Buffer,
): SuppressionEntry[] => [
  { key: tokenKey, kind: 'token' },
  ...(installationId == null
    ? []
    : [
        { key: installationKey(hashSecret, vendor, installationId), kind: 'installation' as const },
      ]),
];

const idsOf = ({ _id, tokenKey }: Doomed): string[] => [
  _id.toHexString(),
  tokenKey.subarray(0, DEVICE_BYTES).toString('hex'),
];

/**
 * Only while a device still has the token and the installation that were put on the list: one that got another is found
 * again.
 */
const remove = async (
  { connection, app, hashSecret, now }: EraseContext,
  doomed: readonly Doomed[],
  extra: mongo.Filter<Device>,
): Promise<number> => {
  const db = dbOf(connection);
  await suppress(
    db,
    app,
    doomed.flatMap((device) => entriesOf(device, hashSecret)),
    now,
  );
  await eraseFromCampaigns(db, app, {
    devices: doomed.map(({ _id }) => _id.toHexString()),
    tokens: doomed.map(({ token }) => token),
  });
  const unchanged = doomed.map(({ _id, tokenKey, installationId }) => ({
    _id,
    tokenKey,
    installationId: installationId ?? { $exists: false },
  }));
  const { deletedCount } = await devicesIn(db).deleteMany({
    ...extra,
    $or: unchanged,
  });
  return deletedCount;
};

/** Until a look finds nothing: a device that changed in between is found again. */
const removeAll = async (context: EraseContext, filter: mongo.Filter<Device>): Promise<Erased> => {
  const ids = new Set<string>();
  let devices = 0;
  for (;;) {
    const doomed = await devicesIn(dbOf(context.connection))
      .find(filter, { projection: FIELDS, promoteBuffers: true, limit: STRETCH })
      .toArray();
    if (doomed.length === 0) return { devices, ids };
    for (const id of doomed.flatMap(idsOf)) ids.add(id);
    devices += await remove(context, doomed, filter);
  }
};

/**
 * Of a device, its token and its installation are put on the suppression list, not its account: that may have other
 * devices, and its holder did not ask to be forgotten. The history of its consent stays; it names nobody.
 */
const eraseDevice = (context: EraseContext, { _id }: Pick<Device, '_id'>): Promise<Erased> =>
  removeAll(context, { _id, app: context.app });

/** Puts the account on the suppression list, also when it has no device: an import may bring one tomorrow. */
const eraseAccount = async (context: EraseContext, account: string): Promise<Erased> => {
  const { connection, app, hashSecret, now } = context;
  const key = accountKey(hashSecret, account);
  await suppress(dbOf(connection), app, [{ key, kind: 'account' }], now);
  await eraseFromCampaigns(dbOf(connection), app, { accounts: [account] });
  await eraseFromTriggers(connection, { app, account: key, now });
  return removeAll(context, { app, account });
};

/** Of the people who are gone, what badges and caps have counted: by their account, or by a device that had none. */
export const forgetCounts = async (
  { connection, hashSecret }: EraseContext,
  { account }: Pick<Erasure, 'account'>,
  ids: Iterable<string>,
): Promise<void> => {
  const db = dbOf(connection);
  const devices = [...ids];
  await forgetBadges(
    db,
    devices.map((id) => new Types.ObjectId(id)),
  );
  await forgetCapCounts(db, [
    ...(account == null ? [] : [accountKey(hashSecret, account)]),
    ...devices.map((id) => Buffer.from(id, 'hex')),
  ]);
};

/**
 * Does what a record says from the beginning, however much of it was done before. In doubt the erasure wins: who opted in
 * anew while it lay unfinished has to do so again.
 */
export const carryOut = async (context: EraseContext, erasure: Erasure): Promise<Erased> => {
  const { device, account } = erasure;
  const asked = { ...context, now: erasure.at };
  let erased: Erased = { devices: 0, ids: new Set() };
  if (device != null) erased = await eraseDevice(asked, { _id: device });
  if (account != null) erased = await eraseAccount(asked, account);
  await forgetCounts(asked, erasure, erased.ids);
  return erased;
};

/** Once it is recorded it will be carried out, if not by this process then by another. The caller forgets the record. */
export const erase = async (
  context: EraseContext,
  what: Erasable,
): Promise<Erased & { readonly record: Erasure }> => {
  const { connection, app, now } = context;
  const record = await recordErasure(dbOf(connection), app, what, now);
  return { ...(await carryOut(context, record)), record };
};

/** Whether there is anything left of it. */
export const isHeld = async (db: mongo.Db, app: string, what: Erasable): Promise<boolean> =>
  (await devicesIn(db).findOne(
    'device' in what ? { _id: what.device, app } : { app, account: what.account },
    { projection: { _id: 1 } },
  )) != null;
