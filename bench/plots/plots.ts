/** Which plots there are, and what each takes of the results. Pure. */
import { formatCount } from '../../demo/report-table.js';
import { CONTENDERS, SHAPES, WORDS } from '../contenders.js';
import type { KeptResult } from '../result.js';
import { rounded } from '../statistics.js';
import { cpuName, LIKE, rateName } from '../transport-names.js';
import { type Bar, type BarGroup, barChart } from './bar-chart.js';

/** Above this, what was measured is marked as measured on a busy machine. */
const QUIET_STOLEN_PERCENT = 1;
const QUIET_LOAD_A_CORE = 0.25;

export interface Plot {
  /** Without its folder. */
  readonly file: string;
  readonly svg: string;
}

interface Drawing {
  readonly file: string;
  readonly part: string;
  readonly title: string;
  readonly unit: string;
  readonly groups: (result: KeptResult) => readonly BarGroup[];
}

/** Nothing when the result has no such figure. */
const barOf = ({ figures }: KeptResult, name: string, label: string): Bar[] => {
  const found = figures.find((figure) => figure.name === name);
  if (found == null) return [];
  const { median, least, most } = found;
  return [{ label, median, least, most }];
};

const byContender =
  (nameOf: typeof cpuName) =>
  (result: KeptResult): BarGroup[] =>
    SHAPES.map((shape) => ({
      name: LIKE[shape],
      bars: CONTENDERS.flatMap((contender) =>
        barOf(result, nameOf(shape, contender), WORDS[contender]),
      ),
    }));

const byProcess = (result: KeptResult): BarGroup[] => [
  {
    name: 'by process',
    bars: ['gateway', 'mongod', 'sink'].flatMap((name) => barOf(result, `CPU of ${name}`, name)),
  },
];

/** By number of devices, as the figures are named. */
const bySize =
  (of: string) =>
  (result: KeptResult): BarGroup[] => [
    {
      name: 'by audience',
      bars: result.figures.flatMap(({ name }) => {
        const [size, figure] = name.split(': ');
        return figure === of && size != null ? barOf(result, name, size) : [];
      }),
    },
  ];

const DRAWINGS: readonly Drawing[] = [
  {
    file: 'transport-cpu.svg',
    part: 'transport',
    title: 'CPU of the sender for each push',
    unit: 'microseconds, less is better',
    groups: byContender(cpuName),
  },
  {
    file: 'transport-rate.svg',
    part: 'transport',
    title: 'Pushes a second from one process',
    unit: 'more is better',
    groups: byContender(rateName),
  },
  {
    file: 'pipeline-cpu.svg',
    part: 'pipeline',
    title: 'CPU for each device through the whole gateway',
    unit: 'microseconds, less is better',
    groups: byProcess,
  },
  {
    file: 'memory-rate.svg',
    part: 'memory',
    title: 'Devices a second as audiences grow',
    unit: 'more is better',
    groups: bySize('end to end'),
  },
  {
    file: 'memory-peak.svg',
    part: 'memory',
    title: 'Peak memory of the gateway as audiences grow',
    unit: 'MB, less is better',
    groups: bySize('peak memory of gateway'),
  },
];

const isBusy = ({ machine, disturbance }: KeptResult): boolean =>
  machine.loadBefore > machine.cores * QUIET_LOAD_A_CORE ||
  disturbance.stolenPercent > QUIET_STOLEN_PERCENT;

const notesOf = (result: KeptResult): string[] => {
  const { machine, disturbance, setting } = result;
  const { cpu, cores, node, commit, date, loadBefore } = machine;
  const disturbed = `The machine was busy: load ${rounded(loadBefore)} before, ${rounded(disturbance.stolenPercent)} % taken by a hypervisor.`;
  return [
    `${cpu}, ${formatCount(cores)} cores; Node ${node}; commit ${commit}; ${date.slice(0, 10)}`,
    ...setting.slice(0, 1),
    ...(isBusy(result) ? [disturbed] : []),
    'Bars are medians, lines the spread.',
  ];
};

/** Those that can be drawn of these results; of several results of a part, the first is taken. */
export const drawPlots = (results: readonly KeptResult[]): Plot[] =>
  DRAWINGS.flatMap(({ file, part, title, unit, groups: groupsOf }) => {
    const result = results.find((one) => one.part === part);
    const groups = result == null ? [] : groupsOf(result).filter(({ bars }) => bars.length > 0);
    if (result == null || groups.length === 0) return [];
    return [{ file, svg: barChart({ title, unit, groups, notes: notesOf(result) }) }];
  });
