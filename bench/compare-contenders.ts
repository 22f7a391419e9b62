/** Lets the contenders of the part `transport` take turns, and sets their figures against those of our engine. */
import { formatCount } from '../demo/report-table.js';
import { type Contender, contendersOf, type Shape, WORDS } from './contenders.js';
import type { Bench } from './part.js';
import type { GorushProcess } from './peers/gorush-process.js';
import { readCpuMs } from './process-figures.js';
import { type PushClientNews, runPushClient } from './push-client.js';
import { type Figure, figure, marked } from './result.js';
import type { Sink } from './sink.js';
import { rounded } from './statistics.js';
import { cpuName, LIKE, rateName } from './transport-names.js';

const US_PER_MS = 1_000;
const SECOND_MS = 1_000;
export const IN_FLIGHT = 500;
/** Of the pushes that are measured. */
const WARM_UP_SHARE = 0.2;

/** Of issue and design: what our engine must reach against them. */
const LEAST_CPU: Partial<Record<Contender, number>> = { raw: 6 };
const LEAST_RATE: Partial<Record<Contender, number>> = { 'node-apn': 8, 'firebase-admin': 12 };
const MOST_OWN_US = 18;

export interface ContenderRun extends PushClientNews {
  readonly sinkUs: number;
}

export type Runs = ReadonlyMap<Contender, readonly ContenderRun[]>;

export interface Field {
  readonly sink: Sink;
  readonly pushes: number;
  readonly gorush?: GorushProcess;
}

export const perSecond = ({ accepted, wallMs }: PushClientNews): number =>
  accepted / (wallMs / SECOND_MS);
const usEach = ({ accepted, cpuMs }: PushClientNews): number => (cpuMs * US_PER_MS) / accepted;

const runOnce = async (
  { options: { profileDir }, closing }: Bench,
  { sink, pushes, gorush }: Field,
  contender: Contender,
  shape: Shape,
): Promise<ContenderRun> => {
  const warmUp = Math.round(pushes * WARM_UP_SHARE);
  const before = await readCpuMs(sink.pids);
  const news = await runPushClient(
    {
      contender,
      shape,
      url: sink.url,
      ca: sink.ca,
      pushes,
      warmUp,
      inFlight: IN_FLIGHT,
      streams: IN_FLIGHT,
      connections: 1,
      ...(contender === 'gorush' && gorush != null ? { url: gorush.url, pid: gorush.pid } : {}),
    },
    { closing, ...(profileDir == null ? {} : { profileDir }) },
  );
  const sinkMs = (await readCpuMs(sink.pids)) - before;
  return { ...news, sinkUs: (sinkMs * US_PER_MS) / (pushes + warmUp) };
};

/** Each run of one has runs of the others beside it, which ran under the same load. */
export const compareContenders = async (
  bench: Bench,
  field: Field,
  shape: Shape,
): Promise<Runs> => {
  const contenders = contendersOf(shape, { gorush: field.gorush != null });
  const runs = new Map(contenders.map((contender): [Contender, ContenderRun[]] => [contender, []]));
  for (let number = 1; number <= bench.options.runs; number += 1) {
    for (const [contender, before] of runs) {
      const run = await runOnce(bench, field, contender, shape);
      const rate = formatCount(Math.round(perSecond(run)));
      const what = `${LIKE[shape]}, run ${number}, ${WORDS[contender]}`;
      bench.say(`${what}: ${rate} pushes/s, ${rounded(usEach(run))} us each`);
      before.push(run);
    }
  }
  return runs;
};

/** Of each run of our engine and the run of another that followed it. */
const ratios = (
  own: readonly ContenderRun[],
  others: readonly ContenderRun[],
  of: (own: ContenderRun, other: ContenderRun) => number,
): number[] =>
  own.flatMap((run, index) => others.slice(index, index + 1).map((other) => of(run, other)));

const atLeast = (times: number | undefined, one: Figure): Figure =>
  times == null ? one : marked(one, `at least ${times}`);

export const comparison = (shape: Shape, runs: Runs): Figure[] => {
  const like = LIKE[shape];
  const all = [...runs];
  const own = runs.get('own') ?? [];
  const others = all.filter(([contender]) => contender !== 'own');
  const each = (
    name: (contender: Contender) => string,
    unit: string,
    of: (run: ContenderRun) => number,
  ) => all.map(([contender, measured]) => figure(name(contender), unit, ...measured.map(of)));
  return [
    ...each((contender) => cpuName(shape, contender), 'us/push', usEach).map((one) =>
      one.name === cpuName('apns', 'own') ? marked(one, `at most ${MOST_OWN_US}`) : one,
    ),
    ...each((contender) => rateName(shape, contender), 'pushes/s', perSecond),
    ...others.map(([other, measured]) =>
      atLeast(
        shape === 'apns' ? LEAST_CPU[other] : undefined,
        figure(
          `${like}: CPU of ${WORDS[other]} against our engine`,
          'times',
          ...ratios(own, measured, (run, peer) => usEach(peer) / usEach(run)),
        ),
      ),
    ),
    ...others.map(([other, measured]) =>
      atLeast(
        LEAST_RATE[other],
        figure(
          `${like}: rate of our engine against ${WORDS[other]}`,
          'times',
          ...ratios(own, measured, (run, peer) => perSecond(run) / perSecond(peer)),
        ),
      ),
    ),
    ...each(
      (contender) => `${like}: CPU of the sink, ${WORDS[contender]}`,
      'us/push',
      ({ sinkUs }) => sinkUs,
    ),
    ...each(
      (contender) => `${like}: peak memory, ${WORDS[contender]}`,
      'MB',
      ({ peakMb }) => peakMb,
    ),
    figure(
      `${like}: memory grown while measured, our engine`,
      'MB',
      ...own.map(({ grownMb }) => grownMb),
    ),
  ];
};
