/** The part `pacing`: two worker processes under one quota, and under the rate of one task, as the vendor sees them. */
import { apiClient } from '../demo/api-client.js';
import { formatCount } from '../demo/report-table.js';
import { importDevices, sendTask, setUpApp, setUpVendor } from './backend.js';
import { busiestWindow } from './busiest-window.js';
import { costFigures, measureCosts, type Processes } from './costs.js';
import { benchToken, FEW_DEVICES, FEW_TAG } from './devices.js';
import { buildGateway, type RunningGateway } from './gateway-process.js';
import { mongodVersion } from './machine.js';
import { type Bench, type Part, temporaryFolder } from './part.js';
import { type Figure, figure, marked } from './result.js';
import { startSharedDatabase } from './shared-database.js';
import type { RecordingSink } from './sink.js';
import { startRecordingSink } from './start-sink.js';

const RATE = 1_000;
const BUCKET = 50;
const LEAST_ON_AVERAGE = 950;
const DEVICES = 30_000;
const SECOND_MS = 1_000;

/** Devices by the task that goes to them. */
const AUDIENCES = {
  quota: { tags: 'plan:free', from: FEW_DEVICES, to: DEVICES },
  task: { tags: FEW_TAG, from: 0, to: FEW_DEVICES },
} as const;

interface Line {
  readonly sink: RecordingSink;
  readonly gateways: readonly RunningGateway[];
  readonly processes: Processes;
  readonly mongodPid: number;
  readonly operatorKey: string;
  readonly key: string;
}

const startLine = async ({ closing, options }: Bench): Promise<Line> => {
  const folder = await temporaryFolder(closing);
  await buildGateway();
  const sink = await startRecordingSink(options.sink, folder, closing);
  const database = await startSharedDatabase(folder, closing);
  const { mongodPid, operatorKey } = database;
  // One after the other: both would make the same indexes.
  const first = await database.start();
  const second = await database.start();
  const key = await setUpApp({ url: first.url, operatorKey }, sink, { ratePerSecond: RATE });
  return {
    sink,
    gateways: [first, second],
    processes: { gateways: [first.pid, second.pid], mongod: [mongodPid], sink: sink.pids },
    mongodPid,
    operatorKey,
    key,
  };
};

const pushesOf = async ({ url }: RunningGateway, operatorKey: string): Promise<number> => {
  const reply = await fetch(`${url}/metrics`, {
    headers: { authorization: `Bearer ${operatorKey}` },
  });
  const counts = (await reply.text()).matchAll(/^pigeonpost_pushes_total\{[^}]*\} (\d+)/gm);
  return [...counts].reduce((sum, [, count]) => sum + Number(count), 0);
};

/** Sends to everybody of an audience and says how it arrived. */
const measure = async (
  { sink, gateways, processes, operatorKey, key }: Line,
  name: string,
  { tags, from, to }: { tags: string; from: number; to: number },
  schedule?: { readonly ratePerSecond: number },
): Promise<Figure[]> => {
  const [door] = gateways;
  const readPushes = (): Promise<number[]> =>
    Promise.all(gateways.map((gateway) => pushesOf(gateway, operatorKey)));
  await sink.arrivals();
  const before = await readPushes();
  const { costs } = await measureCosts(processes, () =>
    sendTask(apiClient(door?.url ?? '', key), { tags }, to - from, schedule && { schedule }),
  );
  const shares = (await readPushes()).map((count, index) => count - (before[index] ?? 0));
  const attempts = shares.reduce((sum, share) => sum + share, 0);
  const arrivals = await sink.arrivals();
  const found = Array.from({ length: to - from }, (_, index) =>
    arrivals.get(`/3/device/${benchToken(from + index)}`),
  ).flatMap((arrival) => arrival ?? []);
  const times = found.map(({ firstAtMs }) => firstAtMs);
  const seconds = (Math.max(...times) - Math.min(...times)) / SECOND_MS;
  return [
    marked(
      figure(`${name}, on average`, 'devices/s', times.length / seconds),
      `at least ${LEAST_ON_AVERAGE}`,
    ),
    marked(
      figure(`${name}, in the busiest second`, 'devices', busiestWindow(times, SECOND_MS)),
      `at most ${formatCount(RATE + BUCKET)}`,
    ),
    figure(`${name}, in the busiest 100 ms`, 'devices', busiestWindow(times, 100)),
    figure(`${name}, least share of a process`, '%', (100 * Math.min(...shares)) / attempts),
    figure(`${name}, attempts for each device`, 'times', attempts / (to - from)),
    figure(
      `${name}, pushed more than once`,
      'devices',
      found.filter(({ times: often }) => often > 1).length,
    ),
    // What piled up meanwhile is noted as if it had come at once: above some milliseconds, windows are the machine's.
    ...(sink.stalledMs == null
      ? []
      : [figure(`${name}, longest stall of the sink`, 'ms', sink.stalledMs)]),
    ...costFigures([{ costs, count: to - from }], 'device', `${name}: `),
  ];
};

export const pacing: Part = async (bench) => {
  const line = await startLine(bench);
  const [door] = line.gateways;
  const url = door?.url ?? '';
  await importDevices({ url, key: line.key }, DEVICES);
  bench.say(`Imported ${formatCount(DEVICES)} devices`);
  const byQuota = await measure(line, 'quota of a profile', AUDIENCES.quota);
  await setUpVendor(apiClient(url, line.key), line.sink, {});
  const byTask = await measure(line, 'rate of a task', AUDIENCES.task, { ratePerSecond: RATE });
  return {
    part: 'pacing',
    setting: [
      `two gateway processes on one mongod; sink ${line.sink.name} on loopback, APNs-like, which notes each arrival`,
      `${formatCount(RATE)} devices/s, by the quota of their profile and by the rate of their task; mongod ${await mongodVersion(line.mongodPid)}`,
    ],
    figures: [...byQuota, ...byTask],
  };
};
