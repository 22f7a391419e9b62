/** Devices of three vendors behind a gateway process, with the simulators as witnesses of what each really got. */
import type { Api } from '../../demo/api-client.js';
import { apiClient } from '../../demo/api-client.js';
import { vendorSettings } from '../../demo/vendor-settings.js';
import { apnsToken, fcmToken, harmonyToken, type Simulators } from '../../simulators/index.js';
import { until } from './until.js';

export const FLEET_APP = 'fleet';
const VENDORS = ['fcm', 'apns', 'harmony'] as const;
type VendorName = (typeof VENDORS)[number];

const TOKEN_OF: Record<VendorName, (seed: string) => string> = {
  fcm: fcmToken,
  apns: apnsToken,
  harmony: harmonyToken,
};

export interface FleetDevice {
  readonly vendor: VendorName;
  readonly token: string;
  readonly consents: boolean;
}

const NO_CONSENT_EVERY = 50;

export const makeFleet = (size: number, seed: string): FleetDevice[] =>
  Array.from({ length: size }, (_, index) => {
    const vendor = VENDORS[index % VENDORS.length] ?? 'fcm';
    const token = TOKEN_OF[vendor](`${seed}-${index}`);
    return { vendor, token, consents: index % NO_CONSENT_EVERY !== 0 };
  });

/** An app with the simulators' credentials; answers a key of all scopes. */
export const setUpApp = async (
  operator: Api,
  url: string,
  settings: Readonly<Record<string, object>>,
): Promise<string> => {
  const { adminKey } = await operator.post<{ adminKey: { key: string } }>('/v1/apps', {
    id: FLEET_APP,
    name: 'Fleet',
  });
  const api = apiClient(url, adminKey.key);
  for (const [vendor, ofVendor] of Object.entries(settings)) {
    await api.put(`/v1/apps/${FLEET_APP}/vendors/${vendor}`, ofVendor);
  }
  return adminKey.key;
};

export const importDevices = async (api: Api, devices: readonly object[]): Promise<void> => {
  const lines = devices.map((device) => `${JSON.stringify(device)}\n`).join('');
  await api.upload('/v1/devices/import', 'application/x-ndjson', Buffer.from(lines));
};

/** An app with the simulators' credentials and these devices; answers a key of all scopes. */
export const setUpFleet = async (
  operator: Api,
  url: string,
  simulators: Simulators,
  fleet: readonly FleetDevice[],
): Promise<string> => {
  const bearer = await setUpApp(operator, url, vendorSettings(simulators));
  const devices = fleet.map(({ vendor, token, consents }) => ({
    vendor,
    token,
    tags: [vendor],
    ...(consents ? { consent: { push: 'granted' } } : {}),
  }));
  await importDevices(apiClient(url, bearer), devices);
  return bearer;
};

export interface TaskShown {
  readonly id: string;
  readonly state: string;
  readonly counts: Record<string, number>;
}

export const taskEnded = async (api: Api, id: string, withinMs: number): Promise<TaskShown> => {
  let task = await api.get<TaskShown>(`/v1/tasks/${id}`);
  await until(
    `task ${id} has ended`,
    async () => {
      task = await api.get<TaskShown>(`/v1/tasks/${id}`);
      return task.state === 'done' && task.counts['pending'] === 0;
    },
    { withinMs, everyMs: 200 },
  );
  return task;
};

export interface RowShown {
  readonly device: string;
  readonly state: string;
  readonly reason?: string;
  readonly vendor?: string;
  readonly vendorMessageId?: string;
}

export const rowsOf = async (url: string, bearer: string, id: string): Promise<RowShown[]> => {
  const reply = await fetch(`${url}/v1/tasks/${id}/deliveries`, {
    headers: { authorization: `Bearer ${bearer}`, accept: 'application/x-ndjson' },
  });
  const text = await reply.text();
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as RowShown);
};

/** How often each device really got a push, by the vendors' own record. */
export const deliveredTo = (simulators: Simulators, { vendor, token }: FleetDevice): number =>
  simulators[vendor].countsOf(token).delivered;

export const receivedInAll = ({ fcm, apns, harmony }: Simulators): number =>
  [fcm, apns, harmony].reduce((sum, simulator) => sum + simulator.counts().delivered, 0);
