/** The devices of one chunk of registrations in memory: each registration sees what those before it did. */
import type { mongo, Types } from 'mongoose';
import type { ConsentRecord } from './consent-record.js';
import type { Device } from './device.js';
import { STATED } from './device-facts.js';
import type { Decision, Held, KeyedRegistration } from './registration.js';

/** What makes the database equal to the book. */
export interface BookWrites {
  readonly removed: Types.ObjectId[];
  readonly updated: Device[];
  /** Only presented again, nothing else changed. */
  readonly touched: Types.ObjectId[];
  readonly inserted: Device[];
  readonly records: ConsentRecord[];
}

type Fate = 'stored' | 'inserted' | 'updated' | 'touched' | 'removed';

interface Entry {
  device: Device;
  fate: Fate;
}

const tokenPlace = (tokenKey: Uint8Array, profile: string): string =>
  `${Buffer.from(tokenKey).toString('base64')}/${profile}`;

const installationPlace = (vendor: string, installationId: string): string =>
  `${vendor}/${installationId}`;

/** Fields that a registration may change; the others are set once or belong to the vendors' answers. */
const MUTABLE = [
  'profile',
  'token',
  'tokenKey',
  'installationId',
  'tags',
  ...STATED,
  'consent',
  'state',
  'stateReason',
  'stateAt',
  'registeredAt',
  'lastSeenAt',
  'updatedAt',
] as const;

/** Sets what a device has and unsets what it lacks. */
export const updateOf = (device: Device): mongo.UpdateFilter<Device> => {
  const present = MUTABLE.filter((name) => device[name] !== undefined);
  const absent = MUTABLE.filter((name) => device[name] === undefined);
  return {
    $set: Object.fromEntries(present.map((name) => [name, device[name]])),
    ...(absent.length > 0 ? { $unset: Object.fromEntries(absent.map((name) => [name, 1])) } : {}),
  };
};

export class DeviceBook {
  readonly #entries = new Map<string, Entry>();
  readonly #byToken = new Map<string, Entry>();
  readonly #byInstallation = new Map<string, Entry>();
  readonly #records: ConsentRecord[] = [];

  constructor(stored: Iterable<Device>) {
    for (const device of stored) this.#place({ device, fate: 'stored' });
  }

  held({ vendor, profile, tokenKey, installationId }: KeyedRegistration): Held {
    const byToken = this.#byToken.get(tokenPlace(tokenKey, profile))?.device;
    const byInstallation =
      installationId == null
        ? undefined
        : this.#byInstallation.get(installationPlace(vendor, installationId))?.device;
    return { ...(byToken ? { byToken } : {}), ...(byInstallation ? { byInstallation } : {}) };
  }

  apply({ device, result, removed, record }: Decision): void {
    if (removed) this.#remove(removed);
    const entry = this.#entries.get(device._id.toHexString());
    if (entry == null) {
      this.#place({ device, fate: 'inserted' });
    } else {
      this.#displace(entry);
      const fate = result === 'updated' ? 'updated' : 'touched';
      // What is new stays to be inserted, what has changed stays to be updated.
      const stays = entry.fate === 'inserted' || entry.fate === 'updated';
      this.#place({ device, fate: stays ? entry.fate : fate });
    }
    if (record) this.#records.push(record);
  }

  writes(): BookWrites {
    const of = (fate: Fate): Device[] =>
      [...this.#entries.values()]
        .filter((entry) => entry.fate === fate)
        .map(({ device }) => device);
    return {
      removed: of('removed').map(({ _id }) => _id),
      updated: of('updated'),
      touched: of('touched').map(({ _id }) => _id),
      inserted: of('inserted'),
      records: this.#records,
    };
  }

  #place(entry: Entry): void {
    const { _id, tokenKey, profile, vendor, installationId } = entry.device;
    const id = _id.toHexString();
    // Moves to the end: devices are written in the order of their last change, so a freed token is free when it is taken.
    this.#entries.delete(id);
    this.#entries.set(id, entry);
    this.#byToken.set(tokenPlace(tokenKey, profile), entry);
    if (installationId != null) {
      this.#byInstallation.set(installationPlace(vendor, installationId), entry);
    }
  }

  #displace({ device: { tokenKey, profile, vendor, installationId } }: Entry): void {
    this.#byToken.delete(tokenPlace(tokenKey, profile));
    if (installationId != null) {
      this.#byInstallation.delete(installationPlace(vendor, installationId));
    }
  }

  #remove(device: Device): void {
    const id = device._id.toHexString();
    const entry = this.#entries.get(id);
    if (entry == null) return;
    this.#displace(entry);
    // What was never stored needs no deletion.
    if (entry.fate === 'inserted') this.#entries.delete(id);
    else this.#entries.set(id, { device, fate: 'removed' });
  }
}
