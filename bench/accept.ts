/** The part `accept`: how many single-device tasks a second are taken, kept and pushed when their senders never pause. */
import { formatCount } from '../demo/report-table.js';
import { importDevices } from './backend.js';
import { closedLoop } from './closed-loop.js';
import { type CostedRun, costFigures } from './costs.js';
import { benchToken } from './devices.js';
import { type Line, startLine } from './line.js';
import { mongodVersion } from './machine.js';
import type { Part } from './part.js';
import { percentileFigures } from './percentiles.js';
import { type Figure, figure, marked } from './result.js';
import {
  lastAnswerAtMs,
  latest,
  measurePosted,
  type Post,
  type PostedRun,
  poster,
  postToAnswerMs,
  postToVendorMs,
  pushedTwice,
  rateUntil,
} from './single-tasks.js';

/** Of each run, unless it is told otherwise; a task to each. */
const DEVICES = 10_000;
const SENDERS = 64;
const LEAST_SUSTAINED = 2_000;

type Run = PostedRun & CostedRun;

const arrivedAtMs = ({ posted, arrivals }: PostedRun): number[] =>
  posted.map(({ path }) => arrivals.get(path)?.firstAtMs ?? Number.NaN);

/** What was accepted and not yet pushed when the last was accepted; it is pushed within the time that counts. */
const backlog = (run: PostedRun): number => {
  const atMs = lastAnswerAtMs(run);
  return arrivedAtMs(run).filter((arrivedMs) => arrivedMs > atMs).length;
};

const sustained = (run: PostedRun): number => rateUntil(run, latest(arrivedAtMs(run)));

export const acceptFigures = (runs: readonly PostedRun[]): Figure[] => [
  marked(
    figure('from the first request to the last push', 'tasks/s', ...runs.map(sustained)),
    `at least ${formatCount(LEAST_SUSTAINED)}`,
  ),
  figure('answered 202', 'tasks/s', ...runs.map((run) => rateUntil(run, lastAnswerAtMs(run)))),
  figure('not yet pushed at the last 202', 'tasks', ...runs.map(backlog)),
  ...percentileFigures('POST to vendor', runs.map(postToVendorMs)),
  ...percentileFigures('POST to 202', runs.map(postToAnswerMs)),
  figure('pushed more than once', 'devices', ...runs.map(pushedTwice)),
];

const measure = (
  line: Line,
  post: Post,
  { from, count }: { from: number; count: number },
): Promise<Run> =>
  measurePosted(line, () =>
    closedLoop({ inFlight: SENDERS, count }, (index, dueAtMs) => post(from + index, dueAtMs)),
  );

export const accept: Part = async (bench) => {
  const { options, closing, say } = bench;
  const count = options.devices ?? DEVICES;
  const line = await startLine(bench);
  const { gateway, sink, key } = line;
  // Each has one task; the first of them are the warm-up.
  await importDevices({ url: gateway.url, key }, count * (options.runs + 1));
  const post = await poster(
    gateway,
    key,
    (index) => ({ tokens: [{ vendor: 'apns', token: benchToken(index) }] }),
    closing,
  );
  await measure(line, post, { from: 0, count });
  const runs: Run[] = [];
  for (let number = 1; number <= options.runs; number += 1) {
    const run = await measure(line, post, { from: number * count, count });
    say(`Run ${number}: ${formatCount(Math.round(sustained(run)))} tasks/s`);
    runs.push(run);
  }
  return {
    part: 'accept',
    setting: [
      `sink ${sink.name} on loopback, APNs-like; ${SENDERS} senders that never pause, ${formatCount(count)} tasks to one device each, ${options.runs} runs`,
      `mongod ${await mongodVersion(gateway.mongodPid)} embedded; accepted means stored, and a row for each device`,
    ],
    figures: [...acceptFigures(runs), ...costFigures(runs, 'task')],
  };
};
