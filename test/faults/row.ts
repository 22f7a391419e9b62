/** What a row of the table says: where which fault strikes, what the task is like, and what is to come of it. */
import type { FaultPoint } from '../../jobs/fault-point.js';
import type { Timings } from '../../jobs/parts.js';
import type { Fault as VendorFault } from '../../simulators/index.js';

export const VENDORS = ['fcm', 'apns', 'harmony'] as const;
export type VendorName = (typeof VENDORS)[number];

/** How many devices of each vendor are eligible; beside them are some that are not (fleet.ts). */
export type Mix = Partial<Record<VendorName, number>>;

/** Where it strikes: a gateway comes to a point, or the vendors have got so much. */
export type Place = FaultPoint | `vendor:${number}`;

export const PROCESS_FAULTS = ['SIGKILL', 'SIGTERM', 'SIGSTOP'] as const;
export type ProcessFault = (typeof PROCESS_FAULTS)[number];

export const DATABASE_FAULTS = [
  /** Killed, and started again on the same data. */
  'mongod killed',
  /** The connection breaks before the commit is made. */
  'commit cut',
  /** The commit is made, and the connection breaks before the answer. */
  'commit answer lost',
  /** The commit is made, but the answer says that it failed. */
  'commit denied',
  /** Every write conflicts, twenty times. */
  'write conflicts',
  /** The connection breaks at each of the next inserts. */
  'inserts cut',
  /** The connection breaks at each of the next updates. */
  'updates cut',
] as const;
export type DatabaseFault = (typeof DATABASE_FAULTS)[number];

export const CALLER_FAULTS = [
  'cancel',
  'pause and resume',
  /** The process dies in the middle of the verb. */
  'cancel, SIGKILL',
  'pause, SIGKILL, resume',
  'resume, SIGKILL',
] as const;
export type CallerFault = (typeof CALLER_FAULTS)[number];

/** A number, or not more than so many. */
export type Amount = number | { readonly atMost: number };

export interface Row {
  readonly at?: Place;
  /** The process, database or caller at fault; vendors' faults are in `vendors`. */
  readonly fault?: ProcessFault | DatabaseFault | CallerFault;
  /** The fault strikes when the point is reached for the nth time. */
  readonly nth?: number;
  readonly vendors?: Partial<Record<VendorName, readonly VendorFault[]>>;
  /** Tells rows apart whose other columns are the same. */
  readonly note?: string;
  readonly ifUnsure: 'leave' | 'resend';
  readonly mix: Mix;
  /** Devices without consent, on top: they make an audience large and cost little. */
  readonly refusing?: number;
  /** Who goes on after a process died: it itself, started again (default), or another that lives already. */
  readonly heir?: 'restart' | 'survivor';
  /** The heir dies there, too, and yet another goes on. */
  readonly then?: FaultPoint;
  /** `all` is planned by a job, a short `list` while the caller waits. Default `all`. */
  readonly audience?: 'all' | 'list';
  /** Sent without an Idempotency-Key: a short list is then handed to its vendor right away. */
  readonly keyless?: boolean;
  readonly timings?: Partial<Timings>;
  /** The caller stops it while it is planned: `targeted` is what was planned by then. */
  readonly inPart?: boolean;
  /** Eligible devices that end `unknown`; 0 by default. With `resend`, only for what the caller stopped. */
  readonly unknown?: Amount;
  /** Eligible devices that get it more than once; 0 by default, and always with `leave`. */
  readonly repeated?: Amount;
  /** Eligible devices that end `cancelled`; 0 by default. */
  readonly cancelled?: Amount;
  /** Retries wait at least so long; it is then made to pass at once. */
  readonly waitsMs?: number;
}

const mixName = (mix: Mix): string =>
  VENDORS.flatMap((vendor) => (mix[vendor] == null ? [] : `${mix[vendor]} ${vendor}`)).join(' + ');

const faultsName = ({ vendors }: Row): string =>
  VENDORS.flatMap((vendor) =>
    (vendors?.[vendor] ?? []).map(
      ({ kind, delivered }) => `${vendor} ${kind}${delivered ? ', delivered' : ''}`,
    ),
  ).join(', ');

/** Unique in the table. */
export const rowName = (row: Row): string =>
  [
    [row.fault, row.vendors && faultsName(row)].filter(Boolean).join(' and '),
    row.at && `at ${row.at}${row.nth == null ? '' : ` (${row.nth})`}`,
    row.note,
    row.audience === 'list' ? `a list${row.keyless ? ' without a key' : ''}` : '',
    row.heir === 'survivor' ? 'a survivor' : '',
    row.then && `then at ${row.then}`,
    row.ifUnsure,
    mixName(row.mix),
  ]
    .filter(Boolean)
    .join(' | ');
