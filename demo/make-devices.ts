/** Makes examples/devices.csv: the same 10,000 devices whenever it runs. `node --import tsx demo/make-devices.ts` */
import { writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { apnsToken, fcmToken, harmonyToken } from '../simulators/tokens.js';
import * as people from './people.js';
import { type Random, seededRandom } from './seeded-random.js';

export const DEVICES_CSV = new URL('../examples/devices.csv', import.meta.url);
const DEVICES = 10_000;
const SEED = 20_260_122;

const COLUMNS = [
  'vendor',
  'profile',
  'token',
  'installationId',
  'account',
  'tags',
  'locale',
  'timeZone',
  'appVersion',
  'consent.push',
  'consent.purposes.marketing',
  'consent.policyVersion',
  'consent.source',
  'consent.at',
] as const;
type Column = (typeof COLUMNS)[number];
type Row = Record<Column, string>;

interface Person {
  account: string;
  region: people.Region;
  zone: string;
  tags: string[];
}

const FIRST_ACCOUNT = 100_001;

const makePerson = (random: Random, index: number): Person => {
  const region = random.pick(people.REGIONS);
  const isPro = random.chance(0.3);
  const tags = [isPro ? 'plan:pro' : 'plan:free'];
  if (random.chance(isPro ? 0.25 : 0.03)) tags.push('vip');
  if (!isPro && random.chance(0.12)) tags.push('trial');
  if (random.chance(0.08)) tags.push('churned');
  if (random.chance(0.05)) tags.push('beta');
  if (random.chance(0.7)) tags.push(random.pick(people.INTERESTS));
  return {
    account: `customer-${FIRST_ACCOUNT + index}`,
    region,
    zone: random.pick(region.zones),
    tags,
  };
};

const TOKEN_MAKERS = { fcm: fcmToken, apns: apnsToken, harmony: harmonyToken } as const;

/** The answers to choose from, or none: most tokens are simply accepted. */
const answersFor = (
  vendor: people.VendorName,
  luck: number,
): readonly (readonly [string, number])[] | undefined => {
  const { dead, busy } = people.SHARES;
  if (luck < dead) return people.DEAD[vendor];
  return luck < dead + busy && vendor !== 'harmony' ? people.BUSY[vendor] : undefined;
};

const makeToken = (random: Random, vendor: people.VendorName, index: number): string => {
  const answers = answersFor(vendor, random.next());
  // The answer was looked up under the vendor's own name.
  const make = TOKEN_MAKERS[vendor] as (seed: string, answer?: string) => string;
  return make(`device-${index}`, answers && random.pick(answers));
};

const hex = (random: Random, digits: number): string =>
  Array.from({ length: digits }, () => random.between(0, 15).toString(16)).join('');

const uuid = (random: Random): string =>
  [
    hex(random, 8),
    hex(random, 4),
    `4${hex(random, 3)}`,
    `${random.pick(['8', '9', 'a', 'b'].map((digit) => [digit, 1] as const))}${hex(random, 3)}`,
    hex(random, 12),
  ].join('-');

const FIRST_CONSENT_AT_MS = Date.UTC(2024, 2, 1);
const LAST_CONSENT_AT_MS = Date.UTC(2025, 11, 31);
const SECOND_MS = 1_000;

const consentAt = (random: Random): string => {
  const at = random.between(FIRST_CONSENT_AT_MS / SECOND_MS, LAST_CONSENT_AT_MS / SECOND_MS);
  return new Date(at * SECOND_MS).toISOString().replace('.000Z', 'Z');
};

type ConsentColumns = Pick<Row, Extract<Column, `consent.${string}`>>;

const marketing = (random: Random): string => {
  const luck = random.next();
  const { marketingDenied, marketingNeverAsked } = people.SHARES;
  if (luck < marketingDenied) return 'denied';
  return luck < marketingDenied + marketingNeverAsked ? '' : 'granted';
};

const makeConsent = (random: Random, vendor: people.VendorName): ConsentColumns => {
  const luck = random.next();
  const { neverAsked, pushDenied } = people.SHARES;
  const isAsked = luck >= neverAsked;
  const isGranted = luck >= neverAsked + pushDenied;
  const asked = (value: string): string => (isAsked ? value : '');
  return {
    'consent.push': asked(isGranted ? 'granted' : 'denied'),
    'consent.purposes.marketing': asked(isGranted ? marketing(random) : 'denied'),
    'consent.policyVersion': asked(random.pick(people.POLICY_VERSIONS)),
    'consent.source': asked(random.pick(people.CONSENT_SOURCES[vendor])),
    'consent.at': asked(consentAt(random)),
  };
};

const makeDevice = (random: Random, person: Person, index: number): Row => {
  const vendor = random.pick(person.region.vendors);
  const form = random.chance(0.82) ? 'phone' : 'tablet';
  return {
    vendor,
    profile: 'default',
    token: makeToken(random, vendor, index),
    installationId: uuid(random),
    // Nobody has signed in on some devices.
    account: random.chance(people.SHARES.anonymous) ? '' : person.account,
    tags: [...person.tags, form].join('|'),
    locale: person.region.locale,
    timeZone: person.zone,
    appVersion: random.pick(people.APP_VERSIONS),
    ...makeConsent(random, vendor),
  };
};

/** The whole file as text. */
export const makeDevicesCsv = (): string => {
  const random = seededRandom(SEED);
  const rows: Row[] = [];
  for (let index = 0; rows.length < DEVICES; index += 1) {
    const person = makePerson(random, index);
    const wanted = random.pick(people.DEVICES_PER_PERSON);
    for (let device = 0; device < wanted && rows.length < DEVICES; device += 1) {
      rows.push(makeDevice(random, person, rows.length));
    }
  }
  const lines = rows.map((row) => COLUMNS.map((column) => row[column]).join(','));
  return `${[COLUMNS.join(','), ...lines].join('\n')}\n`;
};

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  writeFileSync(DEVICES_CSV, makeDevicesCsv());
  console.log(`Wrote ${DEVICES} devices to examples/devices.csv`);
}
