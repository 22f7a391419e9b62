import { expect } from 'chai';
import { alignTable, reportTable } from './report-table.js';
import type { Counts, TaskAnswer } from './task-answer.js';

const counts = (given: Partial<Counts>): Counts => ({
  targeted: 0,
  pending: 0,
  accepted: 0,
  failed: 0,
  suppressed: 0,
  expired: 0,
  cancelled: 0,
  unknown: 0,
  ...given,
});

const task = (given: Partial<TaskAnswer> = {}): TaskAnswer => ({
  id: '5f0e6923a1b2c3d4e5f60718',
  state: 'done',
  timings: {},
  counts: counts({ targeted: 10_000, accepted: 9_285, failed: 115, suppressed: 600 }),
  unmatched: 0,
  reasons: {
    suppressed: { 'no-consent': 600 },
    failed: { Unregistered: 40, UNREGISTERED: 75 },
  },
  byVendor: {
    fcm: counts({ targeted: 6_000, accepted: 5_625, failed: 75, suppressed: 300 }),
    apns: counts({ targeted: 4_000, accepted: 3_660, failed: 40, suppressed: 300 }),
  },
  ...given,
});

const PACE = { mostDevices: 9_500, mostMs: 500, allMs: 11_230 };

describe('alignTable', () => {
  it('aligns texts to the left and numbers to the right, with their headings', () => {
    expect(
      alignTable([
        ['', 'sum'],
        ['a long name', 5],
        ['b', 12_345],
      ]),
    ).to.deep.equal(['                sum', 'a long name       5', 'b            12,345']);
  });
});

describe('reportTable', () => {
  it('shows counts by vendor and together, reasons largest first, and the pace', () => {
    expect(reportTable('Everybody', task(), PACE)).to.equal(
      [
        'Everybody (task 5f0e6923a1b2c3d4e5f60718)',
        '  done, 19,000 devices/s: 9,500 through after 0.50 s, the last after 11.23 s',
        '',
        '            targeted  accepted  failed  suppressed  pending',
        '  apns         4,000     3,660      40         300        0',
        '  fcm          6,000     5,625      75         300        0',
        '  together    10,000     9,285     115         600        0',
        '',
        '  failed      UNREGISTERED   75',
        '  failed      Unregistered   40',
        '  suppressed  no-consent    600',
      ].join('\n'),
    );
  });

  it('shows pending devices and states that should not be there', () => {
    const unfinished = task({
      counts: counts({ targeted: 3, pending: 1, unknown: 2 }),
      reasons: {},
    });
    expect(reportTable('x', unfinished, PACE)).to.match(
      /targeted {2}accepted {2}unknown {2}pending\n.*\n.*\n {2}together +3 +0 +2 +1$/,
    );
  });

  it('says how many accounts have no device, and why a task failed', () => {
    const text = reportTable(
      'x',
      task({ unmatched: 3, state: 'failed', failure: 'no-reason' }),
      PACE,
    );
    expect(text).to.include('3 accounts have no device').and.include('failed, no-reason, ');
  });
});
