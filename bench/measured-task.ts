/** One task to many devices, and what it cost each process. */
import { formatCount } from '../demo/report-table.js';
import { type Sent, sendTask } from './backend.js';
import { type Costs, gatewayProcesses, measureCosts } from './costs.js';
import type { FilledGateway } from './filled-gateway.js';
import type { Bench } from './part.js';
import { rounded } from './statistics.js';

const SECOND_MS = 1_000;

export interface MeasuredTask extends Sent {
  readonly count: number;
  readonly costs: Costs<ReturnType<typeof gatewayProcesses>>;
}

export interface BenchAudience {
  readonly audience: { readonly all: true } | { readonly tags: string };
  readonly devices: number;
}

export const perSecond = (count: number, ms: number): number => count / (ms / SECOND_MS);

/** Rejects unless the task is done with every device accepted. */
export const measureTask = async (
  { gateway, api, sink }: Pick<FilledGateway, 'gateway' | 'api' | 'sink'>,
  { audience, devices }: BenchAudience,
): Promise<MeasuredTask> => {
  const { result, costs } = await measureCosts(gatewayProcesses(gateway, sink), () =>
    sendTask(api, audience, devices),
  );
  return { ...result, count: devices, costs };
};

export const sayTask = (
  { say }: Bench,
  title: string,
  { count, totalMs, planMs }: MeasuredTask,
): void => {
  const rate = formatCount(Math.round(perSecond(count, totalMs)));
  say(`${title}: ${rate} devices/s, planned after ${rounded(planMs / SECOND_MS)} s`);
};
