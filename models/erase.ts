/** Erases a device, or a person with all their devices: first on the suppression list, then gone. */
import type { Connection, mongo, Types } from 'mongoose';
import { dbOf } from './database.js';
import type { Device } from './device.js';
import { devicesIn } from './device-store.js';
import { suppress } from './suppression-list.js';
import { accountKey } from './token-key.js';

export interface EraseContext {
  readonly connection: Connection;
  readonly app: string;
  /** The app's, opened. */
  readonly hashSecret: Buffer;
  readonly now: Date;
}

/** Devices of an account that are erased at a time. */
const STRETCH = 500;

const FIELDS = { tokenKey: 1 } as const;

type Doomed = Pick<Device, '_id' | 'tokenKey'>;

/** Only while a device still has the token that was put on the list: one that got a new token is found again. */
const remove = async (
  { connection, app, now }: EraseContext,
  doomed: readonly Doomed[],
  extra: mongo.Filter<Device>,
): Promise<number> => {
  const db = dbOf(connection);
  const keys = doomed.map(({ tokenKey }) => tokenKey);
  await suppress(
    db,
    app,
    keys.map((key) => ({ key, kind: 'token' as const })),
    now,
  );
  const { deletedCount } = await devicesIn(db).deleteMany({
    ...extra,
    _id: { $in: doomed.map(({ _id }) => _id) },
    tokenKey: { $in: keys },
  });
  return deletedCount;
};

/**
 * False when the app has no such device. Its token is put on the suppression list, not its account: that may have other
 * devices, and its holder did not ask to be forgotten. The history of its consent stays; it names nobody.
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
