/** The part `transport`: pushes without a gateway around them, by our engine and by those it is compared with. */
import { formatCount } from '../demo/report-table.js';
import { compareContenders, comparison, IN_FLIGHT, perSecond } from './compare-contenders.js';
import { peerVersions, SHAPES } from './contenders.js';
import { startDelayRelay } from './delay-relay.js';
import { DEFAULT_DEVICES } from './options.js';
import { type Bench, type Part, temporaryFolder } from './part.js';
import { startGorush } from './peers/gorush-process.js';
import { runPushClient } from './push-client.js';
import { type Figure, figure, marked, type PartResult } from './result.js';
import { MOST_STREAMS, type Sink } from './sink.js';
import { startSink } from './start-sink.js';

const ROUND_TRIP_MS = 80;
/** Enough requests at a time that streams are what limits the rate until the pool has grown. */
const FAR_IN_FLIGHT = 12_000;
const FAR_CONNECTIONS = 16;
const LEAST_FAR_SHARE = 80;

/** The same way twice, once long and once short: what the relay costs is in both. */
const compareWays = async (
  { options: { runs, profileDir }, closing, say }: Bench,
  sink: Sink,
  pushes: number,
): Promise<Figure[]> => {
  const rates: Record<'near' | 'far', number[]> = { near: [], far: [] };
  const ways = [
    ['near', await startDelayRelay(sink, 0, closing)],
    ['far', await startDelayRelay(sink, ROUND_TRIP_MS, closing)],
  ] as const;
  for (let number = 1; number <= runs; number += 1) {
    for (const [way, url] of ways) {
      const news = await runPushClient(
        {
          contender: 'own',
          shape: 'apns',
          url,
          ca: sink.ca,
          pushes: pushes * 2,
          // The pool grows while it warms up.
          warmUp: pushes,
          inFlight: FAR_IN_FLIGHT,
          streams: MOST_STREAMS,
          connections: FAR_CONNECTIONS,
        },
        { closing, ...(profileDir == null ? {} : { profileDir }) },
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
    marked(
      figure('rate that is left on the long way', '%', ...share),
      `at least ${LEAST_FAR_SHARE}`,
    ),
  ];
};

export const transport: Part = async (bench): Promise<PartResult> => {
  const { options, closing, say } = bench;
  const pushes = options.devices ?? DEFAULT_DEVICES;
  const folder = await temporaryFolder(closing);
  const sink = await startSink(options.sink, folder, closing);
  const gorush =
    options.gorushPath == null
      ? undefined
      : await startGorush(
          { path: options.gorushPath, folder, pushesAtATime: IN_FLIGHT },
          sink,
          closing,
        );
  const peers = [...(await peerVersions()), ...(gorush == null ? [] : [gorush.name])].join(', ');
  say(`Sink: ${sink.name}; peers: ${peers}`);
  const field = { sink, pushes, ...(gorush == null ? {} : { gorush }) };
  const figures: Figure[] = [];
  for (const shape of SHAPES) {
    figures.push(...comparison(shape, await compareContenders(bench, field, shape)));
  }
  figures.push(...(await compareWays(bench, sink, pushes)));
  return {
    part: 'transport',
    setting: [
      `sink ${sink.name} on loopback, one connection, ${IN_FLIGHT} streams, ${formatCount(pushes)} pushes, ${options.runs} runs`,
      `peers ${peers}; firebase-admin opens a connection for each 500 messages and uses 100 streams until it knows better`,
      ...(options.profileDir == null ? [] : ['profiled, so slower than it is']),
    ],
    figures,
  };
};
