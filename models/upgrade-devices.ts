/**
 * Gives devices that were stored by an older gateway what expressions are compared with: the key of their version, the platform,
 * and when they were last seen. Once for a database; done again in part, or by two processes, it changes nothing more.
 */
import type { mongo, Types } from 'mongoose';
import type { Device } from './device.js';
import { devicesIn } from './device-store.js';
import { versionKey } from './expression/version.js';
import { repeated } from './repeated.js';

const DONE = 'device-facts';
const STRETCH = 5_000;

interface Upgrade {
  _id: string;
  /** Everything up to this device is done. */
  cursor?: Types.ObjectId;
  /** When all was done. */
  at?: Date;
}

const upgradesIn = (db: mongo.Db): mongo.Collection<Upgrade> => db.collection<Upgrade>('upgrades');

type Versioned = Pick<Device, '_id' | 'appVersion'>;

/** An app has few versions, so few updates. */
const keysOf = (devices: readonly Versioned[]): mongo.AnyBulkWriteOperation<Device>[] => {
  const byVersion = new Map<string, Types.ObjectId[]>();
  for (const { _id, appVersion } of devices) {
    if (appVersion == null) continue;
    byVersion.set(appVersion, [...(byVersion.get(appVersion) ?? []), _id]);
  }
  return [...byVersion].flatMap(([appVersion, ids]) => {
    const appVersionKey = versionKey(appVersion);
    if (appVersionKey == null) return [];
    // Only while it is still the same version.
    const filter = { _id: { $in: ids }, appVersion };
    return [{ updateMany: { filter, update: { $set: { appVersionKey } } } }];
  });
};

/** Nobody knew whether it was the app or an import that presented a token: what is known is the best guess. */
const factsOf = (
  devices: readonly Versioned[],
  platforms: ReadonlyMap<string, string>,
): mongo.AnyBulkWriteOperation<Device> => {
  const branches = [...platforms].map(([vendor, platform]) => ({
    case: { $eq: ['$vendor', vendor] },
    then: platform,
  }));
  const usual = branches.length === 0 ? '$$REMOVE' : { $switch: { branches, default: '$$REMOVE' } };
  return {
    updateMany: {
      filter: { _id: { $in: devices.map(({ _id }) => _id) } },
      update: [
        {
          $set: {
            platform: { $ifNull: ['$platform', usual] },
            lastSeenAt: { $ifNull: ['$lastSeenAt', '$registeredAt'] },
          },
        },
      ],
    },
  };
};

/** The last of the stretch behind `after`, once it is upgraded; undefined when there is none. */
const upgradeStretch = async (
  db: mongo.Db,
  platforms: ReadonlyMap<string, string>,
  after: Types.ObjectId | undefined,
): Promise<Types.ObjectId | undefined> => {
  const devices: Versioned[] = await devicesIn(db)
    .find(after ? { _id: { $gt: after } } : {}, { projection: { appVersion: 1 } })
    .sort({ _id: 1 })
    .limit(STRETCH)
    .toArray();
  const last = devices.at(-1)?._id;
  if (last == null) return undefined;
  await devicesIn(db).bulkWrite([...keysOf(devices), factsOf(devices, platforms)]);
  // Of two processes, the one that is behind only does a stretch again.
  await upgradesIn(db).updateOne({ _id: DONE }, { $set: { cursor: last } }, { upsert: true });
  return last;
};

/** `platforms`: what devices usually run on, by vendor. Trouble of the database repeats a stretch, not the whole. */
export const upgradeDevices = async (
  db: mongo.Db,
  platforms: ReadonlyMap<string, string>,
  now: Date,
): Promise<void> => {
  const earlier = await repeated(() => upgradesIn(db).findOne({ _id: DONE }));
  if (earlier?.at != null) return;
  for (let after = earlier?.cursor; ; ) {
    const behind = after;
    after = await repeated(() => upgradeStretch(db, platforms, behind));
    if (after == null) break;
  }
  await repeated(() =>
    upgradesIn(db).updateOne(
      { _id: DONE },
      { $set: { at: now }, $unset: { cursor: '' } },
      { upsert: true },
    ),
  );
};
