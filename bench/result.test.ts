import { expect } from 'chai';
import { figure, fileName, marked, resultTable } from './result.js';

const MACHINE = {
  cpu: 'made up',
  cores: 2,
  memoryGb: 8,
  node: 'v20.19.0',
  commit: 'abc1234',
  date: '2026-11-22T10:00:01.234Z',
  loadBefore: 0,
};

describe('the result of a part', () => {
  it('shows median and spread of several runs, and only the value of a single one', () => {
    const lines = resultTable({
      part: 'pipeline',
      setting: [],
      figures: [
        figure('end to end', 'devices/s', 5_200.4, 4_800.2, 5_100.3),
        figure('growth', 'MB', 12.345),
      ],
    });
    expect(lines).to.deep.equal([
      '            median  least   most  unit',
      'end to end   5,100  4,800  5,200  devices/s',
      'growth        12.3                MB',
    ]);
  });

  it('shows what must be reached where there is such a thing', () => {
    const cpu = marked(figure('CPU', 'us/push', 9), 'at most 18');
    const rate = figure('rate', 'pushes/s', 9_000);
    expect(resultTable({ part: 'transport', setting: [], figures: [cpu, rate] })).to.deep.equal([
      '      median  least  most  unit      mark',
      'CPU        9               us/push   at most 18',
      'rate   9,000               pushes/s',
    ]);
  });

  it('is kept under its part and date, in a name that every file system takes', () => {
    expect(fileName('latency', MACHINE)).to.equal('latency-2026-11-22T100001.json');
  });
});
