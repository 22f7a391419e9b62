/** The part `plan`: how fast the audience of a tag is planned, consent checked, at once and at a wall time, while hardly anything is sent. */
import { formatCount } from '../demo/report-table.js';
import { untilTask } from './backend.js';
import { costFigures, gatewayProcesses, measureCosts } from './costs.js';
import { type BenchDevice, benchDevice, MESSAGE } from './devices.js';
import { type FilledGateway, startFilledGateway } from './filled-gateway.js';
import { type MeasuredTask, perSecond } from './measured-task.js';
import { DEFAULT_DEVICES } from './options.js';
import type { Part } from './part.js';
import { figure, marked } from './result.js';

const TAG = 'news';
/** One device in so many has not consented, so that a check that was left out would show. */
const DENIED_EVERY = 10;
const LEAST_RATE = 80_000;
/** The slowest that a task may be told to be: what it sends meanwhile costs next to nothing. */
const SLOWLY = { ratePerSecond: 1 };
const HOUR_MS = 3_600_000;

/** As many as differ the most. */
const ZONES = 40;
const ALL_ZONES = Intl.supportedValuesOf('timeZone');
const zoneOf = (index: number): string =>
  ALL_ZONES[Math.floor(((index % ZONES) * ALL_ZONES.length) / ZONES)] ?? 'UTC';

/** Nobody is due yet, and everybody is within a day: planned at once. */
const laterToday = () => ({
  ...SLOWLY,
  localTime: new Date(Date.now() + 13 * HOUR_MS).toISOString().slice(0, 16),
  late: 'next-day',
});

const deviceOf = (index: number): BenchDevice => {
  const device = { ...benchDevice(index), timeZone: zoneOf(index) };
  const push = index % DENIED_EVERY === 0 ? 'denied' : 'granted';
  return { ...device, tags: [TAG], consent: { ...device.consent, push } };
};

type Planned = Pick<MeasuredTask, 'count' | 'planMs' | 'costs'>;

const rateOf = ({ count, planMs }: Planned): number => perSecond(count, planMs);

/** Rejects unless the plan has found everybody and left out those who have not consented. */
const measurePlan = async (
  { gateway, api, sink }: FilledGateway,
  devices: number,
  schedule: object = SLOWLY,
): Promise<Planned> => {
  const { result: task, costs } = await measureCosts(gatewayProcesses(gateway, sink), async () => {
    const { id } = await api.post<{ id: string }>('/v1/tasks', {
      audience: { tags: TAG },
      message: MESSAGE,
      schedule,
    });
    return untilTask(
      api,
      id,
      ({ timings, state }) => timings.plannedAt != null || state === 'failed',
    );
  });
  const { targeted, suppressed } = task.counts;
  if (targeted !== devices || suppressed !== Math.ceil(devices / DENIED_EVERY)) {
    throw new Error(`The plan of ${devices} devices came to ${JSON.stringify(task)}`);
  }
  await api.post(`/v1/tasks/${task.id}/cancel`, {});
  await untilTask(api, task.id, ({ counts }) => counts.pending === 0);
  const { startedAt = '', plannedAt = '' } = task.timings;
  return { count: devices, planMs: Date.parse(plannedAt) - Date.parse(startedAt), costs };
};

export const plan: Part = async (bench) => {
  const { options, say } = bench;
  const devices = options.devices ?? DEFAULT_DEVICES;
  const filled = await startFilledGateway(bench, { devices, vendor: 'apns', deviceOf });
  await measurePlan(filled, devices);
  const runs: Planned[] = [];
  const localRuns: Planned[] = [];
  for (let number = 1; number <= options.runs; number += 1) {
    const run = await measurePlan(filled, devices);
    const local = await measurePlan(filled, devices, laterToday());
    const [rate, localRate] = [run, local].map(rateOf).map((each) => formatCount(Math.round(each)));
    say(`Run ${number}: ${rate} devices/s, ${localRate} at a wall time`);
    runs.push(run);
    localRuns.push(local);
  }
  return {
    part: 'plan',
    setting: [
      `a tag that ${formatCount(devices)} devices bear, one in ${DENIED_EVERY} without consent; sent at 1 device/s meanwhile, ${options.runs} runs`,
      filled.setting,
    ],
    figures: [
      marked(
        figure('planned, consent checked', 'devices/s', ...runs.map(rateOf)),
        `at least ${formatCount(LEAST_RATE)}`,
      ),
      figure(`the same at a wall time in ${ZONES} zones`, 'devices/s', ...localRuns.map(rateOf)),
      ...costFigures(runs, 'device'),
    ],
  };
};
