/** The part `memory`: what ten times as many devices do to the time and the memory of a task. */
import { formatCount } from '../demo/report-table.js';
import { costFigures } from './costs.js';
import { type BenchDevice, benchDevice } from './devices.js';
import { startFilledGateway } from './filled-gateway.js';
import {
  type BenchAudience,
  type MeasuredTask,
  measureTask,
  perSecond,
  sayTask,
} from './measured-task.js';
import type { Part } from './part.js';
import { type Figure, figure, marked } from './result.js';

const ALL_DEVICES = 1_000_000;
const FEW_DEVICES = 100_000;
const MORE_DEVICES = 200_000;
/** Of the time that it would take if it were in proportion. */
const MOST_TIMES_SHARE = 1.1;
const MOST_GROWTH_MB = 64;

export interface Sizes {
  readonly few: number;
  readonly more: number;
  readonly all: number;
}

/** 100,000 and 200,000 of a million; of fewer than that, a tenth and a fifth. */
export const sizesOf = (all: number): Sizes => ({
  few: Math.min(FEW_DEVICES, Math.round(all / 10)),
  more: Math.min(MORE_DEVICES, Math.round(all / 5)),
  all,
});

/** All are found in the same way, by a tag. */
const deviceOf =
  ({ few, more }: Sizes) =>
  (index: number): BenchDevice => ({
    ...benchDevice(index),
    tags: ['all', ...(index < more ? ['more'] : []), ...(index < few ? ['few'] : [])],
  });

export type MemoryRun = Readonly<Record<keyof Sizes, MeasuredTask>>;

export const memoryFigures = (runs: readonly MemoryRun[], sizes: Sizes): Figure[] => {
  const nameOf = (devices: number): string => `${formatCount(devices)} devices`;
  const names: Readonly<Record<keyof Sizes, string>> = {
    few: nameOf(sizes.few),
    more: nameOf(sizes.more),
    all: nameOf(sizes.all),
  };
  const most = Math.round(MOST_TIMES_SHARE * (sizes.all / sizes.few) * 10) / 10;
  const tasks = (size: keyof Sizes): MeasuredTask[] => runs.map((run) => run[size]);
  return [
    marked(
      figure(
        `time of ${names.all} against ${names.few}`,
        'times',
        ...runs.map(({ all, few }) => all.totalMs / few.totalMs),
      ),
      `at most ${most}`,
    ),
    marked(
      figure(
        `growth of the gateway, ${names.all} over ${names.more}`,
        'MB',
        ...runs.map(({ all, more }) => all.costs.gateway.peakMb - more.costs.gateway.peakMb),
      ),
      `at most ${MOST_GROWTH_MB}`,
    ),
    ...(['few', 'more', 'all'] as const).flatMap((size) => [
      figure(
        `${names[size]}: end to end`,
        'devices/s',
        ...tasks(size).map(({ count, totalMs }) => perSecond(count, totalMs)),
      ),
      ...costFigures(tasks(size), 'device', `${names[size]}: `),
    ]),
  ];
};

export const memory: Part = async (bench) => {
  const { options } = bench;
  const sizes = sizesOf(options.devices ?? ALL_DEVICES);
  const filled = await startFilledGateway(bench, {
    devices: sizes.all,
    vendor: 'apns',
    deviceOf: deviceOf(sizes),
  });
  const audience = (size: keyof Sizes): BenchAudience => ({
    audience: { tags: size },
    devices: sizes[size],
  });
  const measure = async (title: string, size: keyof Sizes): Promise<MeasuredTask> => {
    const task = await measureTask(filled, audience(size));
    sayTask(bench, `${title}, ${formatCount(task.count)} devices`, task);
    return task;
  };
  await measure('Warm-up', 'more');
  const runs: MemoryRun[] = [];
  for (let number = 1; number <= options.runs; number += 1) {
    const title = `Run ${number}`;
    const few = await measure(title, 'few');
    const more = await measure(title, 'more');
    runs.push({ few, more, all: await measure(title, 'all') });
  }
  return {
    part: 'memory',
    setting: [
      `APNs-like, tasks to a tag, ${[sizes.few, sizes.more, sizes.all].map(formatCount).join(', ')} devices, ${options.runs} runs after a warm-up`,
      filled.setting,
    ],
    figures: memoryFigures(runs, sizes),
  };
};
