/** Finds the devices that were read for a batch by the ids that the batch has. */
import type { DeviceView } from './eligibility.js';

/** The device with these bytes as its id. */
export type FindDevice = (id: Buffer) => DeviceView | undefined;

/** Devices mostly come in the order of the batch: then none of them is looked up by its id. */
export const finderOf = (found: readonly DeviceView[]): FindDevice => {
  let next = 0;
  let byId: ReadonlyMap<string, DeviceView> | undefined;
  return (id) => {
    const device = found[next];
    if (device != null && id.equals(device._id.id)) {
      next += 1;
      return device;
    }
    byId ??= new Map(found.map((one) => [one._id.toHexString(), one]));
    return byId.get(id.toString('hex'));
  };
};
