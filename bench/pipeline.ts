/** The part `pipeline`: tasks to everybody through the whole gateway, with a row for each device. */
import { join } from 'node:path';
import { type Api, apiClient } from '../demo/api-client.js';
import { formatCount } from '../demo/report-table.js';
import { checkRows, importDevices, type Sent, sendTask, setUpApp } from './backend.js';
import { FEW_DEVICES, FEW_TAG } from './devices.js';
import { buildGateway, type GatewayProcess, startGatewayProcess } from './gateway-process.js';
import { mongodVersion } from './machine.js';
import { DEFAULT_DEVICES } from './options.js';
import { type Bench, type Part, temporaryFolder } from './part.js';
import { readCpuMs, readPeakRssMb, resetPeakRss } from './process-figures.js';
import { type RawClientNews, runRawClient } from './raw-client.js';
import { type Figure, figure, type PartResult } from './result.js';
import type { Sink } from './sink.js';
import { startSink } from './start-sink.js';
import { rounded } from './statistics.js';

const US_PER_MS = 1_000;
const SECOND_MS = 1_000;

/** One task, and what it cost each process. */
interface Run extends Sent {
  readonly devices: number;
  readonly gatewayMs: number;
  readonly mongodMs: number;
  readonly sinkMs: number;
  readonly peakMb: number;
}

interface Measured {
  readonly gateway: GatewayProcess;
  readonly api: Api;
  readonly sink: Sink;
}

const perSecond = (devices: number, ms: number): number => devices / (ms / SECOND_MS);
const usEach = (devices: number, ms: number): number => (ms * US_PER_MS) / devices;

const measure = async (
  { gateway, api, sink }: Measured,
  audience: { all: true } | { tags: string },
  devices: number,
): Promise<Run> => {
  const groups = [[gateway.pid], [gateway.mongodPid], sink.pids] as const;
  const readAll = (): Promise<number[]> => Promise.all(groups.map((pids) => readCpuMs(pids)));
  await resetPeakRss(gateway.pid);
  const before = await readAll();
  const sent = await sendTask(api, audience, devices);
  const after = await readAll();
  const [gatewayMs = 0, mongodMs = 0, sinkMs = 0] = after.map(
    (ms, index) => ms - (before[index] ?? 0),
  );
  return {
    ...sent,
    devices,
    gatewayMs,
    mongodMs,
    sinkMs,
    peakMb: await readPeakRssMb(gateway.pid),
  };
};

const sayRun = ({ say }: Bench, title: string, { devices, totalMs, planMs }: Run): void => {
  const rate = formatCount(Math.round(perSecond(devices, totalMs)));
  say(`${title}: ${rate} devices/s, planned after ${rounded(planMs / SECOND_MS)} s`);
};

const figuresOf = (
  runs: readonly Run[],
  raws: readonly RawClientNews[],
  { few, importRate, importPeakMb }: { few: Run } & Omit<Filled, 'key'>,
): Figure[] => {
  const each = (name: string, unit: string, of: (run: Run) => number): Figure =>
    figure(name, unit, ...runs.map(of));
  const ofRaw = (name: string, unit: string, of: (raw: RawClientNews) => number): Figure =>
    figure(name, unit, ...raws.map(of));
  /** Runs and raw runs take turns, so each has one that ran under the same load. */
  const ratio = (name: string, of: (run: Run, raw: RawClientNews) => number): Figure =>
    figure(
      name,
      'times',
      ...runs.flatMap((run, index) => raws.slice(index, index + 1).map((raw) => of(run, raw))),
    );
  const mb = Math.max(...runs.map(({ peakMb }) => peakMb));
  return [
    each('end to end', 'devices/s', (run) => perSecond(run.devices, run.totalMs)),
    each('planning, while batches are sent', 'devices/s', (run) =>
      perSecond(run.devices, run.planMs),
    ),
    each('CPU of the gateway', 'us/device', (run) => usEach(run.devices, run.gatewayMs)),
    each('CPU of mongod', 'us/device', (run) => usEach(run.devices, run.mongodMs)),
    each('CPU of the sink', 'us/device', (run) => usEach(run.devices, run.sinkMs)),
    figure(`peak memory, ${formatCount(few.devices)} devices`, 'MB', few.peakMb),
    each(`peak memory, ${formatCount(runs[0]?.devices ?? 0)} devices`, 'MB', (run) => run.peakMb),
    figure('growth of it, at most', 'MB', mb - few.peakMb),
    ofRaw('raw node:http2, nothing stored', 'pushes/s', (raw) =>
      perSecond(raw.accepted, raw.wallMs),
    ),
    ofRaw('CPU of raw node:http2', 'us/push', (raw) => usEach(raw.accepted, raw.cpuMs)),
    ratio('rate against raw node:http2', (run, raw) => raw.wallMs / run.totalMs),
    ratio('CPU of the gateway against it', (run, raw) => run.gatewayMs / raw.cpuMs),
    figure('import', 'lines/s', importRate),
    figure('peak memory of the import', 'MB', importPeakMb),
  ];
};

interface Filled {
  readonly key: string;
  readonly importRate: number;
  readonly importPeakMb: number;
}

/** Fills the database by a gateway of its own: what an import leaves in memory would hide what a task needs. */
const fill = async (
  { closing, say }: Bench,
  { dataDir, sink, devices }: { dataDir: string; sink: Sink; devices: number },
): Promise<Filled> => {
  const gateway = await startGatewayProcess({ dataDir }, closing);
  const key = await setUpApp(gateway, sink);
  await resetPeakRss(gateway.pid);
  const importRate = await importDevices(gateway.url, key, devices);
  const importPeakMb = await readPeakRssMb(gateway.pid);
  say(`Imported ${formatCount(devices)} devices, ${formatCount(Math.round(importRate))} lines/s`);
  await gateway.stop();
  return { key, importRate, importPeakMb };
};

export const pipeline: Part = async (bench): Promise<PartResult> => {
  const { options, closing, say } = bench;
  const devices = options.devices ?? DEFAULT_DEVICES;
  const folder = await temporaryFolder(closing);
  await buildGateway();
  const sink = await startSink(options.sink, folder, closing);
  say(`Sink: ${sink.name}`);
  const dataDir = join(folder, 'data');
  const { key, ...imported } = await fill(bench, { dataDir, sink, devices });

  const { profileDir } = options;
  const gateway = await startGatewayProcess(
    { dataDir, ...(profileDir == null ? {} : { profileDir }) },
    closing,
  );
  const measured = { gateway, api: apiClient(gateway.url, key), sink };
  const fewDevices = Math.min(FEW_DEVICES, devices);
  sayRun(bench, 'Warm-up', await measure(measured, { tags: FEW_TAG }, fewDevices));
  const few = await measure(measured, { tags: FEW_TAG }, fewDevices);
  sayRun(bench, formatCount(fewDevices), few);

  const runs: Run[] = [];
  const raws: RawClientNews[] = [];
  for (let number = 1; number <= options.runs; number += 1) {
    const run = await measure(measured, { all: true }, devices);
    sayRun(bench, `Run ${number}`, run);
    runs.push(run);
    raws.push(await runRawClient(sink, devices, closing));
  }
  const last = runs.at(-1);
  if (last != null) await checkRows(measured.api, last.task);
  return {
    part: 'pipeline',
    setting: [
      `sink ${sink.name} on loopback, APNs-like, ${formatCount(devices)} devices, ${options.runs} runs`,
      `mongod ${await mongodVersion(gateway.mongodPid)} embedded; a row for each device, held against the report`,
      ...(profileDir == null ? [] : ['profiled, so slower than it is']),
    ],
    figures: figuresOf(runs, raws, { few, ...imported }),
  };
};
