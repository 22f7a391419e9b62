/** The part `lanes`: what a campaign at half the highest rate does to the latency of single transactional pushes. */
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type Api, apiClient } from '../demo/api-client.js';
import { formatCount } from '../demo/report-table.js';
import type { TaskAnswer } from '../demo/task-answer.js';
import { importDevices, sendTask, setUpApp } from './backend.js';
import { benchToken, FEW_DEVICES, MESSAGE } from './devices.js';
import { buildGateway, type GatewayProcess, startGatewayProcess } from './gateway-process.js';
import { mongodVersion } from './machine.js';
import { type NodeSink, startNodeSink } from './node-sink.js';
import { openLoop } from './open-loop.js';
import { type Bench, type Part, temporaryFolder } from './part.js';
import { type Figure, figure } from './result.js';
import { type Post, poster, postToVendorMs, untilArrived } from './single-tasks.js';
import { makeSinkCertificate } from './sink.js';
import { percentile, summary } from './statistics.js';

/** Single tasks. */
const PER_SECOND = 20;
const SECONDS = 10;
const COUNT = PER_SECOND * SECONDS;
const RUNS = 5;
/** The first 10,000 are for the single tasks, each once; the others are the campaign's. */
const DEVICES = 70_000;
const CAMPAIGN = { tags: 'plan:free' };
const CAMPAIGN_DEVICES = DEVICES - FEW_DEVICES;
const SECOND_MS = 1_000;
const LOOK_EVERY_MS = 50;
const PATIENCE_MS = 60_000;
/** p99 is at most so many times that of an idle gateway, or at most so many milliseconds. */
const MOST_TIMES = 2;
const MOST_MS = 60;

interface Line {
  readonly gateway: GatewayProcess;
  readonly sink: NodeSink;
  readonly api: Api;
  readonly post: Post;
}

const startLine = async ({ closing, options: { profileDir } }: Bench): Promise<Line> => {
  const folder = await temporaryFolder(closing);
  await buildGateway();
  const sink = await startNodeSink(await makeSinkCertificate(), { record: true });
  await closing.add('the sink', sink.stop);
  const gateway = await startGatewayProcess(
    { dataDir: join(folder, 'data'), ...(profileDir == null ? {} : { profileDir }) },
    closing,
  );
  const key = await setUpApp(gateway, sink);
  await importDevices(gateway.url, key, DEVICES);
  const audienceOf = (index: number): { tokens: [{ vendor: 'apns'; token: string }] } => ({
    tokens: [{ vendor: 'apns', token: benchToken(index) }],
  });
  const post = await poster(gateway, key, audienceOf, closing);
  return { gateway, sink, api: apiClient(gateway.url, key), post };
};

const untilTask = async (
  api: Api,
  id: string,
  holds: (task: TaskAnswer) => boolean,
): Promise<TaskAnswer> => {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const task = await api.get<TaskAnswer>(`/v1/tasks/${id}`);
    if (holds(task)) return task;
    if (performance.now() > deadline) throw new Error(`A task stays as ${JSON.stringify(task)}`);
    await pause(LOOK_EVERY_MS);
  }
};

/** Does `work` while a campaign is sent. Resolves with the devices a second of the campaign, and what `work` gave. */
const besideCampaign = async <Result>(
  api: Api,
  ratePerSecond: number,
  work: () => Promise<Result>,
): Promise<{ rate: number; result: Result }> => {
  const { id } = await api.post<{ id: string }>('/v1/tasks', {
    audience: CAMPAIGN,
    message: MESSAGE,
    schedule: { ratePerSecond },
  });
  const before = await untilTask(api, id, ({ counts }) => counts.accepted > 0);
  const startedAt = performance.now();
  const result = await work();
  const seconds = (performance.now() - startedAt) / SECOND_MS;
  const after = await api.get<TaskAnswer>(`/v1/tasks/${id}`);
  if (after.counts.pending === 0) throw new Error('The campaign ended before the single tasks');
  await api.post(`/v1/tasks/${id}/cancel`, {});
  await untilTask(api, id, ({ counts }) => counts.pending === 0);
  return { rate: (after.counts.accepted - before.counts.accepted) / seconds, result };
};

/** Milliseconds of some single tasks, from the request to the vendor; `turn` chooses devices that had none yet. */
const measureSingles = async ({ sink, post }: Line, turn: number): Promise<number[]> => {
  const posted = await openLoop({ perSecond: PER_SECOND, count: COUNT }, (index, dueAtMs) =>
    post(turn * COUNT + index, dueAtMs),
  );
  return postToVendorMs(posted, await untilArrived(sink, posted));
};

const figuresOf = (
  idle: readonly number[][],
  busy: readonly { rate: number; result: number[] }[],
  highest: number,
): Figure[] => {
  const of = (name: string, share: number, runs: readonly number[][]): Figure =>
    figure(name, 'ms', ...runs.map((valuesMs) => percentile(valuesMs, share)));
  const beside = busy.map(({ result }) => result);
  const idleP99 = of('idle, p99', 0.99, idle);
  const besideP99 = of('beside the campaign, p99', 0.99, beside);
  const times = summary(besideP99.values).median / summary(idleP99.values).median;
  return [
    figure('highest rate of a campaign', 'devices/s', highest),
    figure('the campaign', 'devices/s', ...busy.map(({ rate }) => rate)),
    of('idle, p50', 0.5, idle),
    idleP99,
    of('beside the campaign, p50', 0.5, beside),
    besideP99,
    figure(`median p99 against idle (mark ${MOST_TIMES}, or ${MOST_MS} ms)`, 'times', times),
  ];
};

export const lanes: Part = async (bench) => {
  const line = await startLine(bench);
  const { api } = line;
  // The first one is the warm-up.
  await sendTask(api, CAMPAIGN, CAMPAIGN_DEVICES);
  const { totalMs } = await sendTask(api, CAMPAIGN, CAMPAIGN_DEVICES);
  const highest = CAMPAIGN_DEVICES / (totalMs / SECOND_MS);
  bench.say(`A campaign alone: ${formatCount(Math.round(highest))} devices/s`);
  await measureSingles(line, 0);
  const idle: number[][] = [];
  const busy: { rate: number; result: number[] }[] = [];
  for (let run = 0; run < RUNS; run += 1) {
    idle.push(await measureSingles(line, 1 + 2 * run));
    busy.push(
      await besideCampaign(api, Math.round(highest / 2), () => measureSingles(line, 2 + 2 * run)),
    );
    bench.say(`Run ${run + 1} of ${RUNS}`);
  }
  return {
    part: 'lanes',
    setting: [
      `sink ${line.sink.name} on loopback, APNs-like; ${PER_SECOND} tasks/s to one device each for ${SECONDS} s, ` +
        'from the request to the vendor',
      'beside a campaign of the same app and vendor at half the highest rate; runs take turns',
      `mongod ${await mongodVersion(line.gateway.mongodPid)} embedded; a row for each device`,
    ],
    figures: figuresOf(idle, busy, highest),
  };
};
