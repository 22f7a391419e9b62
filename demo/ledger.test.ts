import { expect } from 'chai';
import { compareAccepted, ledgerFaults } from './ledger.js';
import type { Counts, TaskAnswer } from './task-answer.js';

const counts = (given: Partial<Counts> = {}): Counts => ({
  targeted: 3,
  pending: 0,
  accepted: 2,
  failed: 0,
  suppressed: 1,
  expired: 0,
  cancelled: 0,
  unknown: 0,
  ...given,
});
const task = (given: Partial<TaskAnswer> = {}): TaskAnswer => ({
  id: 'a',
  state: 'done',
  timings: {},
  counts: counts(),
  unmatched: 0,
  reasons: {},
  byVendor: { fcm: counts() },
  ...given,
});
const ROWS = [
  { device: '1', state: 'accepted' },
  { device: '2', state: 'accepted' },
  { device: '3', state: 'suppressed' },
];

describe('ledgerFaults', () => {
  it('finds none in a report that balances', () => {
    expect(ledgerFaults(task(), ROWS)).to.deep.equal([]);
  });

  const faults: [string, Partial<TaskAnswer>, RegExp][] = [
    ['a task that is not done', { state: 'sending' }, /is sending/],
    ['a task to nobody', { counts: counts({ targeted: 0 }) }, /targeted nobody/],
    ['pending devices', { counts: counts({ pending: 1, accepted: 1 }) }, /1 pending/],
    ['states that miss a device', { counts: counts({ targeted: 4 }) }, /targeted 4.*up to 3/],
    ['a vendor whose states miss a device', { byVendor: { fcm: counts({ targeted: 4 }) } }, /fcm/],
    [
      'a device counted at two vendors',
      { byVendor: { fcm: counts(), apns: counts() } },
      /accepted: 2, but the vendors sum up to 4/,
    ],
  ];
  for (const [name, given, words] of faults) {
    it(`finds ${name}`, () => {
      expect(ledgerFaults(task(given), ROWS).join('\n')).to.match(words);
    });
  }

  it('finds a device with two rows, and one without', () => {
    const twice = [...ROWS.slice(0, 2), ROWS[1]!];
    expect(ledgerFaults(task(), twice).join('\n'))
      .to.match(/3 rows, but 2 devices/)
      .and.match(/suppressed: 1 counted, but 0 rows/);
  });
});

describe('compareAccepted', () => {
  it('sums the reports by vendor beside what the vendors counted', () => {
    const both = [task(), task({ byVendor: { fcm: counts(), apns: counts({ accepted: 1 }) } })];
    expect(compareAccepted(both, { fcm: 4, harmony: 0 })).to.deep.equal([
      { vendor: 'apns', reported: 1, counted: 0 },
      { vendor: 'fcm', reported: 4, counted: 4 },
      { vendor: 'harmony', reported: 0, counted: 0 },
    ]);
  });
});
