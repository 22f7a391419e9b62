/** Draws a task: to whom, how, and what may become of it. */
import type { Random } from '../../demo/seeded-random.js';
import { VENDORS } from '../faults/row.js';
import { COLOURS, type Fleet, type SoakDevice, tokenOf } from './fleet.js';
import { NAME_KEY } from './witness.js';

export interface TaskPlan {
  /** Its name in the soak, its reference in the gateway, and in the data of its message. */
  readonly name: string;
  readonly body: Readonly<Record<string, unknown>>;
  /** Without an Idempotency-Key it is asked for once only. */
  readonly isKeyed: boolean;
  readonly ifUnsure: 'leave' | 'resend';
  /** It may expire before everybody is reached. */
  readonly isShort: boolean;
  /** By name, devices of other audiences or strangers are none of it. */
  readonly isMeant: (device: SoakDevice) => boolean;
}

interface Audience {
  readonly request: object;
  readonly isMeant: (device: SoakDevice) => boolean;
}

const oneOf = <T>(random: Random, items: readonly T[]): T =>
  random.pick(items.map((item) => [item, 1] as const));

const LARGEST_LIST = 60;

const someOf = (random: Random, fleet: Fleet): SoakDevice[] => {
  const { devices } = fleet;
  const count = random.between(1, random.chance(0.5) ? 3 : LARGEST_LIST);
  const chosen = Array.from({ length: count }, () => oneOf(random, devices));
  return [...new Set(chosen)].filter(({ id }) => id !== '');
};

const listed = (request: object, devices: readonly SoakDevice[]): Audience => {
  const names = new Set(devices.map(({ name }) => name));
  return { request, isMeant: ({ name }) => names.has(name) };
};

const byTokens = (random: Random, fleet: Fleet): Audience => {
  const devices = someOf(random, fleet);
  const tokens = devices.map((device) => ({ vendor: device.vendor, token: tokenOf(device) }));
  // Nobody has registered it.
  const stranger = {
    vendor: 'apns',
    token: random
      .between(1, 2 ** 40)
      .toString(16)
      .padStart(64, '0'),
  };
  return listed({ tokens: [...tokens, stranger] }, devices);
};

const byDevices = (random: Random, fleet: Fleet): Audience => {
  const devices = someOf(random, fleet);
  return devices.length === 0
    ? everybody()
    : listed({ devices: devices.map(({ id }) => id) }, devices);
};

const byAccounts = (random: Random, fleet: Fleet): Audience => {
  const accounts = new Set(someOf(random, fleet).map(({ account }) => account));
  return {
    request: { accounts: [...accounts, 'nobody'] },
    isMeant: ({ account }) => accounts.has(account),
  };
};

const byTags = (random: Random): Audience => {
  const vendor = oneOf(random, VENDORS);
  const one = oneOf(random, COLOURS);
  const other = oneOf(random, COLOURS);
  return oneOf<Audience>(random, [
    { request: { tags: one }, isMeant: ({ tags }) => tags.includes(one) },
    {
      request: { tags: `${vendor} & !${one}` },
      isMeant: ({ tags }) => tags.includes(vendor) && !tags.includes(one),
    },
    {
      request: { tags: `(${one} | ${vendor}) & ${other}` },
      isMeant: ({ tags }) => (tags.includes(one) || tags.includes(vendor)) && tags.includes(other),
    },
    {
      request: { tags: `!(${one} | ${other})` },
      isMeant: ({ tags }) => !tags.includes(one) && !tags.includes(other),
    },
  ]);
};

const everybody = (): Audience => ({ request: { all: true }, isMeant: () => true });

const AUDIENCES = [
  [byTokens, 35],
  [byDevices, 25],
  [byAccounts, 20],
  [byTags, 16],
  [everybody, 4],
] as const;

const messageOf = (random: Random, name: string): object => ({
  ...(random.chance(0.1)
    ? { silent: true }
    : {
        title: `Task ${name}`,
        body: 'of a soak',
        ...(random.chance(0.15) ? { collapseKey: `place-${random.between(1, 3)}` } : {}),
      }),
  data: { [NAME_KEY]: name },
});

const SOON_MS = 5_000;
const LEAST_RATE = 5;
const MOST_RATE = 200;

/** What a rate is drawn from, for a task or a profile. */
export const drawRate = (random: Random): number => random.between(LEAST_RATE, MOST_RATE);

const scheduleOf = (random: Random): object => {
  const at = random.chance(0.08)
    ? { at: new Date(Date.now() + random.between(1, SOON_MS)).toISOString() }
    : {};
  const rate = random.chance(0.15) ? { ratePerSecond: drawRate(random) } : {};
  const schedule = { ...at, ...rate };
  return Object.keys(schedule).length === 0 ? {} : { schedule };
};

/** Seconds: some expire before a retry is due. */
const SHORTEST = 1;
const SHORT = 8;

/** `number` tells it apart from all others of this soak. */
export const drawTask = (random: Random, fleet: Fleet, number: number): TaskPlan => {
  const name = `t${number}`;
  const { request, isMeant } = random.pick(AUDIENCES)(random, fleet);
  const isShort = random.chance(0.2);
  const ifUnsure = random.chance(0.5) ? 'leave' : 'resend';
  const body = {
    audience: request,
    message: messageOf(random, name),
    reference: name,
    ifUnsure,
    lane: oneOf(random, ['transactional', 'default', 'campaign']),
    ...(isShort ? { ttlSeconds: random.between(SHORTEST, SHORT) } : {}),
    ...scheduleOf(random),
  };
  return { name, body, ifUnsure, isShort, isMeant, isKeyed: random.chance(0.6) };
};
