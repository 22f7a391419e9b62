/** Speaks to the gateway like a backend: makes the app, brings the devices, sends tasks and holds their reports. */
import { setTimeout as pause } from 'node:timers/promises';
import { type Api, apiClient } from '../demo/api-client.js';
import { ledgerFaults, type Row } from '../demo/ledger.js';
import type { TaskAnswer } from '../demo/task-answer.js';
import type { Lane } from '../models/task.js';
import { type BenchDevice, deviceLines, MESSAGE } from './devices.js';
import type { GatewayProcess } from './gateway-process.js';
import type { BenchVendor } from './options.js';
import type { Sink } from './sink.js';
import { vendorSettings } from './vendor-settings.js';

const APP = 'bench';
const LOOK_EVERY_MS = 100;
/** No measured task takes longer unless something is broken. */
const PATIENCE_MS = 600_000;
const ENDED = new Set(['done', 'cancelled', 'failed']);
const SECOND_MS = 1_000;

type Timed = TaskAnswer & {
  readonly timings: { readonly startedAt?: string; readonly plannedAt?: string; endedAt?: string };
};

export interface VendorPlan {
  readonly vendor?: BenchVendor;
  /** Null: as fast as it goes. */
  readonly ratePerSecond?: number | null;
}

/** Makes the app and lets it push to the sink. Returns the key of the app. */
export const setUpApp = async (
  gateway: Pick<GatewayProcess, 'url' | 'operatorKey'>,
  sink: Sink,
  plan: VendorPlan = {},
): Promise<string> => {
  const operator = apiClient(gateway.url, gateway.operatorKey);
  const { adminKey } = await operator.post<{ adminKey: { key: string } }>('/v1/apps', {
    id: APP,
    name: 'The benchmark',
  });
  await setUpVendor(apiClient(gateway.url, adminKey.key), sink, plan);
  return adminKey.key;
};

export const setUpVendor = async (
  api: Api,
  sink: Sink,
  { vendor = 'apns', ratePerSecond = null }: VendorPlan,
): Promise<void> => {
  // The sink answers 200 to everybody, so asking it with a made-up token would tell nothing.
  await api.put(`/v1/apps/${APP}/vendors/${vendor}?probe=skip`, {
    ...vendorSettings(vendor, sink),
    ratePerSecond,
  });
};

/** Lines a second. Rejects unless every line made a device. */
export const importDevices = async (
  { url, key }: { url: string; key: string },
  devices: number,
  deviceOf?: (index: number) => BenchDevice,
): Promise<number> => {
  const startedAt = performance.now();
  const reply = await fetch(`${url}/v1/devices/import`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/x-ndjson' },
    body: deviceLines(devices, deviceOf),
    duplex: 'half',
  });
  const text = await reply.text();
  const seconds = (performance.now() - startedAt) / SECOND_MS;
  const { created } = (reply.ok ? JSON.parse(text) : {}) as { created?: number };
  if (created !== devices) throw new Error(`The import of ${devices} devices answered ${text}`);
  return devices / seconds;
};

export interface Sent {
  readonly task: TaskAnswer;
  /** From the request until the task was done. */
  readonly totalMs: number;
  /** From the first look at the audience until its last batch was cut. */
  readonly planMs: number;
}

const checkReport = (task: TaskAnswer, devices: number): void => {
  const { targeted, accepted, pending } = task.counts;
  if (task.state !== 'done' || targeted !== devices || accepted !== devices || pending !== 0) {
    throw new Error(`A task to ${devices} devices ended as ${JSON.stringify(task)}`);
  }
};

const instantMs = (instant: string | undefined): number => Date.parse(instant ?? '');

/** Asks until `holds`. Rejects when that takes longer than anything should. */
export const untilTask = async (
  api: Api,
  id: string,
  holds: (task: TaskAnswer) => boolean,
): Promise<Timed> => {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const task = await api.get<Timed>(`/v1/tasks/${id}`);
    if (holds(task)) return task;
    if (performance.now() > deadline) throw new Error(`A task stays as ${JSON.stringify(task)}`);
    await pause(LOOK_EVERY_MS);
  }
};

/** Rejects unless the task is done with every device accepted. */
export const sendTask = async (
  api: Api,
  audience: { all: true } | { tags: string },
  devices: number,
  more: { readonly schedule?: { readonly ratePerSecond: number }; readonly lane?: Lane } = {},
): Promise<Sent> => {
  // The gateway stamps its instants by the same clock of the same machine.
  const postedAtMs = Date.now();
  const { id } = await api.post<{ id: string }>('/v1/tasks', {
    audience,
    message: MESSAGE,
    ...more,
  });
  const task = await untilTask(api, id, ({ state }) => ENDED.has(state));
  checkReport(task, devices);
  const { startedAt, plannedAt, endedAt } = task.timings;
  return {
    task,
    totalMs: instantMs(endedAt) - postedAtMs,
    planMs: instantMs(plannedAt) - instantMs(startedAt),
  };
};

/** Holds the report against its rows. Rejects with what does not fit. */
export const checkRows = async (api: Api, task: TaskAnswer): Promise<void> => {
  const text = await api.getText(`/v1/tasks/${task.id}/deliveries?format=ndjson`);
  const rows = text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Row);
  const faults = ledgerFaults(task, rows);
  if (faults.length > 0) throw new Error(`The ledger does not balance: ${faults.join('; ')}`);
};
