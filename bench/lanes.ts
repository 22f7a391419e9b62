/** The part `lanes`: what a campaign at half the highest rate does to the latency of single transactional pushes. */
import { type Api, apiClient } from '../demo/api-client.js';
import { formatCount } from '../demo/report-table.js';
import { importDevices, sendTask, untilTask } from './backend.js';
import { type CostedRun, costFigures } from './costs.js';
import { benchToken, FEW_DEVICES, MESSAGE } from './devices.js';
import { type Line, startLine } from './line.js';
import { mongodVersion } from './machine.js';
import { openLoop } from './open-loop.js';
import type { Part } from './part.js';
import { percentileFigures } from './percentiles.js';
import { type Figure, figure, marked } from './result.js';
import {
  measurePosted,
  type Post,
  type PostedRun,
  poster,
  postToVendorMs,
  type SingleAudience,
} from './single-tasks.js';
import { median, percentile } from './statistics.js';

/** Single tasks. */
const PER_SECOND = 20;
const SECONDS = 10;
const COUNT = PER_SECOND * SECONDS;
const RUNS = 5;
/** The first 10,000 are for the single tasks, each once; the others are the campaign's. */
const DEVICES = 130_000;
const CAMPAIGN = { tags: 'plan:free' };
const CAMPAIGN_DEVICES = DEVICES - FEW_DEVICES;
const SECOND_MS = 1_000;
/** p99 is at most so many times that of an idle gateway, or at most so many milliseconds. */
const MOST_TIMES = 2;
const MOST_MS = 60;

interface Posting extends Pick<Line, 'sink' | 'gateway'> {
  readonly post: Post;
}

/** Does `work` while a campaign is sent. Resolves with the devices a second of the campaign, and what `work` gave. */
const besideCampaign = async <Result>(
  api: Api,
  ratePerSecond: number,
  work: () => Promise<Result>,
): Promise<{ rate: number; accepted: number; result: Result }> => {
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
  const accepted = after.counts.accepted - before.counts.accepted;
  return { rate: accepted / seconds, accepted, result };
};

/** Some single tasks; `turn` chooses devices that had none yet. */
const measureSingles = ({ post, ...line }: Posting, turn: number): Promise<Turn> =>
  measurePosted(line, () =>
    openLoop({ perSecond: PER_SECOND, count: COUNT }, (index, dueAtMs) =>
      post(turn * COUNT + index, dueAtMs),
    ),
  );

/** Single tasks, and what they and a campaign beside them cost. */
type Turn = PostedRun & CostedRun;

const medianP99 = (turns: readonly Turn[]): number =>
  median(turns.map((turn) => percentile(postToVendorMs(turn), 0.99)));

const figuresOf = (
  idle: readonly Turn[],
  busy: readonly (Turn & { readonly rate: number })[],
  highest: number,
): Figure[] => {
  const latencies = (name: string, turns: readonly Turn[]): Figure[] =>
    percentileFigures(name, turns.map(postToVendorMs));
  return [
    figure('highest rate of a campaign', 'devices/s', highest),
    figure('the campaign', 'devices/s', ...busy.map(({ rate }) => rate)),
    ...latencies('idle', idle),
    ...latencies('beside the campaign', busy),
    marked(
      figure('median p99 against idle', 'times', medianP99(busy) / medianP99(idle)),
      `at most ${MOST_TIMES}, or p99 ${MOST_MS} ms`,
    ),
    ...costFigures(idle, 'task', 'idle: '),
    // Nearly all of its pushes are the campaign's.
    ...costFigures(busy, 'push', 'beside the campaign: '),
  ];
};

export const lanes: Part = async (bench) => {
  const { gateway, sink, key } = await startLine(bench);
  await importDevices({ url: gateway.url, key }, DEVICES);
  const api = apiClient(gateway.url, key);
  const audienceOf: SingleAudience = (index) => ({
    tokens: [{ vendor: 'apns', token: benchToken(index) }],
  });
  const posting = { sink, gateway, post: await poster(gateway, key, audienceOf, bench.closing) };
  // The first one is the warm-up.
  await sendTask(api, CAMPAIGN, CAMPAIGN_DEVICES);
  const { totalMs } = await sendTask(api, CAMPAIGN, CAMPAIGN_DEVICES);
  const highest = CAMPAIGN_DEVICES / (totalMs / SECOND_MS);
  bench.say(`A campaign alone: ${formatCount(Math.round(highest))} devices/s`);
  await measureSingles(posting, 0);
  const idle: Turn[] = [];
  const busy: (Turn & { rate: number })[] = [];
  for (let run = 0; run < RUNS; run += 1) {
    idle.push(await measureSingles(posting, 1 + 2 * run));
    const { rate, accepted, result } = await besideCampaign(api, Math.round(highest / 2), () =>
      measureSingles(posting, 2 + 2 * run),
    );
    busy.push({ ...result, rate, count: COUNT + accepted });
    bench.say(`Run ${run + 1} of ${RUNS}`);
  }
  return {
    part: 'lanes',
    setting: [
      `sink ${sink.name} on loopback, APNs-like; ${PER_SECOND} tasks/s to one device each for ${SECONDS} s, ` +
        'from the request to the vendor',
      `beside a campaign of the same app and vendor at half the highest rate; ${RUNS} runs, in turns`,
      `mongod ${await mongodVersion(gateway.mongodPid)} embedded; a row for each device`,
    ],
    figures: figuresOf(idle, busy, highest),
  };
};
