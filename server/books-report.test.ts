import { expect } from 'chai';
import type { Finding } from '../jobs/books/finding.js';
import { findingLine, leftOf, summaryLine } from './books-report.js';

const FINDING: Finding = {
  kind: 'not-ended',
  level: 'wrong',
  app: 'shop',
  task: '6a1f0c2b9d3e4f5a6b7c8d9e',
  what: 'It is sending with nothing left to do',
  means: 'Every device has ended, but the task never does',
  mendable: true,
};
const MENDED: Finding = { ...FINDING, mended: 'It has ended now' };
const NOTICE: Finding = {
  kind: 'no-worker',
  level: 'notice',
  what: 'No worker was seen in the last minute',
  means: 'Nothing is sent',
  mendable: false,
};
const TOTALS = { tasks: 1_204, batches: 1, rows: 2_001_224, elapsedMs: 12_340 };

describe('what a check of the books tells', () => {
  it('says what, where, what it means, and what to do, in one line', () => {
    expect(findingLine(FINDING, { fix: false })).to.equal(
      'WRONG  task 6a1f0c2b9d3e4f5a6b7c8d9e of shop [not-ended]: It is sending with nothing left to do. ' +
        'Every device has ended, but the task never does. Not mended: --fix does it.',
    );
    expect(findingLine({ ...FINDING, where: 'batches' }, { fix: false })).to.include(
      'of shop, batches [',
    );
  });

  it('says what was done, or why nothing was', () => {
    expect(findingLine(MENDED, { fix: true })).to.match(/MENDED: It has ended now\.$/);
    expect(findingLine(FINDING, { fix: true })).to.include('Not mended: what is needed for it');
    const forPeople = { ...FINDING, mendable: false };
    expect(findingLine(forPeople, { fix: true })).to.include('for a person to decide');
    expect(findingLine(NOTICE, { fix: true })).to.match(
      /^NOTICE the gateway \[no-worker].*sent\.$/,
    );
  });

  it('counts what is left, and notices are not', () => {
    expect(leftOf([FINDING, MENDED, NOTICE])).to.deep.equal([FINDING]);
    expect(summaryLine([FINDING, MENDED, NOTICE], TOTALS)).to.equal(
      '2 findings: 1 mended, 1 left. Looked at 1,204 tasks, 1 batch, 2,001,224 rows in 12.3 s.',
    );
    expect(summaryLine([NOTICE], TOTALS)).to.match(/^The books balance\. Looked at 1,204 tasks/);
  });
});
