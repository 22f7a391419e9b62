/** Gets the app `demo` ready: a key, the vendors' credentials, the devices. A second run finds the app and renews all. */
import { readFile } from 'node:fs/promises';
import type { Simulators } from '../simulators/index.js';
import { type Api, ApiError, apiClient } from './api-client.js';
import { DEVICES_CSV } from './make-devices.js';
import { formatCount } from './report-table.js';
import { vendorSettings } from './vendor-settings.js';

const APP = 'demo';
const KEY_NAME = 'Demo';
const SCOPES = [
  'tasks:write',
  'tasks:read',
  'campaigns:approve',
  'events:write',
  'devices:write',
  'devices:read',
  'admin',
];

interface KeyAnswer {
  readonly id: string;
  readonly name: string;
  readonly revokedAt?: string;
}

interface ImportAnswer {
  readonly created: number;
  readonly updated: number;
  readonly unchanged: number;
  readonly refused: number;
  readonly errors: readonly { line: number; field: string; reason: string }[];
}

/** Whether it had to be made. */
const ensureApp = async (operator: Api): Promise<boolean> => {
  try {
    await operator.post('/v1/apps', { id: APP, name: 'The demo' });
    return true;
  } catch (error) {
    if (error instanceof ApiError && error.code === 'APP_EXISTS') return false;
    throw error;
  }
};

/** Secrets are shown once, so a run cannot use the key of the run before: that one is revoked. */
const renewKey = async (operator: Api): Promise<string> => {
  const path = `/v1/apps/${APP}/keys`;
  const { items } = await operator.get<{ items: KeyAnswer[] }>(path);
  const old = items.filter(({ name, revokedAt }) => name === KEY_NAME && revokedAt == null);
  for (const { id } of old) await operator.delete(`${path}/${id}`);
  const { key } = await operator.post<{ key: string }>(path, { name: KEY_NAME, scopes: SCOPES });
  return key;
};

const importDevices = async (api: Api): Promise<ImportAnswer> => {
  const answer = await api.upload<ImportAnswer>(
    '/v1/devices/import',
    'text/csv',
    await readFile(DEVICES_CSV),
  );
  const [first] = answer.errors;
  if (first != null) {
    throw new Error(
      `${answer.refused} lines of devices.csv were refused, the first is line ${first.line}: ${first.field} ${first.reason}`,
    );
  }
  return answer;
};

/** What the demo and its `curl` lines use from here on. */
export const setUpApp = async (
  url: string,
  operatorKey: string,
  simulators: Simulators,
  say: (line: string) => void,
): Promise<{ api: Api; key: string }> => {
  const operator = apiClient(url, operatorKey);
  const isNew = await ensureApp(operator);
  const key = await renewKey(operator);
  const api = apiClient(url, key);
  for (const [vendor, settings] of Object.entries(vendorSettings(simulators))) {
    await api.put(`/v1/apps/${APP}/vendors/${vendor}`, settings);
  }
  say(
    `App ${APP} ${isNew ? 'is new' : 'was here already'}; credentials of three vendors are stored`,
  );
  const startedAt = performance.now();
  const { created, updated, unchanged } = await importDevices(api);
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
  say(
    `Imported devices in ${seconds} s: ${formatCount(created)} created, ` +
      `${formatCount(updated)} updated, ${formatCount(unchanged)} unchanged`,
  );
  return { api, key };
};
