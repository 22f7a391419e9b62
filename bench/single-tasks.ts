/** Tasks to one device each, and when each of them reached the sink. */
import { Agent, request } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import type { Closing } from '../server/closing.js';
import { type CostedRun, measureCosts, type Processes } from './costs.js';
import { benchToken, MESSAGE } from './devices.js';
import type { GatewayProcess } from './gateway-process.js';
import { type Figure, figure } from './result.js';
import { sharedClockMs } from './shared-clock.js';
import type { Arrival, RecordingSink } from './sink.js';
import { percentile } from './statistics.js';

const ARRIVED_WITHIN_MS = 30_000;
const LOOK_EVERY_MS = 100;
const ACCEPTED = 202;
const SECOND_MS = 1_000;
const IDLE_MS = 2_000;

/** One task by the clock of `sharedClockMs`. */
export interface Posted {
  readonly path: string;
  readonly dueAtMs: number;
  readonly sentAtMs: number;
  readonly answeredAtMs: number;
}

/** The device of this number. */
export type SingleAudience = (
  index: number,
) => { devices: [string] } | { tokens: [{ vendor: 'apns'; token: string }] };

/** Posts a task to the device of this number. */
export type Post = (index: number, dueAtMs: number) => Promise<Posted>;

const pathOf = (index: number): string => `/3/device/${benchToken(index)}`;

/** Resolves with the moment of the answer's status; rejects when it is not 202. */
const postTask = (url: string, key: string, agent: Agent, audience: object): Promise<number> =>
  new Promise((resolve, reject) => {
    const body = JSON.stringify({ audience, message: MESSAGE, lane: 'transactional' });
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

export const poster = async (
  { url }: Pick<GatewayProcess, 'url'>,
  key: string,
  audienceOf: SingleAudience,
  closing: Closing,
): Promise<Post> => {
  // Shorter than the gateway keeps an idle connection, so that none is used in the moment in which it is closed.
  const agent = new Agent({ keepAlive: true, timeout: IDLE_MS });
  await closing.add('the connections', async () => agent.destroy());
  return async (index, dueAtMs) => {
    const sentAtMs = sharedClockMs();
    const answeredAtMs = await postTask(url, key, agent, audienceOf(index));
    return { path: pathOf(index), dueAtMs, sentAtMs, answeredAtMs };
  };
};

/** Rejects unless each of these was pushed to within 30 s. */
export const untilArrived = async (
  sink: RecordingSink,
  posted: readonly Posted[],
): Promise<ReadonlyMap<string, Arrival>> => {
  const deadline = performance.now() + ARRIVED_WITHIN_MS;
  for (;;) {
    const arrivals = await sink.arrivals();
    const missing = posted.filter(({ path }) => !arrivals.has(path)).length;
    if (missing === 0) return arrivals;
    if (performance.now() > deadline) throw new Error(`${missing} pushes have not arrived`);
    await pause(LOOK_EVERY_MS);
  }
};

/** Tasks that were posted together, and what arrived of all tasks so far. */
export interface PostedRun {
  readonly posted: readonly Posted[];
  readonly arrivals: ReadonlyMap<string, Arrival>;
}

/** Posts by `load`, and waits until each push has arrived; with what that cost each process. */
export const measurePosted = async (
  { sink, processes }: { readonly sink: RecordingSink; readonly processes: Processes },
  load: () => Promise<readonly Posted[]>,
): Promise<PostedRun & CostedRun> => {
  const { result, costs } = await measureCosts(processes, async () => {
    const posted = await load();
    return { posted, arrivals: await untilArrived(sink, posted) };
  });
  return { ...result, costs, count: result.posted.length };
};

/** Milliseconds from each request to its arrival. */
export const postToVendorMs = ({ posted, arrivals }: PostedRun): number[] =>
  posted.map(({ path, sentAtMs }) => (arrivals.get(path)?.firstAtMs ?? Number.NaN) - sentAtMs);

/** Milliseconds from each request to its answer. */
export const postToAnswerMs = ({ posted }: PostedRun): number[] =>
  posted.map(({ sentAtMs, answeredAtMs }) => answeredAtMs - sentAtMs);

/** Tasks a second, from the first request to `endMs`. */
export const rateUntil = ({ posted }: PostedRun, endMs: number): number => {
  const firstMs = posted.reduce((first, { sentAtMs }) => Math.min(first, sentAtMs), endMs);
  return posted.length / ((endMs - firstMs) / SECOND_MS);
};

/** Of no value: a moment before all others. */
export const latest = (timesMs: readonly number[]): number =>
  timesMs.reduce((last, atMs) => Math.max(last, atMs), Number.NEGATIVE_INFINITY);

export const lastAnswerAtMs = ({ posted }: PostedRun): number =>
  latest(posted.map(({ answeredAtMs }) => answeredAtMs));

export const pushedTwice = ({ posted, arrivals }: PostedRun): number =>
  posted.filter(({ path }) => (arrivals.get(path)?.times ?? 0) > 1).length;

/** How late the load itself was: a high figure says that the machine was busy, not the gateway. */
export const lateness = (runs: readonly PostedRun[]): Figure =>
  figure(
    'POST behind its schedule, p99',
    'ms',
    ...runs.map(({ posted }) =>
      percentile(
        posted.map(({ dueAtMs, sentAtMs }) => sentAtMs - dueAtMs),
        0.99,
      ),
    ),
  );
