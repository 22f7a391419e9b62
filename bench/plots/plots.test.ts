import { expect } from 'chai';
import { figure, type KeptResult } from '../result.js';
import { summary } from '../statistics.js';
import { cpuName, rateName } from '../transport-names.js';
import { barChart } from './bar-chart.js';
import { drawPlots } from './plots.js';

const machine = {
  cpu: 'Made-up <CPU>',
  cores: 2,
  memoryGb: 8,
  node: 'v20.19.0',
  commit: 'abc1234',
  date: '2026-11-22T10:00:01.234Z',
  loadBefore: 0.1,
};

const result = (overrides: Partial<KeptResult> = {}): KeptResult => ({
  part: 'transport',
  setting: ['sink nginx on loopback', 'another line'],
  machine,
  disturbance: { loadAfter: 1, stolenPercent: 0.2 },
  figures: [
    figure(cpuName('apns', 'own'), 'us/push', 9, 10, 11),
    figure(cpuName('apns', 'node-apn'), 'us/push', 150),
    figure(rateName('apns', 'own'), 'pushes/s', 90_000),
  ].map((one) => ({ ...one, ...summary(one.values) })),
  ...overrides,
});

const widths = (svg: string): number[] =>
  [...svg.matchAll(/<rect x="\d+" y="\d+" width="([\d.]+)"/g)].map(([, width]) => Number(width));

describe('the plots of the benchmark', () => {
  it('draws what a result has, and nothing of a part that was not measured', () => {
    const plots = drawPlots([result()]);
    expect(plots.map(({ file }) => file)).to.deep.equal([
      'transport-cpu.svg',
      'transport-rate.svg',
    ]);
    expect(drawPlots([])).to.deep.equal([]);
    expect(drawPlots([result({ figures: [] })])).to.deep.equal([]);
  });

  it('draws bars as long as their medians, with the figures beside them', () => {
    const [cpu] = drawPlots([result()]);
    const [own = 0, nodeApn = 0, ...others] = widths(cpu?.svg ?? '');
    expect(others).to.deep.equal([]);
    expect(nodeApn / own).to.be.closeTo(15, 0.05);
    for (const text of ['our engine', '@parse/node-apn', '>10<', '>150<', 'APNs-like']) {
      expect(cpu?.svg).to.include(text);
    }
    expect(cpu?.svg).not.to.include('FCM-like');
  });

  it('says where the figures are from, in text that XML takes', () => {
    const [cpu] = drawPlots([result()]);
    for (const text of ['Made-up &lt;CPU&gt;', 'abc1234', '2026-11-22', 'sink nginx on loopback']) {
      expect(cpu?.svg).to.include(text);
    }
    expect(cpu?.svg).not.to.include('<CPU>');
    expect(cpu?.svg).not.to.include('busy');
  });

  it('says so when the machine was busy, with others or with a hypervisor', () => {
    const loaded = result({ machine: { ...machine, loadBefore: 5 } });
    const stolen = result({ disturbance: { loadAfter: 1, stolenPercent: 40 } });
    for (const one of [loaded, stolen]) {
      expect(drawPlots([one])[0]?.svg).to.include('The machine was busy');
    }
  });

  it('takes the first of several results of a part', () => {
    const older = result({ machine: { ...machine, commit: 'older' } });
    expect(drawPlots([result(), older])[0]?.svg)
      .to.include('abc1234')
      .and.not.include('older');
  });

  it('shows how an audience grows in the order of the figures', () => {
    const figures = [
      figure('1,000 devices: end to end', 'devices/s', 900),
      figure('10,000 devices: end to end', 'devices/s', 1_000),
    ].map((one) => ({ ...one, ...summary(one.values) }));
    const [rate, ...others] = drawPlots([result({ part: 'memory', figures })]);
    expect(others).to.deep.equal([]);
    expect(rate?.svg).to.match(/>1,000 devices<[^]*>900<[^]*>10,000 devices<[^]*>1,000</);
  });

  it('refuses to draw nothing', () => {
    const none = { title: 'CPU', unit: 'us', groups: [], notes: [] };
    expect(() => barChart(none)).to.throw('There is nothing to draw for CPU');
  });
});
