/** Erases a device, or a person with all their devices: first on the suppression list, then gone. */
import type { Connection, mongo, Types } from 'mongoose';
import { dbOf } from './database.js';
import type { Device } from './device.js';
import { devicesIn } from './device-store.js';
import { type SuppressionEntry, suppress } from './suppression-list.js';
import { accountKey, installationKey } from './token-key.js';

export interface EraseContext {
  readonly connection: Connection;
  readonly app: string;
  /** The app's, opened. */
  readonly hashSecret: Buffer;
  readonly now: Date;
}

/** Devices of an account that are erased at a time. */
const STRETCH = 500;

const FIELDS = { vendor: 1, tokenKey: 1, installationId: 1 } as const;

type Doomed = Pick<Device, '_id' | 'vendor' | 'tokenKey' | 'installationId'>;

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

/**
 * False when the app has no such device. Its token and its installation are put on the suppression list, not its account:
 * that may have other devices, and its holder did not ask to be forgotten. The history of its consent stays; it names nobody.
 */
export const eraseDevice = async (context: EraseContext, id: Types.ObjectId): Promise<boolean> => {
  const { connection, app } = context;
  const devices = devicesIn(dbOf(connection));
  let found = false;
  for (;;) {
    const device = await devices.findOne(
      { _id: id, app },
      { projection: FIELDS, promoteBuffers: true },
    );
    if (device == null) return found;
    found = true;
    await remove(context, [device], { app });
  }
};

/** Puts the account on the suppression list, also when it has no device: an import may bring one tomorrow. Devices erased. */
export const eraseAccount = async (context: EraseContext, account: string): Promise<number> => {
  const { connection, app, hashSecret, now } = context;
  const db = dbOf(connection);
  await suppress(db, app, [{ key: accountKey(hashSecret, account), kind: 'account' }], now);
  let erased = 0;
  for (;;) {
    const doomed = await devicesIn(db)
      .find({ app, account }, { projection: FIELDS, promoteBuffers: true, limit: STRETCH })
      .toArray();
    if (doomed.length === 0) return erased;
    erased += await remove(context, doomed, { app, account });
  }
};
