/** The part `lanes`: what a campaign at half the highest rate does to the latency of single transactional pushes. */
import { type Api, apiClient } from '../demo/api-client.js';
import { formatCount } from '../demo/report-table.js';
import { importDevices, sendTask, untilTask } from './backend.js';
import { benchToken, FEW_DEVICES, MESSAGE } from './devices.js';
import { type Line, startLine } from './line.js';
import { mongodVersion } from './machine.js';
import { openLoop } from './open-loop.js';
import type { Part } from './part.js';
import { type Figure, figure } from './result.js';
import {
  type Post,
  poster,
  postToVendorMs,
  type SingleAudience,
  untilArrived,
} from './single-tasks.js';
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
/** p99 is at most so many times that of an idle gateway, or at most so many milliseconds. */
const MOST_TIMES = 2;
const MOST_MS = 60;

interface Posting extends Pick<Line, 'sink'> {
  readonly post: Post;
}

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
  const after = await untilTask(api, id, () => true);
  if (after.counts.pending === 0) throw new Error('The campaign ended before the single tasks');
  await api.post(`/v1/tasks/${id}/cancel`, {});
  await untilTask(api, id, ({ counts }) => counts.pending === 0);
  return { rate: (after.counts.accepted - before.counts.accepted) / seconds, result };
};

/** Milliseconds of some single tasks, from the request to the vendor; `turn` chooses devices that had none yet. */
const measureSingles = async ({ sink, post }: Posting, turn: number): Promise<number[]> => {
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
  const { gateway, sink, key } = await startLine(bench);
  await importDevices(gateway.url, key, DEVICES);
  const api = apiClient(gateway.url, key);
  const audienceOf: SingleAudience = (index) => ({
    tokens: [{ vendor: 'apns', token: benchToken(index) }],
  });
  const posting = { sink, post: await poster(gateway, key, audienceOf, bench.closing) };
  // The first one is the warm-up.
  await sendTask(api, CAMPAIGN, CAMPAIGN_DEVICES);
  const { totalMs } = await sendTask(api, CAMPAIGN, CAMPAIGN_DEVICES);
  const highest = CAMPAIGN_DEVICES / (totalMs / SECOND_MS);
  bench.say(`A campaign alone: ${formatCount(Math.round(highest))} devices/s`);
  await measureSingles(posting, 0);
  const idle: number[][] = [];
  const busy: { rate: number; result: number[] }[] = [];
  for (let run = 0; run < RUNS; run += 1) {
    idle.push(await measureSingles(posting, 1 + 2 * run));
    busy.push(
      await besideCampaign(api, Math.round(highest / 2), () =>
        measureSingles(posting, 2 + 2 * run),
      ),
    );
    bench.say(`Run ${run + 1} of ${RUNS}`);
  }
  return {
    part: 'lanes',
    setting: [
      `sink ${sink.name} on loopback, APNs-like; ${PER_SECOND} tasks/s to one device each for ${SECONDS} s, ` +
        'from the request to the vendor',
      'beside a campaign of the same app and vendor at half the highest rate; runs take turns',
      `mongod ${await mongodVersion(gateway.mongodPid)} embedded; a row for each device`,
    ],
    figures: figuresOf(idle, busy, highest),
  };
};
