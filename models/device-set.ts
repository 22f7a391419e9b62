/** Some devices in memory, read and written in one transaction: each change sees what those before it did. */
import type { mongo, Types } from 'mongoose';
import { type ConsentRecord, consentRecordsIn } from './consent-record.js';
import type { Device } from './device.js';
import { updateOf } from './device-book.js';
import { devicesIn } from './device-store.js';

/** One device, or all that an account has. */
export type Named = { readonly device: Types.ObjectId } | { readonly account: string };

export class DeviceSet {
  readonly #devices: Map<string, Device>;
  readonly #changed = new Set<string>();
  readonly #records: ConsentRecord[] = [];

  private constructor(devices: readonly Device[]) {
    this.#devices = new Map(devices.map((device) => [device._id.toHexString(), device]));
  }

  static async read(
    db: mongo.Db,
    app: string,
    named: readonly Named[],
    session: mongo.ClientSession,
  ): Promise<DeviceSet> {
    const find = (filter: mongo.Filter<Device>): Promise<Device[]> =>
      devicesIn(db).find(filter, { session, promoteBuffers: true, batchSize: 10_000 }).toArray();
    const ids = named.flatMap((name) => ('device' in name ? name.device : []));
    const accounts = named.flatMap((name) => ('account' in name ? name.account : []));
    // One after the other: a session takes one operation at a time.
    const byId = ids.length === 0 ? [] : await find({ app, _id: { $in: ids } });
    const byAccount = accounts.length === 0 ? [] : await find({ app, account: { $in: accounts } });
    return new DeviceSet([...byId, ...byAccount]);
  }

  of(named: Named): Device[] {
    if ('account' in named) {
      return [...this.#devices.values()].filter(({ account }) => account === named.account);
    }
    const device = this.#devices.get(named.device.toHexString());
    return device == null ? [] : [device];
  }

  change(device: Device, record?: ConsentRecord): void {
    const id = device._id.toHexString();
    this.#devices.set(id, device);
    this.#changed.add(id);
    if (record != null) this.#records.push(record);
  }

  get changed(): Types.ObjectId[] {
    return [...this.#changed].map((id) => (this.#devices.get(id) as Device)._id);
  }

  async write(db: mongo.Db, session: mongo.ClientSession): Promise<void> {
    const updates = [...this.#changed].map((id) => {
      const device = this.#devices.get(id) as Device;
      return { updateOne: { filter: { _id: device._id }, update: updateOf(device) } };
    });
    if (updates.length > 0) await devicesIn(db).bulkWrite(updates, { session, ordered: true });
    if (this.#records.length > 0) {
      await consentRecordsIn(db).insertMany(this.#records, { session });
    }
  }
}
