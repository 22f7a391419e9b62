/** Reads and writes devices in bulk, in a caller's transaction, through the driver. */
import type { mongo } from 'mongoose';
import { consentRecordsIn } from './consent-record.js';
import type { Device } from './device.js';
import { type BookWrites, DeviceBook, updateOf } from './device-book.js';
import type { KeyedRegistration, RegistrationContext } from './registration.js';

export const devicesIn = (db: mongo.Db): mongo.Collection<Device> =>
  db.collection<Device>('devices');

/** Installations, by vendor, whose devices are not among the known ones. */
const unknownInstallations = (
  requests: readonly KeyedRegistration[],
  known: Iterable<Device>,
): Map<string, string[]> => {
  const seen = new Set<string>();
  for (const { vendor, installationId } of known) seen.add(`${vendor}/${installationId}`);
  const byVendor = new Map<string, string[]>();
  for (const { vendor, installationId } of requests) {
    if (installationId == null || seen.has(`${vendor}/${installationId}`)) continue;
    const ids = byVendor.get(vendor) ?? [];
    byVendor.set(vendor, ids);
    ids.push(installationId);
  }
  return byVendor;
};

/** Every device that one of the requests may be about. */
export const readBook = async (
  db: mongo.Db,
  app: string,
  requests: readonly KeyedRegistration[],
  session: mongo.ClientSession,
): Promise<DeviceBook> => {
  const find = (filter: mongo.Filter<Device>): Promise<Device[]> =>
    devicesIn(db).find(filter, { session, promoteBuffers: true, batchSize: 10_000 }).toArray();

  const tokenKeys = requests.map(({ tokenKey }) => tokenKey);
  const devices = await find({ app, tokenKey: { $in: tokenKeys } });
  // One after the other: a session takes one operation at a time.
  for (const [vendor, ids] of unknownInstallations(requests, devices)) {
    devices.push(...(await find({ app, vendor, installationId: { $in: ids } })));
  }
  return new DeviceBook(devices);
};

/** Makes the database equal to a book. Rejects with a duplicate key when others took a token or an installation. */
export const writeBook = async (
  db: mongo.Db,
  { removed, updated, touched, inserted, records }: BookWrites,
  { cause, now }: Pick<RegistrationContext, 'cause' | 'now'>,
  session: mongo.ClientSession,
): Promise<void> => {
  const devices = devicesIn(db);
  // In this order: what a device gives up is free before another takes it.
  if (removed.length > 0) await devices.deleteMany({ _id: { $in: removed } }, { session });
  if (updated.length > 0) {
    const updates = updated.map((device) => ({
      updateOne: { filter: { _id: device._id }, update: updateOf(device) },
    }));
    await devices.bulkWrite(updates, { session, ordered: true });
  }
  if (touched.length > 0) {
    const seen = cause === 'registration' ? { lastSeenAt: now } : {};
    const update = { $set: { registeredAt: now, ...seen } };
    await devices.updateMany({ _id: { $in: touched } }, update, { session });
  }
  if (inserted.length > 0) await devices.insertMany(inserted, { session });
  if (records.length > 0) await consentRecordsIn(db).insertMany(records, { session });
};
