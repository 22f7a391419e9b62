/** The four tasks of the demo: one for each way to name an audience that a backend uses most. */
import { readFileSync } from 'node:fs';
import { parse } from 'csv-parse/sync';
import { DEVICES_CSV } from './make-devices.js';
import { formatCount } from './report-table.js';
import { PURPOSES } from './vendor-settings.js';

export interface DemoTask {
  readonly title: string;
  readonly body: Readonly<Record<string, unknown>>;
}

const TOKENS = 500;
const ACCOUNTS = 1_000;

type Device = Readonly<Record<'vendor' | 'token' | 'account', string>>;

const toTokens = (devices: readonly Device[]): DemoTask => ({
  title: `${formatCount(TOKENS)} device tokens`,
  body: {
    audience: { tokens: devices.slice(0, TOKENS).map(({ vendor, token }) => ({ vendor, token })) },
    message: {
      title: 'Your parcel has arrived',
      body: 'It waits for you at the counter until Friday',
      url: 'https://shop.example/parcels/1042',
      data: { parcel: '1042' },
      sound: 'default',
    },
    lane: 'transactional',
    reference: 'demo-tokens',
  },
});

const toAccounts = (devices: readonly Device[]): DemoTask => {
  const accounts = [...new Set(devices.map(({ account }) => account))].filter(Boolean);
  return {
    title: `${formatCount(ACCOUNTS)} accounts`,
    body: {
      // The last ones, so that other people get this than the tokens above.
      audience: { accounts: accounts.slice(-ACCOUNTS) },
      message: {
        title: 'Your statement is ready',
        body: 'See what happened this month',
        localized: {
          zh: { title: '您的账单已生成', body: '查看本月明细' },
          de: { title: 'Ihr Kontoauszug ist da', body: 'Das war Ihr Monat' },
        },
      },
      reference: 'demo-accounts',
    },
  };
};

const toTags = (): DemoTask => ({
  title: 'vip & !(churned | trial)',
  body: {
    audience: { tags: 'vip & !(churned | trial)' },
    message: {
      title: 'Early access for you',
      body: 'The winter collection opens a day early',
      image: 'https://shop.example/winter.jpg',
      // Needs a grant of its own: about one device in ten has given none.
      purpose: PURPOSES.marketing,
    },
    lane: 'campaign',
    reference: 'demo-tags',
  },
});

const toAll = (): DemoTask => ({
  title: 'everybody',
  body: {
    audience: { all: true },
    message: {
      title: 'We moved house',
      body: 'Our new terms are in force from today',
      localized: { zh: { title: '服务条款更新', body: '新条款自今日起生效' } },
      priority: 'normal',
    },
    lane: 'campaign',
    reference: 'demo-all',
  },
});

export const demoTasks = (): DemoTask[] => {
  const devices = parse<Device>(readFileSync(DEVICES_CSV), { columns: true });
  return [toTokens(devices), toAccounts(devices), toTags(), toAll()];
};
