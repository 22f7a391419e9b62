/** The part `latency`: tasks to a single device at a steady rate, from the request to the vendor. */
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type Api, apiClient } from '../demo/api-client.js';
import { formatCount } from '../demo/report-table.js';
import type { Closing } from '../server/closing.js';
import { setUpApp } from './backend.js';
import { benchDevice, benchToken, MESSAGE } from './devices.js';
import { buildGateway, type GatewayProcess, startGatewayProcess } from './gateway-process.js';
import { mongodVersion } from './machine.js';
import { type Arrival, type NodeSink, startNodeSink } from './node-sink.js';
import { openLoop } from './open-loop.js';
import { type Bench, type Part, temporaryFolder } from './part.js';
import { readCpuMs } from './process-figures.js';
import { type Figure, figure } from './result.js';
import { sharedClockMs } from './shared-clock.js';
import { makeSinkCertificate } from './sink.js';
import { percentile } from './statistics.js';

const SECONDS = 15;
const WARM_UP_SECONDS = 5;
const SECOND_MS = 1_000;
const ARRIVED_WITHIN_MS = 30_000;
const LOOK_EVERY_MS = 100;
const REGISTRATIONS_AT_A_TIME = 8;
const ACCEPTED = 202;
const IDLE_MS = 2_000;

/** One task by the clock of `sharedClockMs`. */
interface Posted {
  readonly path: string;
  readonly dueAtMs: number;
  readonly sentAtMs: number;
  readonly answeredAtMs: number;
}

const pathOf = (index: number): string => `/3/device/${benchToken(index)}`;

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

/** Resolves with the moment of the answer's status; rejects when it is not 202. */
const postTask = (url: string, key: string, agent: Agent, device: string): Promise<number> =>
  new Promise((resolve, reject) => {
    const body = JSON.stringify({
      audience: { devices: [device] },
      message: MESSAGE,
      lane: 'transactional',
    });
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
    const post = request(`${url}/v1/tasks`, { method: 'POST', agent, headers }, (reply) => {
      const atMs = sharedClockMs();
      reply.resume();
      reply.on('end', () => {
        if (reply.statusCode === ACCEPTED) resolve(atMs);
        else reject(new Error(`POST /v1/tasks answered ${reply.statusCode}`));
      });
    });
    post.on('error', reject);
    post.end(body);
  });

/** Rejects unless each of these was pushed to within 30 s. */
const untilArrived = async (
  sink: NodeSink,
  posted: readonly Posted[],
): Promise<Map<string, Arrival>> => {
  const deadline = performance.now() + ARRIVED_WITHIN_MS;
  for (;;) {
    const arrivals = await sink.arrivals();
    const missing = posted.filter(({ path }) => !arrivals.has(path)).length;
    if (missing === 0) return arrivals;
    if (performance.now() > deadline) throw new Error(`${missing} pushes have not arrived`);
    await pause(LOOK_EVERY_MS);
  }
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
    ...spread(
      'POST to vendor',
      posted.map((one) => arrivedAtMs(one) - one.sentAtMs),
    ),
    ...spread(
      '202 to vendor',
      posted.map((one) => arrivedAtMs(one) - one.answeredAtMs),
    ),
    ...spread(
      'POST to 202',
      posted.map(({ sentAtMs, answeredAtMs }) => answeredAtMs - sentAtMs),
    ),
    figure('pushed more than once', 'devices', twice),
    // How late the load itself was: a high figure says that the machine was busy, not the gateway.
    figure(
      'POST behind its schedule, p99',
      'ms',
      percentile(
        posted.map(({ dueAtMs, sentAtMs }) => sentAtMs - dueAtMs),
        0.99,
      ),
    ),
  ];
};

interface Line {
  readonly sink: NodeSink;
  readonly gateway: GatewayProcess;
  readonly key: string;
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
  return { sink, gateway, key: await setUpApp(gateway, sink) };
};

type Post = (index: number, dueAtMs: number) => Promise<Posted>;

const poster = async (
  { gateway, key }: Line,
  ids: readonly string[],
  closing: Closing,
): Promise<Post> => {
  // Shorter than the gateway keeps an idle connection, so that none is used in the moment in which it is closed.
  const agent = new Agent({ keepAlive: true, timeout: IDLE_MS });
  await closing.add('the connections', async () => agent.destroy());
  return async (index, dueAtMs) => {
    const sentAtMs = sharedClockMs();
    const answeredAtMs = await postTask(gateway.url, key, agent, ids[index] ?? '');
    return { path: pathOf(index), dueAtMs, sentAtMs, answeredAtMs };
  };
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
  const post = await poster(line, ids, closing);
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
