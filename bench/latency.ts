/** The part `latency`: tasks to a single device at a steady rate, from the request to the vendor. */
import { type Api, apiClient } from '../demo/api-client.js';
import { formatCount } from '../demo/report-table.js';
import { type CostedRun, costFigures } from './costs.js';
import { benchDevice } from './devices.js';
import { type Line, startLine } from './line.js';
import { mongodVersion } from './machine.js';
import { openLoop } from './open-loop.js';
import type { Part } from './part.js';
import { percentileFigures } from './percentiles.js';
import { type Figure, figure, marked } from './result.js';
import { sharedClockMs } from './shared-clock.js';
import {
  lastAnswerAtMs,
  lateness,
  measurePosted,
  type Post,
  type PostedRun,
  poster,
  postToAnswerMs,
  postToVendorMs,
  pushedTwice,
  rateUntil,
} from './single-tasks.js';
import { rounded } from './statistics.js';

const SECONDS = 15;
/** Until the compiler has little left to do. */
const WARM_UP_SECONDS = 30;
const SECOND_MS = 1_000;
const REGISTRATIONS_AT_A_TIME = 16;
/** What must be reached at this rate, by the name of the figure. */
const MARKED_RATE = 500;
const MOST_MS: Readonly<Record<string, number>> = {
  'POST to vendor, p50': 8,
  'POST to vendor, p99': 50,
};

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

type Run = PostedRun & CostedRun;

const figuresOf = (runs: readonly Run[]): Figure[] => [
  figure('answered 202', 'tasks/s', ...runs.map((run) => rateUntil(run, lastAnswerAtMs(run)))),
  ...percentileFigures('POST to vendor', runs.map(postToVendorMs)),
  ...percentileFigures(
    '202 to vendor',
    runs.map(({ posted, arrivals }) =>
      posted.map(
        ({ path, answeredAtMs }) => (arrivals.get(path)?.firstAtMs ?? Number.NaN) - answeredAtMs,
      ),
    ),
  ),
  ...percentileFigures('POST to 202', runs.map(postToAnswerMs)),
  figure('pushed more than once', 'devices', ...runs.map(pushedTwice)),
  lateness(runs),
  ...costFigures(runs, 'task'),
];

const withMark = (one: Figure, perSecond: number): Figure => {
  const mostMs = perSecond === MARKED_RATE ? MOST_MS[one.name] : undefined;
  return mostMs == null ? one : marked(one, `at most ${mostMs}`);
};

/** Each device has one task, from the one with the number `from` on. */
const measure = (
  line: Line,
  post: Post,
  { perSecond, from, count }: { perSecond: number; from: number; count: number },
): Promise<Run> =>
  measurePosted(line, () =>
    openLoop({ perSecond, count }, (index, dueAtMs) => post(from + index, dueAtMs)),
  );

export const latency: Part = async (bench) => {
  const { closing, options, say } = bench;
  const line = await startLine(bench);
  const perSecond = options.rate;
  const warmUp = perSecond * WARM_UP_SECONDS;
  const count = perSecond * SECONDS;
  const devices = warmUp + options.runs * count;
  const startedAtMs = sharedClockMs();
  const ids = await registerDevices(apiClient(line.gateway.url, line.key), devices);
  const registered = ids.length / ((sharedClockMs() - startedAtMs) / SECOND_MS);
  say(`Registered ${formatCount(ids.length)} devices, ${Math.round(registered)} a second`);
  const post = await poster(
    line.gateway,
    line.key,
    (index) => ({ devices: [ids[index] ?? ''] }),
    closing,
  );
  await measure(line, post, { perSecond, from: 0, count: warmUp });
  const runs: Run[] = [];
  for (let number = 1; number <= options.runs; number += 1) {
    const run = await measure(line, post, {
      perSecond,
      from: warmUp + (number - 1) * count,
      count,
    });
    const [p50, , p99] = percentileFigures('', [postToVendorMs(run)]).map(
      ({ values }) => values[0],
    );
    say(`Run ${number}: POST to vendor, p50 ${rounded(p50 ?? 0)} ms, p99 ${rounded(p99 ?? 0)} ms`);
    runs.push(run);
  }
  return {
    part: 'latency',
    setting: [
      `sink ${line.sink.name} on loopback, APNs-like; ${perSecond} tasks/s to one device each for ${SECONDS} s, ${options.runs} runs`,
      `mongod ${await mongodVersion(line.gateway.mongodPid)} embedded; a row for each device`,
    ],
    figures: [
      ...figuresOf(runs).map((one) => withMark(one, perSecond)),
      figure('registrations before it', 'devices/s', registered),
    ],
  };
};
