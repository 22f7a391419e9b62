/** The part `pipeline`: tasks to everybody through the whole gateway, with a row for each device. */
import { formatCount } from '../demo/report-table.js';
import { checkRows } from './backend.js';
import type { Shape } from './contenders.js';
import { costFigures } from './costs.js';
import { benchDevice, FEW_DEVICES, FEW_TAG } from './devices.js';
import { type FilledGateway, startFilledGateway } from './filled-gateway.js';
import { type MeasuredTask, measureTask, perSecond, sayTask } from './measured-task.js';
import { type BenchVendor, DEFAULT_DEVICES } from './options.js';
import type { Bench, Part } from './part.js';
import { type PushClientNews, runPushClient } from './push-client.js';
import { type Figure, figure, marked, type PartResult } from './result.js';
import type { Sink } from './sink.js';

const US_PER_MS = 1_000;
const RAW_STREAMS = 500;
const RAW_WARM_UP_SHARE = 0.2;

const LIKE: Readonly<Record<BenchVendor, string>> = {
  apns: 'APNs-like',
  fcm: 'FCM-like',
  harmony: 'Harmony-like',
};
/** node:http2 knows no form of its own; one token in each request is what Harmony's are compared with. */
const RAW_SHAPE: Readonly<Record<BenchVendor, Shape>> = {
  apns: 'apns',
  fcm: 'fcm',
  harmony: 'apns',
};
/** What must be reached on two cores. */
const LEAST_RATE: Readonly<Record<BenchVendor, number>> = {
  apns: 30_000,
  fcm: 30_000,
  harmony: 45_000,
};
const MOST_US: Readonly<Record<string, number>> = { 'CPU of gateway': 28, 'CPU of mongod': 20 };
const MOST_GROWTH_MB = 64;

/** A peer to compare with: bare node:http2, without database or report, in a process of its own. */
const runRaw = (
  { closing }: Bench,
  { url, ca }: Sink,
  shape: Shape,
  pushes: number,
): Promise<PushClientNews> =>
  runPushClient(
    {
      contender: 'raw',
      shape,
      url,
      ca,
      pushes,
      warmUp: Math.round(pushes * RAW_WARM_UP_SHARE),
      inFlight: RAW_STREAMS,
      streams: RAW_STREAMS,
      connections: 1,
    },
    { closing },
  );

interface Measured {
  readonly vendor: BenchVendor;
  readonly few: MeasuredTask;
  readonly runs: readonly MeasuredTask[];
  /** They take turns with the runs, so each run has one under the same load. */
  readonly raws: readonly PushClientNews[];
}

const figuresOf = (
  { vendor, few, runs, raws }: Measured,
  { importRate, importPeakMb }: FilledGateway,
): Figure[] => {
  const each = (name: string, unit: string, of: (run: MeasuredTask) => number): Figure =>
    figure(name, unit, ...runs.map(of));
  const ofRaw = (name: string, unit: string, of: (raw: PushClientNews) => number): Figure =>
    figure(name, unit, ...raws.map(of));
  const ratio = (name: string, of: (run: MeasuredTask, raw: PushClientNews) => number): Figure =>
    figure(
      name,
      'times',
      ...runs.flatMap((run, index) => raws.slice(index, index + 1).map((raw) => of(run, raw))),
    );
  const fewMb = few.costs.gateway.peakMb;
  const mostMb = Math.max(...runs.map(({ costs }) => costs.gateway.peakMb));
  return [
    marked(
      each('end to end', 'devices/s', ({ count, totalMs }) => perSecond(count, totalMs)),
      `at least ${formatCount(LEAST_RATE[vendor])}`,
    ),
    each('planning, while batches are sent', 'devices/s', ({ count, planMs }) =>
      perSecond(count, planMs),
    ),
    ...costFigures(runs, 'device').map((one) => {
      const mostUs = vendor === 'harmony' ? undefined : MOST_US[one.name];
      return mostUs == null ? one : marked(one, `at most ${mostUs}`);
    }),
    figure(`peak memory of gateway, ${formatCount(few.count)} devices`, 'MB', fewMb),
    marked(figure('growth of it, at most', 'MB', mostMb - fewMb), `at most ${MOST_GROWTH_MB}`),
    ofRaw('raw node:http2, nothing stored', 'pushes/s', ({ accepted, wallMs }) =>
      perSecond(accepted, wallMs),
    ),
    ofRaw(
      'CPU of raw node:http2',
      'us/push',
      ({ accepted, cpuMs }) => (cpuMs * US_PER_MS) / accepted,
    ),
    ratio('rate against raw node:http2', (run, raw) => raw.wallMs / run.totalMs),
    ratio('CPU of the gateway against it', ({ costs }, raw) => costs.gateway.cpuMs / raw.cpuMs),
    figure('import', 'lines/s', importRate),
    figure('peak memory of the import', 'MB', importPeakMb),
  ];
};

export const pipeline: Part = async (bench): Promise<PartResult> => {
  const { options } = bench;
  const { vendor, devices = DEFAULT_DEVICES } = options;
  const deviceOf = (index: number) => benchDevice(index, vendor);
  const filled = await startFilledGateway(bench, { devices, vendor, deviceOf });
  const someDevices = { audience: { tags: FEW_TAG }, devices: Math.min(FEW_DEVICES, devices) };
  sayTask(bench, 'Warm-up', await measureTask(filled, someDevices));
  const few = await measureTask(filled, someDevices);
  sayTask(bench, formatCount(few.count), few);

  const runs: MeasuredTask[] = [];
  const raws: PushClientNews[] = [];
  for (let number = 1; number <= options.runs; number += 1) {
    const run = await measureTask(filled, { audience: { all: true }, devices });
    sayTask(bench, `Run ${number}`, run);
    runs.push(run);
    raws.push(await runRaw(bench, filled.sink, RAW_SHAPE[vendor], devices));
  }
  const last = runs.at(-1);
  if (last != null) await checkRows(filled.api, last.task);
  return {
    part: 'pipeline',
    setting: [
      `${LIKE[vendor]}, ${formatCount(devices)} devices, ${options.runs} runs; rows held against the report`,
      filled.setting,
    ],
    figures: figuresOf({ vendor, few, runs, raws }, filled),
  };
};
