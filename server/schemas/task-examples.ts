/** Examples of tasks and reports, as the documentation shows them. */

export const EXAMPLE_TASK = {
  audience: { accounts: ['customer-1042'] },
  message: {
    title: 'Your parcel is on its way',
    body: 'It arrives tomorrow between 9 and 12',
    data: { order: '1042' },
    localized: { de: { title: 'Ihr Paket ist unterwegs' } },
  },
  schedule: { ratePerSecond: 500 },
  ttlSeconds: 3600,
  reference: 'order-1042',
};

export const EXAMPLE_SUMMARY = {
  id: '5f0e6923a1b2c3d4e5f60718',
  state: 'done',
  lane: 'default',
  purpose: 'service',
  reference: 'order-1042',
  ratePerSecond: 500,
  expiresAt: '2026-11-22T11:00:00.000Z',
  timings: {
    createdAt: '2026-11-22T10:00:00.000Z',
    plannedAt: '2026-11-22T10:00:00.004Z',
    startedAt: '2026-11-22T10:00:00.006Z',
    endedAt: '2026-11-22T10:00:00.090Z',
  },
};

export const EXAMPLE_PREVIEW = {
  targeted: 120_000,
  reached: 96_512,
  byVendor: { apns: 40_101, fcm: 56_411 },
  byLocale: { de: 30_200, default: 66_312 },
  suppressed: { 'no-consent': 21_930, 'token-gone': 1_558 },
  failed: {},
  expired: {},
  held: { 'quiet-hours': 12_004 },
  unmatched: 0,
  firstAt: '2026-11-22T21:30:00.000Z',
  lastAt: '2026-11-23T07:00:00.000Z',
  estimate: { sampled: 10_000, margin: 1_127 },
};

export const EXAMPLE_RECALL = {
  id: 'a1c20e6a4f5e6d7c8b9a0b1c',
  state: 'scheduled',
  recallOf: EXAMPLE_SUMMARY.id,
};

const COUNTS = {
  targeted: 2,
  pending: 0,
  accepted: 1,
  failed: 0,
  suppressed: 1,
  expired: 0,
  cancelled: 0,
  unknown: 0,
};

export const EXAMPLE_REPORT = {
  ...EXAMPLE_SUMMARY,
  counts: COUNTS,
  unmatched: 0,
  reasons: { suppressed: { 'no-consent': 1 } },
  byVendor: { sandbox: COUNTS },
};

export const EXAMPLE_ROW = {
  device: '6921a1b2c3d4e5f607182930',
  state: 'accepted',
  vendor: 'sandbox',
  profile: 'default',
  vendorMessageId: 'sandbox-5f0e6923a1b2c3d4e5f60718',
  attempts: 1,
  at: '2026-11-22T10:00:00.088Z',
};
