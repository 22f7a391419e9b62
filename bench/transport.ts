/** The part `transport`: pushes without a gateway around them, by our engine and by those it is compared with. */
import { formatCount } from '../demo/report-table.js';
import { startDelayRelay } from './delay-relay.js';
import { type Bench, type Part, temporaryFolder } from './part.js';
import { type PushClientNews, type PushClientOrder, runPushClient } from './push-client.js';
import { CONTENDERS, type Contender, SHAPES, type Shape } from './push-clients.js';
import { type Figure, figure, type PartResult } from './result.js';
import { MOST_STREAMS, type Sink } from './sink.js';
import { startSink } from './start-sink.js';
import { rounded } from './statistics.js';

const US_PER_MS = 1_000;
const SECOND_MS = 1_000;
const IN_FLIGHT = 500;
/** Of the pushes that are measured. */
const WARM_UP_SHARE = 0.2;
const ROUND_TRIP_MS = 80;
/** Enough requests at a time that streams are what limits the rate until the pool has grown. */
const FAR_IN_FLIGHT = 12_000;
const FAR_CONNECTIONS = 16;

const WORDS: Readonly<Record<Contender, string>> = {
  own: 'our engine',
  node: 'our transport over node:http2',
  raw: 'raw node:http2',
};
const LIKE: Readonly<Record<Shape, string>> = { apns: 'APNs-like', fcm: 'FCM-like' };

const perSecond = ({ accepted, wallMs }: PushClientNews): number => accepted / (wallMs / SECOND_MS);
const usEach = ({ accepted, cpuMs }: PushClientNews): number => (cpuMs * US_PER_MS) / accepted;

type Runs = Record<Contender, PushClientNews[]>;

/** The contenders take turns, so that each run has others that ran under the same load. */
const compare = async (
  { options, closing, say }: Bench,
  sink: Sink,
  shape: Shape,
): Promise<Runs> => {
  const runs: Runs = { own: [], node: [], raw: [] };
  const pushes = options.devices;
  for (let number = 1; number <= options.runs; number += 1) {
    for (const contender of CONTENDERS) {
      const order: PushClientOrder = {
        contender,
        shape,
        url: sink.url,
        ca: sink.ca,
        pushes,
        warmUp: Math.round(pushes * WARM_UP_SHARE),
        inFlight: IN_FLIGHT,
        streams: IN_FLIGHT,
        connections: 1,
      };
      const news = await runPushClient(order, { closing, ...profileOf(options) });
      const rate = formatCount(Math.round(perSecond(news)));
      const what = `${LIKE[shape]}, run ${number}, ${WORDS[contender]}`;
      say(`${what}: ${rate} pushes/s, ${rounded(usEach(news))} us each`);
      runs[contender].push(news);
    }
  }
  return runs;
};

const profileOf = ({ profileDir }: Bench['options']): { profileDir?: string } =>
  profileDir == null ? {} : { profileDir };

const figuresOf = (shape: Shape, runs: Runs): Figure[] => {
  const like = LIKE[shape];
  const ratio = (of: (own: PushClientNews, raw: PushClientNews) => number): number[] =>
    runs.own.flatMap((own, index) => runs.raw.slice(index, index + 1).map((raw) => of(own, raw)));
  return [
    ...CONTENDERS.map((contender) =>
      figure(`${like}: CPU, ${WORDS[contender]}`, 'us/push', ...runs[contender].map(usEach)),
    ),
    ...CONTENDERS.map((contender) =>
      figure(`${like}: rate, ${WORDS[contender]}`, 'pushes/s', ...runs[contender].map(perSecond)),
    ),
    figure(
      `${like}: CPU of raw node:http2 against our engine`,
      'times',
      ...ratio((own, raw) => usEach(raw) / usEach(own)),
    ),
    figure(
      `${like}: rate of our engine against raw node:http2`,
      'times',
      ...ratio((own, raw) => perSecond(own) / perSecond(raw)),
    ),
    figure(
      `${like}: memory grown while measured, our engine`,
      'MB',
      ...runs.own.map(({ grownMb }) => grownMb),
    ),
  ];
};

/** The same way twice, once long and once short: what the relay costs is in both. */
const compareWays = async ({ options, closing, say }: Bench, sink: Sink): Promise<Figure[]> => {
  const rates: Record<'near' | 'far', number[]> = { near: [], far: [] };
  const ways = [
    ['near', await startDelayRelay(sink, 0, closing)],
    ['far', await startDelayRelay(sink, ROUND_TRIP_MS, closing)],
  ] as const;
  for (let number = 1; number <= options.runs; number += 1) {
    for (const [way, url] of ways) {
      const news = await runPushClient(
        {
          contender: 'own',
          shape: 'apns',
          url,
          ca: sink.ca,
          pushes: options.devices * 2,
          // The pool grows while it warms up.
          warmUp: options.devices,
          inFlight: FAR_IN_FLIGHT,
          streams: MOST_STREAMS,
          connections: FAR_CONNECTIONS,
        },
        { closing, ...profileOf(options) },
      );
      say(
        `Over a relay, ${way}, run ${number}: ${formatCount(Math.round(perSecond(news)))} pushes/s`,
      );
      rates[way].push(perSecond(news));
    }
  }
  const share = rates.far.map((far, index) => (100 * far) / (rates.near[index] ?? far));
  return [
    figure('over a relay that adds nothing', 'pushes/s', ...rates.near),
    figure(`over a relay with a round trip of ${ROUND_TRIP_MS} ms`, 'pushes/s', ...rates.far),
    figure('rate that is left on the long way', '%', ...share),
  ];
};

export const transport: Part = async (bench): Promise<PartResult> => {
  const { options, closing, say } = bench;
  const folder = await temporaryFolder(closing);
  const sink = await startSink(options.sink, folder, closing);
  say(`Sink: ${sink.name}`);
  const figures: Figure[] = [];
  for (const shape of SHAPES) figures.push(...figuresOf(shape, await compare(bench, sink, shape)));
  figures.push(...(await compareWays(bench, sink)));
  return {
    part: 'transport',
    setting: [
      `sink ${sink.name} on loopback, one connection, ${IN_FLIGHT} streams, ${formatCount(options.devices)} pushes, ${options.runs} runs`,
      ...(options.profileDir == null ? [] : ['profiled, so slower than it is']),
    ],
    figures,
  };
};
