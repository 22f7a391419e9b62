/** Makes the things that paths in the documentation name, so that its examples can be sent as they stand. */
import type { Route } from '../../server/route.js';
import type { TestApi } from './api.js';

const DEVICE = {
  vendor: 'sandbox',
  token: 'sandbox-ok-example',
  account: 'customer-1042',
  consent: { push: 'granted' },
};

const PURPOSE = { version: '2026-03', title: 'Offers', text: 'Offers of the week' };

const made = async (api: TestApi, method: string, path: string, body: unknown): Promise<string> => {
  const answer = await api.request(method, path, { body });
  if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.text}`);
  return String(answer.body.id);
};

const newTask = (api: TestApi): Promise<string> =>
  made(api, 'POST', '/v1/tasks', {
    audience: { all: true },
    message: { title: 'An example' },
    schedule: { at: new Date(Date.now() + 3_600_000).toISOString() },
  });

/** A route of campaigns, and what must have been done for it. */
const APPROVED_FIRST = [
  ['pauseCampaign', 'approve'],
  ['resumeCampaign', 'approve', 'pause'],
  ['endCampaign', 'approve'],
];

const newCampaign = async (api: TestApi, { id }: Route): Promise<string> => {
  const campaign = await made(api, 'POST', '/v1/campaigns', {
    name: 'An example',
    task: { audience: { all: true }, message: { title: 'An example' } },
    schedule: { cron: '0 9 * * 1', timeZone: 'Europe/Berlin' },
  });
  const verbs = APPROVED_FIRST.find(([route]) => route === id)?.slice(1) ?? [];
  for (const verb of verbs) {
    const body = verb === 'approve' ? { version: 1 } : {};
    await made(api, 'POST', `/v1/campaigns/${campaign}/${verb}`, body);
  }
  return campaign;
};

/** By the name of a path's parameter: makes one and answers what to put there. */
const MAKERS: Record<string, (api: TestApi, route: Route) => Promise<string>> = {
  app: async (api) => api.app.id,
  key: (api) => made(api, 'POST', '/v1/apps/shop/keys', { name: 'x', scopes: ['admin'] }),
  vendor: async (api, { example }) => {
    const name = example?.params?.vendor ?? 'sandbox';
    await made(api, 'PUT', `/v1/apps/shop/vendors/${name}`, {});
    return name;
  },
  profile: async () => 'default',
  device: (api) => made(api, 'PUT', '/v1/devices', DEVICE),
  account: async (api) => {
    await made(api, 'PUT', '/v1/devices', DEVICE);
    return DEVICE.account;
  },
  name: async (api) => {
    await api.request('PUT', '/v1/templates/parcel', {
      body: { message: { title: 'Hello {name}' }, defaults: { name: 'you' } },
    });
    return 'parcel';
  },
  version: async () => '1',
  tag: async () => 'vip',
  removal: (api) => made(api, 'DELETE', '/v1/tags/trial', undefined),
  token: async (api) => {
    await made(api, 'PUT', '/v1/devices', DEVICE);
    const body = { account: DEVICE.account, purpose: 'marketing' };
    const { body: link } = await api.request('POST', '/v1/unsubscribe-links', { body });
    return String(link.url).split('/').at(-1) ?? '';
  },
  purpose: async (api) => {
    await api.request('PUT', '/v1/apps/shop/purposes/marketing', { body: PURPOSE });
    return 'marketing';
  },
  segment: async (api) => {
    await made(api, 'PUT', '/v1/segments/loyal', { expression: 'vip' });
    return 'loyal';
  },
  campaign: newCampaign,
  task: async (api, { id }) => {
    const task = await newTask(api);
    // Only what is paused can be resumed.
    if (id === 'resumeTask') await made(api, 'POST', `/v1/tasks/${task}/pause`, {});
    return task;
  },
};

/** The path of a route's example, with everything it names made afresh. */
export const examplePath = async (api: TestApi, route: Route, path: string): Promise<string> => {
  let filled = path;
  for (const [parameter, name = ''] of path.matchAll(/:(\w+)/g)) {
    const make = MAKERS[name];
    if (make == null) throw new Error(`Nobody knows how to make :${name} of ${path}`);
    filled = filled.replace(parameter, encodeURIComponent(await make(api, route)));
  }
  const query = new URLSearchParams(route.example?.query ?? {}).toString();
  return query === '' ? filled : `${filled}?${query}`;
};
