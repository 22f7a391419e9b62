/** The part `latency`: tasks to a single device at a steady rate, from the request to the vendor. */
import { type Api, apiClient } from '../demo/api-client.js';
import { formatCount } from '../demo/report-table.js';
import { benchDevice } from './devices.js';
import { type Line, startLine } from './line.js';
import { mongodVersion } from './machine.js';
import type { Arrival } from './node-sink.js';
import { openLoop } from './open-loop.js';
import type { Part } from './part.js';
import { readCpuMs } from './process-figures.js';
import { type Figure, figure } from './result.js';
import { sharedClockMs } from './shared-clock.js';
import {
  lateness,
  type Post,
  type Posted,
  poster,
  postToVendorMs,
  untilArrived,
} from './single-tasks.js';
import { percentile } from './statistics.js';

const SECONDS = 15;
/** Until the compiler has little left to do. */
const WARM_UP_SECONDS = 30;
const SECOND_MS = 1_000;
const REGISTRATIONS_AT_A_TIME = 8;

/** Ids of the devices, in their order. */
const registerDevices = async (api: Api, count: number): Promise<string[]> => {
  const ids = new Array<string>(count);
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let index = next++; index < count; index = next++) {
      ids[index] = (await api.put<{ id: string }>('/v1/devices', benchDevice(index))).id;
    }
  };
  await Promise.all(Array.from({ length: REGISTRATIONS_AT_A_TIME }, worker));
  return ids;
};

const SHARES = [
  ['p50', 0.5],
  ['p95', 0.95],
  ['p99', 0.99],
  ['most', 1],
] as const;

const spread = (name: string, valuesMs: readonly number[]): Figure[] =>
  SHARES.map(([label, share]) => figure(`${name}, ${label}`, 'ms', percentile(valuesMs, share)));

const figuresOf = (posted: readonly Posted[], arrivals: ReadonlyMap<string, Arrival>): Figure[] => {
  const arrivedAtMs = ({ path }: Posted): number => arrivals.get(path)?.firstAtMs ?? Number.NaN;
  const firstMs = Math.min(...posted.map(({ sentAtMs }) => sentAtMs));
  const lastMs = Math.max(...posted.map(({ answeredAtMs }) => answeredAtMs));
  const twice = posted.filter(({ path }) => (arrivals.get(path)?.times ?? 0) > 1).length;
  return [
    figure('answered 202', 'tasks/s', posted.length / ((lastMs - firstMs) / SECOND_MS)),
    ...spread('POST to vendor', postToVendorMs(posted, arrivals)),
    ...spread(
      '202 to vendor',
      posted.map((one) => arrivedAtMs(one) - one.answeredAtMs),
    ),
    ...spread(
      'POST to 202',
      posted.map(({ sentAtMs, answeredAtMs }) => answeredAtMs - sentAtMs),
    ),
    figure('pushed more than once', 'devices', twice),
    lateness(posted),
  ];
};

/** The first devices warm it up, the others are measured. */
const measure = async (
  { sink, gateway }: Line,
  post: Post,
  { perSecond, warmUp, count }: { perSecond: number; warmUp: number; count: number },
): Promise<Figure[]> => {
  await untilArrived(sink, await openLoop({ perSecond, count: warmUp }, post));
  const readCpu = (): Promise<number[]> =>
    Promise.all([gateway.pid, gateway.mongodPid].map((pid) => readCpuMs([pid])));
  const before = await readCpu();
  const posted = await openLoop({ perSecond, count }, (index, dueAtMs) =>
    post(warmUp + index, dueAtMs),
  );
  const arrivals = await untilArrived(sink, posted);
  const costs = (await readCpu()).map((ms, index) => (ms - (before[index] ?? 0)) / count);
  const [gatewayMs = 0, mongodMs = 0] = costs;
  return [
    ...figuresOf(posted, arrivals),
    figure('CPU of the gateway', 'ms/task', gatewayMs),
    figure('CPU of mongod', 'ms/task', mongodMs),
  ];
};

export const latency: Part = async (bench) => {
  const { closing, options, say } = bench;
  const line = await startLine(bench);
  const perSecond = options.rate;
  const warmUp = perSecond * WARM_UP_SECONDS;
  const count = perSecond * SECONDS;
  const startedAtMs = sharedClockMs();
  const ids = await registerDevices(apiClient(line.gateway.url, line.key), warmUp + count);
  const registered = ids.length / ((sharedClockMs() - startedAtMs) / SECOND_MS);
  say(`Registered ${formatCount(ids.length)} devices, ${Math.round(registered)} a second`);
  const post = await poster(
    line.gateway,
    line.key,
    (index) => ({ devices: [ids[index] ?? ''] }),
    closing,
  );
  return {
    part: 'latency',
    setting: [
      `sink ${line.sink.name} on loopback, APNs-like; ${perSecond} tasks/s to one device each for ${SECONDS} s`,
      `mongod ${await mongodVersion(line.gateway.mongodPid)} embedded; a row for each device`,
    ],
    figures: [
      ...(await measure(line, post, { perSecond, warmUp, count })),
      figure('registrations before it', 'devices/s', registered),
    ],
  };
};
