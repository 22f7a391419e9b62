/** What some work costs each of the processes that take part in it. */
import type { GatewayProcess } from './gateway-process.js';
import { readCpuMs, readPeakRssMb, resetPeakRss } from './process-figures.js';
import { type Figure, figure } from './result.js';
import type { Sink } from './sink.js';

const US_PER_MS = 1_000;

/** Process ids by the name that they have in the output. */
export type Processes = Readonly<Record<string, readonly number[]>>;

export interface Cost {
  readonly cpuMs: number;
  /** The most resident memory meanwhile, of all processes of a name together. */
  readonly peakMb: number;
}

export type Costs<Names extends Processes> = Readonly<Record<keyof Names, Cost>>;

/** Those of every part with one gateway. */
export const gatewayProcesses = (
  { pid, mongodPid }: Pick<GatewayProcess, 'pid' | 'mongodPid'>,
  sink: Sink,
) => ({ gateway: [pid], mongod: [mongodPid], sink: sink.pids });

const sumOf = async (
  pids: readonly number[],
  read: (pid: number) => Promise<number>,
): Promise<number> => (await Promise.all(pids.map(read))).reduce((sum, one) => sum + one, 0);

const readEach = async (
  processes: Processes,
  read: (pids: readonly number[]) => Promise<number>,
): Promise<Map<string, number>> =>
  new Map(
    await Promise.all(
      Object.entries(processes).map(
        async ([name, pids]): Promise<[string, number]> => [name, await read(pids)],
      ),
    ),
  );

/** Rejects as `work` does, and when one of the processes is gone. */
export const measureCosts = async <Names extends Processes, Result>(
  processes: Names,
  work: () => Promise<Result>,
): Promise<{ readonly result: Result; readonly costs: Costs<Names> }> => {
  await Promise.all(Object.values(processes).flat().map(resetPeakRss));
  const before = await readEach(processes, readCpuMs);
  const result = await work();
  const after = await readEach(processes, readCpuMs);
  const peaks = await readEach(processes, (pids) => sumOf(pids, readPeakRssMb));
  const costs = Object.fromEntries(
    [...after].map(([name, ms]): [string, Cost] => [
      name,
      { cpuMs: ms - (before.get(name) ?? 0), peakMb: peaks.get(name) ?? 0 },
    ]),
  );
  return { result, costs: costs as Costs<Names> };
};

export interface CostedRun {
  readonly costs: Readonly<Record<string, Cost>>;
  /** Over how many devices or tasks the CPU time is spread. */
  readonly count: number;
}

/** CPU time for each device or task, then peak memory, of each process. */
export const costFigures = (
  runs: readonly CostedRun[],
  each: 'device' | 'task' | 'push',
  prefix = '',
): Figure[] => {
  const names = Object.keys(runs[0]?.costs ?? {});
  const of = (name: string, value: (cost: Cost, count: number) => number): number[] =>
    runs.flatMap(({ costs, count }) => {
      const cost = costs[name];
      return cost == null ? [] : value(cost, count);
    });
  return [
    ...names.map((name) =>
      figure(
        `${prefix}CPU of ${name}`,
        `us/${each}`,
        ...of(name, ({ cpuMs }, count) => (cpuMs * US_PER_MS) / count),
      ),
    ),
    ...names.map((name) =>
      figure(`${prefix}peak memory of ${name}`, 'MB', ...of(name, ({ peakMb }) => peakMb)),
    ),
  ];
};
