/** The part of `GET /v1/tasks/:task` that the demo reads. */
import type { DeliveryState } from '../models/batch.js';

export type Counts = { targeted: number; pending: number } & Record<DeliveryState, number>;

export interface TaskAnswer {
  readonly id: string;
  readonly state: string;
  readonly failure?: string;
  readonly timings: { readonly plannedAt?: string };
  readonly counts: Counts;
  /** Accounts without a device; outside the ledger. */
  readonly unmatched: number;
  readonly reasons: Readonly<Partial<Record<DeliveryState, Readonly<Record<string, number>>>>>;
  readonly byVendor: Readonly<Record<string, Counts>>;
}
