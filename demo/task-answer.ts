/** The part of `GET /v1/tasks/:task` that the demo reads. */

export const DELIVERY_STATES = [
  'accepted',
  'failed',
  'suppressed',
  'expired',
  'cancelled',
  'unknown',
] as const;
export type DeliveryState = (typeof DELIVERY_STATES)[number];

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
