/** What a dispatch found out about the devices of a batch. `index` is a device's place in it. */
import type { DeliveryState } from '../models/batch.js';

/** A device of the batch that has reached its final state. */
export interface Ended {
  readonly index: number;
  readonly state: DeliveryState;
  readonly reason?: string;
  readonly messageId?: string;
  /** When the cap that stopped it has room again. */
  readonly freesAt?: Date;
}

/** A device of the batch that is tried again. */
export interface Again {
  readonly index: number;
  readonly reason: string;
  readonly afterMs: number;
  readonly countsAsAttempt: boolean;
  readonly atOnce?: true;
  /** Not before this instant, in milliseconds since 1970, and no later than need be: nothing is wrong with the device. */
  readonly atMs?: number;
  readonly maybe: boolean;
}

export interface BatchResult {
  readonly ended: readonly Ended[];
  readonly again: readonly Again[];
  /** Still on their way: they go into a batch that this process is already sending. */
  readonly stragglers?: readonly number[];
}
