/** Rows in which a vendor fails: each fault with each vendor and each wish of the caller; the other vendors notice nothing. */
import type { Fault as VendorFault } from '../../simulators/index.js';
import { type Amount, type Row, VENDORS, type VendorName } from './row.js';

/** What a vendor does to twenty requests, and what that leaves in doubt. Harmony takes all devices in one request. */
interface VendorLine {
  readonly fault: VendorFault;
  /** The answer does not say that nobody got it. */
  readonly unsure: readonly VendorName[];
  /** What the vendor's word, or the fact sheet, makes a retry wait for at least. */
  readonly waitsMs?: Partial<Record<VendorName, number>>;
  /** More than the twenty may be struck: whatever shares the connection. */
  readonly spreads?: boolean;
  readonly timings?: Row['timings'];
}

const SIZE = 100;
const COUNT = 20;
const QUARTER_HOUR_MS = 15 * 60_000;
const TROUBLE_MS = { fcm: 10_000, apns: QUARTER_HOUR_MS, harmony: 10_000 };

const VENDOR_LINES: VendorLine[] = [
  { fault: { kind: 'goaway', after: 50, count: 1 }, unsure: [] },
  { fault: { kind: 'refused-stream', count: COUNT }, unsure: [] },
  { fault: { kind: 'stop-accepting', count: 2 }, unsure: [] },
  { fault: { kind: 'stream-reset', count: COUNT }, unsure: VENDORS },
  { fault: { kind: 'stream-reset', count: COUNT, delivered: true }, unsure: VENDORS },
  { fault: { kind: 'cut', after: 50, count: 1 }, unsure: VENDORS, spreads: true },
  { fault: { kind: 'cut', after: 50, count: 1, delivered: true }, unsure: VENDORS, spreads: true },
  { fault: { kind: 'unavailable', count: COUNT }, unsure: VENDORS, waitsMs: TROUBLE_MS },
  {
    fault: { kind: 'unavailable', count: COUNT, delivered: true },
    unsure: VENDORS,
    waitsMs: TROUBLE_MS,
  },
  { fault: { kind: 'html-502', count: COUNT }, unsure: VENDORS, waitsMs: TROUBLE_MS },
  {
    fault: { kind: 'too-many-requests', count: COUNT, retryAfterSeconds: 30 },
    unsure: ['harmony'],
    waitsMs: { fcm: 30_000, apns: 10_000, harmony: 10_000 },
  },
  { fault: { kind: 'slow', delayMs: 900 }, unsure: [], timings: { stragglerMs: 300 } },
];

const vendorRow = (line: VendorLine, vendor: VendorName, ifUnsure: Row['ifUnsure']): Row => {
  const { fault, waitsMs, spreads, timings } = line;
  const isUnknown = ifUnsure === 'leave' && line.unsure.includes(vendor);
  const isOneRequest = vendor === 'harmony';
  const { after: _, ...fromTheFirst } = fault;
  const struck = isOneRequest ? SIZE : COUNT;
  const amount: Amount = spreads ? { atMost: SIZE } : struck;
  const waits = waitsMs?.[vendor];
  return {
    vendors: { [vendor]: [isOneRequest ? { ...fromTheFirst, count: 1 } : fault] },
    ifUnsure,
    mix: { fcm: SIZE, apns: SIZE, harmony: SIZE },
    ...(timings == null ? {} : { timings }),
    ...(isUnknown ? { unknown: amount } : {}),
    ...((fault.delivered || spreads) && ifUnsure === 'resend' ? { repeated: amount } : {}),
    ...(waits == null || isUnknown ? {} : { waitsMs: waits }),
  };
};

export const VENDOR_ROWS: Row[] = VENDOR_LINES.flatMap((line) =>
  VENDORS.flatMap((vendor) =>
    (['leave', 'resend'] as const).map((ifUnsure) => vendorRow(line, vendor, ifUnsure)),
  ),
);
