/** Stragglers are followed outside the slots of their lane, but not without bound. */
import { BATCH_SIZE } from './cut.js';

export interface Stragglers {
  /** Resolves at once while few devices are waited for, else when `work` is done. `work` must not reject. */
  follow(devices: number, work: Promise<void>): Promise<void>;
}

/** Few enough for a vendor to answer before the last of them run into their deadline. */
const MOST_DEVICES = 10 * BATCH_SIZE;

/** Behind a vendor that is slow for everybody, slots that never wait would claim a whole campaign into memory. */
export const createStragglers = (mostDevices = MOST_DEVICES): Stragglers => {
  let waiting = 0;
  return {
    async follow(devices, work) {
      waiting += devices;
      const done = work.finally(() => {
        waiting -= devices;
      });
      if (waiting > mostDevices) await done;
    },
  };
};
