/** The part `plan`: how fast the audience of a tag is planned, consent checked, while hardly anything is sent. */
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

const deviceOf = (index: number): BenchDevice => {
  const device = benchDevice(index);
  const push = index % DENIED_EVERY === 0 ? 'denied' : 'granted';
  return { ...device, tags: [TAG], consent: { ...device.consent, push } };
};

type Planned = Pick<MeasuredTask, 'count' | 'planMs' | 'costs'>;

/** Rejects unless the plan has found everybody and left out those who have not consented. */
const measurePlan = async (
  { gateway, api, sink }: FilledGateway,
  devices: number,
): Promise<Planned> => {
  const { result: task, costs } = await measureCosts(gatewayProcesses(gateway, sink), async () => {
    const { id } = await api.post<{ id: string }>('/v1/tasks', {
      audience: { tags: TAG },
      message: MESSAGE,
      schedule: SLOWLY,
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
  for (let number = 1; number <= options.runs; number += 1) {
    const run = await measurePlan(filled, devices);
    const rate = Math.round(perSecond(run.count, run.planMs));
    say(`Run ${number}: ${formatCount(rate)} devices/s`);
    runs.push(run);
  }
  return {
    part: 'plan',
    setting: [
      `a tag that ${formatCount(devices)} devices bear, one in ${DENIED_EVERY} without consent; sent at 1 device/s meanwhile, ${options.runs} runs`,
      filled.setting,
    ],
    figures: [
      marked(
        figure(
          'planned, consent checked',
          'devices/s',
          ...runs.map(({ count, planMs }) => perSecond(count, planMs)),
        ),
        `at least ${formatCount(LEAST_RATE)}`,
      ),
      ...costFigures(runs, 'device'),
    ],
  };
};
