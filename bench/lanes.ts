/** The part `lanes`: what a campaign at half the highest rate does to the latency of single transactional pushes. */
import { type Api, apiClient } from '../demo/api-client.js';
import { importDevices, sendTask, setUpApp, untilTask } from './backend.js';
import { type CostedRun, costFigures, type Processes } from './costs.js';
import { benchToken, FEW_DEVICES, MESSAGE } from './devices.js';
import { buildGateway, type RunningGateway } from './gateway-process.js';
import { mongodVersion } from './machine.js';
import { openLoop } from './open-loop.js';
import { type Part, temporaryFolder } from './part.js';
import { percentileFigures } from './percentiles.js';
import { type Figure, figure, marked } from './result.js';
import { startSharedDatabase } from './shared-database.js';
import {
  measurePosted,
  type Post,
  type PostedRun,
  poster,
  postToVendorMs,
  type SingleAudience,
} from './single-tasks.js';
import type { RecordingSink } from './sink.js';
import { startRecordingSink } from './start-sink.js';
import { median, percentile } from './statistics.js';

/** Single tasks. */
const PER_SECOND = 20;
const SECONDS = 10;
const COUNT = PER_SECOND * SECONDS;
const RUNS = 5;
/** The one that warms up, and of each run an idle and a busy one. */
const TURNS = 1 + 2 * RUNS;
/** The first 10,000 are for the single tasks, each once; the others are the campaign's. */
const DEVICES = 130_000;
const CAMPAIGN = { tags: 'plan:free' };
const CAMPAIGN_DEVICES = DEVICES - FEW_DEVICES;
const SECOND_MS = 1_000;
/** p99 is at most so many times that of an idle gateway, or at most so many milliseconds. */
const MOST_TIMES = 2;
const MOST_MS = 60;

/** Which processes plan and send what, by the name of the deployment: each has the settings of its gateways, the door first. */
const DEPLOYMENTS: Readonly<Record<string, readonly Readonly<Record<string, string>>[]>> = {
  'one process': [{}],
  'campaigns in a process of their own': [
    { PIGEONPOST_LANES: 'transactional,default' },
    { PIGEONPOST_ROLE: 'worker', PIGEONPOST_LANES: 'campaign' },
  ],
};

interface Deployed {
  readonly api: Api;
  readonly sink: RecordingSink;
  readonly processes: Processes;
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
    lane: 'campaign',
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
const measureSingles = ({ post, ...deployed }: Deployed, turn: number): Promise<Turn> =>
  measurePosted(deployed, () =>
    openLoop({ perSecond: PER_SECOND, count: COUNT }, (index, dueAtMs) =>
      post(turn * COUNT + index, dueAtMs),
    ),
  );

/** Single tasks, and what they and a campaign beside them cost. */
type Turn = PostedRun & CostedRun;

const medianP99 = (turns: readonly Turn[]): number =>
  median(turns.map((turn) => percentile(postToVendorMs(turn), 0.99)));

interface Measured {
  readonly highest: number;
  readonly idle: readonly Turn[];
  readonly busy: readonly (Turn & { readonly rate: number })[];
}

const figuresOf = (name: string, { highest, idle, busy }: Measured): Figure[] => {
  const latencies = (what: string, turns: readonly Turn[]): Figure[] =>
    percentileFigures(`${name}, ${what}`, turns.map(postToVendorMs));
  return [
    figure(`${name}: highest rate of a campaign`, 'devices/s', highest),
    figure(`${name}: the campaign`, 'devices/s', ...busy.map(({ rate }) => rate)),
    ...latencies('idle', idle),
    ...latencies('beside the campaign', busy),
    marked(
      figure(`${name}: median p99 against idle`, 'times', medianP99(busy) / medianP99(idle)),
      `at most ${MOST_TIMES}, or p99 ${MOST_MS} ms`,
    ),
    ...costFigures(idle, 'task', `${name}, idle: `),
    // Nearly all of its pushes are the campaign's.
    ...costFigures(busy, 'push', `${name}, beside the campaign: `),
  ];
};

/** `firstTurn` counts on from the deployment before: each device gets one single push. */
const measure = async (deployed: Deployed, firstTurn: number): Promise<Measured> => {
  const { api } = deployed;
  // The first one is the warm-up.
  await sendTask(api, CAMPAIGN, CAMPAIGN_DEVICES, { lane: 'campaign' });
  const { totalMs } = await sendTask(api, CAMPAIGN, CAMPAIGN_DEVICES, { lane: 'campaign' });
  const highest = CAMPAIGN_DEVICES / (totalMs / SECOND_MS);
  await measureSingles(deployed, firstTurn);
  const idle: Turn[] = [];
  const busy: (Turn & { rate: number })[] = [];
  for (let run = 0; run < RUNS; run += 1) {
    const turn = firstTurn + 1 + 2 * run;
    idle.push(await measureSingles(deployed, turn));
    const { rate, accepted, result } = await besideCampaign(api, Math.round(highest / 2), () =>
      measureSingles(deployed, turn + 1),
    );
    busy.push({ ...result, rate, count: COUNT + accepted });
  }
  return { highest, idle, busy };
};

export const lanes: Part = async ({ closing, options, say }) => {
  const folder = await temporaryFolder(closing);
  await buildGateway();
  const sink = await startRecordingSink(options.sink, folder, closing);
  const database = await startSharedDatabase(folder, closing);
  const { mongodPid, operatorKey } = database;
  const audienceOf: SingleAudience = (index) => ({
    tokens: [{ vendor: 'apns', token: benchToken(index) }],
  });
  const figures: Figure[] = [];
  let key: string | undefined;
  let firstTurn = 0;
  for (const [name, settings] of Object.entries(DEPLOYMENTS)) {
    const gateways: RunningGateway[] = [];
    // One after the other: both would make the same indexes.
    for (const one of settings) gateways.push(await database.start(one));
    const { url } = gateways[0] as RunningGateway;
    if (key == null) {
      key = await setUpApp({ url, operatorKey }, sink);
      await importDevices({ url, key }, DEVICES);
    }
    const measured = await measure(
      {
        api: apiClient(url, key),
        sink,
        processes: {
          gateway: gateways.map(({ pid }) => pid),
          mongod: [mongodPid],
          sink: sink.pids,
        },
        post: await poster({ url }, key, audienceOf, closing),
      },
      firstTurn,
    );
    figures.push(...figuresOf(name, measured));
    say(`${name}: p99 ${Math.round(medianP99(measured.busy))} ms beside a campaign`);
    await Promise.all(gateways.map((gateway) => gateway.stop()));
    firstTurn += TURNS;
  }
  return {
    part: 'lanes',
    setting: [
      `sink ${sink.name} on loopback, APNs-like; ${PER_SECOND} tasks/s to one device each for ${SECONDS} s, ` +
        'from the request to the vendor',
      `beside a campaign of the same app and vendor at half the highest rate; ${RUNS} runs, in turns`,
      `mongod ${await mongodVersion(mongodPid)} embedded; a row for each device`,
    ],
    figures,
  };
};
