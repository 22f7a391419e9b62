/** The sums of a task, read at one instant over an index that covers them. */
import type { mongo, Types } from 'mongoose';
import {
  type Batch,
  type BatchState,
  batches,
  DELIVERY_STATES,
  type DeliveryState,
  LEDGER_INDEX,
  splitCountKey,
} from './batch.js';

export type StateCounts = Record<DeliveryState, number>;

/** `targeted = pending + all states`, at every moment. */
export interface Ledger {
  targeted: number;
  pending: number;
  states: StateCounts;
  reasons: Partial<Record<DeliveryState, Record<string, number>>>;
  byVendor: Record<string, { targeted: number; pending: number } & StateCounts>;
}

type LedgerLine = Pick<Batch, 'vendor' | 'state' | 'first' | 'size' | 'counts'>;

const noCounts = (): StateCounts =>
  Object.fromEntries(DELIVERY_STATES.map((state) => [state, 0])) as StateCounts;

const VENDOR_UNKNOWN = 'none';

/** Sums lines that were read at one instant. */
export const sumLedger = (lines: Iterable<LedgerLine>): Ledger => {
  const ledger: Ledger = { targeted: 0, pending: 0, states: noCounts(), reasons: {}, byVendor: {} };
  for (const line of lines) {
    const ofVendor = (ledger.byVendor[line.vendor || VENDOR_UNKNOWN] ??= {
      targeted: 0,
      pending: 0,
      ...noCounts(),
    });
    if (line.first) {
      ledger.targeted += line.size;
      ofVendor.targeted += line.size;
    }
    if (line.state !== 'done') {
      ledger.pending += line.size;
      ofVendor.pending += line.size;
    }
    for (const [key, count] of Object.entries(line.counts)) {
      const { state, reason } = splitCountKey(key);
      ledger.states[state] += count;
      ofVendor[state] += count;
      if (reason == null) continue;
      const reasons = (ledger.reasons[state] ??= {});
      reasons[reason] = (reasons[reason] ?? 0) + count;
    }
  }
  return ledger;
};

export const LEDGER_PROJECTION = {
  _id: 0,
  vendor: 1,
  state: 1,
  first: 1,
  size: 1,
  counts: 1,
} as const;

/** Plain reads while reports run are wrong in every third case; a snapshot is exact. */
export const readLedger = async (db: mongo.Db, task: Types.ObjectId): Promise<Ledger> => {
  const lines = await batches(db)
    .find(
      { task },
      { projection: LEDGER_PROJECTION, hint: LEDGER_INDEX, readConcern: { level: 'snapshot' } },
    )
    .toArray();
  return sumLedger(lines);
};

export const ledgerBalances = ({ targeted, pending, states }: Ledger): boolean =>
  targeted === DELIVERY_STATES.reduce((sum, state) => sum + states[state], pending);

const OPEN_STATES = ['due', 'held', 'claimed', 'sending'] as const satisfies readonly BatchState[];

/** Which of these tasks have a batch that is still open, in hex: many are asked about at the price of one. */
export const withOpenBatch = async (
  db: mongo.Db,
  tasks: readonly Types.ObjectId[],
): Promise<ReadonlySet<string>> => {
  const found = await batches(db)
    .aggregate<{ _id: Types.ObjectId }>(
      [
        { $match: { task: { $in: [...tasks] }, state: { $in: [...OPEN_STATES] } } },
        { $group: { _id: '$task' } },
      ],
      { hint: LEDGER_INDEX, readConcern: { level: 'snapshot' } },
    )
    .toArray();
  return new Set(found.map(({ _id }) => _id.toHexString()));
};

/**
 * Whether a batch of this task is still open. A snapshot, because a batch that changes its state during a plain scan of the
 * index can slip past it.
 */
export const hasOpenBatch = async (db: mongo.Db, task: Types.ObjectId): Promise<boolean> =>
  (await batches(db).findOne(
    { task, state: { $in: [...OPEN_STATES] } },
    { projection: { _id: 1 }, hint: LEDGER_INDEX, readConcern: { level: 'snapshot' } },
  )) != null;
