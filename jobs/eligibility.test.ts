import { expect } from 'chai';
import { mongo, Types } from 'mongoose';
import type { NotRecallable, RecallManner } from '../adapters/adapter.js';
import { accountKey, tokenKey } from '../models/token-key.js';
import {
  type DeviceView,
  type Expectation,
  profileKey,
  type Rules,
  type SuppressedReason,
  suppressionOf,
} from './eligibility.js';

const SECRET = Buffer.alloc(32, 1);
const keyOf = (account: string): Buffer => accountKey(SECRET, account);
const TOKEN_KEY = tokenKey(SECRET, 'fcm', 'token-1');

const device = (change: Partial<DeviceView> = {}): DeviceView => ({
  _id: new Types.ObjectId(),
  app: 'shop',
  vendor: 'fcm',
  profile: 'default',
  token: 'token-1',
  tokenKey: new mongo.Binary(TOKEN_KEY),
  account: 'ada',
  consent: { push: 'granted', purposes: { marketing: 'granted', surveys: 'denied' } },
  state: 'active',
  ...change,
});
const rules = (change: Partial<Rules> = {}): Rules => ({
  app: 'shop',
  purpose: 'service',
  profiles: new Set([profileKey('fcm', 'default'), profileKey('fcm', 'debug')]),
  onList: new Set(),
  accountKeyOf: keyOf,
  ...change,
});

const { account: _account, ...NO_ACCOUNT } = device();
const ON_LIST = { onList: new Set([TOKEN_KEY.toString('hex')]) };
const CHANGED = { accountKey: keyOf('bob') };

const MARKETING = { purpose: 'marketing' };
const VERSIONED = device({
  consent: {
    push: 'granted',
    purposes: { marketing: 'granted' },
    policyVersion: '2',
    policyVersions: { marketing: '1', service: '2' },
  },
});

type Row = [
  string,
  { device?: DeviceView; expected?: Expectation; rules?: Partial<Rules> },
  SuppressedReason | null,
];

const ROWS: readonly Row[] = [
  ['a device that agreed', {}, null],
  ['a device of another app', { device: device({ app: 'bank' }) }, 'not-registered'],
  ['a device without any consent', { device: device({ consent: { purposes: {} } }) }, 'no-consent'],
  [
    'a device that withdrew its consent',
    { device: device({ consent: { push: 'denied', purposes: { marketing: 'granted' } } }) },
    'no-consent',
  ],
  ['a purpose it agreed to', { rules: { purpose: 'marketing' } }, null],
  ['a purpose it was never asked about', { rules: { purpose: 'news' } }, 'purpose-off'],
  ['a purpose it refused', { rules: { purpose: 'surveys' } }, 'purpose-off'],
  ['a purpose named like a method of objects', { rules: { purpose: 'toString' } }, 'purpose-off'],
  [
    'the default purpose when it refused even that',
    { device: device({ consent: { push: 'granted', purposes: { service: 'denied' } } }) },
    'purpose-off',
  ],
  [
    'a grant for a version that counts',
    { device: VERSIONED, rules: { ...MARKETING, currentVersions: new Set(['2', '1']) } },
    null,
  ],
  [
    'a grant for a version that counts no more',
    { device: VERSIONED, rules: { ...MARKETING, currentVersions: new Set(['2']) } },
    'consent-outdated',
  ],
  [
    'a grant for no version, where one is asked for',
    { rules: { ...MARKETING, currentVersions: new Set(['1']) } },
    'consent-outdated',
  ],
  ['a token on the suppression list', { rules: ON_LIST }, 'suppression-list'],
  [
    'an account on the suppression list',
    { rules: { onList: new Set([keyOf('ada').toString('hex')]) } },
    'suppression-list',
  ],
  [
    'somebody else on the suppression list',
    { rules: { onList: new Set([keyOf('bob').toString('hex')]) } },
    null,
  ],
  ['the account it was targeted by', { expected: { accountKey: keyOf('ada') } }, null],
  ['an account it does not belong to any more', { expected: CHANGED }, 'account-changed'],
  [
    'an account when it belongs to none',
    { device: NO_ACCOUNT, expected: { accountKey: keyOf('ada') } },
    'account-changed',
  ],
  ['a task that names no account, when it belongs to none', { device: NO_ACCOUNT }, null],
  ['a token that is gone', { device: device({ state: 'gone' }) }, 'token-gone'],
  ['a token that is only suspect', { device: device({ state: 'suspect' }) }, null],
  ['its own profile', { expected: { vendor: 'fcm', profile: 'default' } }, null],
  ['a profile it has left', { expected: { vendor: 'fcm', profile: 'debug' } }, 'profile-changed'],
  ['a vendor it has left', { expected: { vendor: 'apns', profile: 'default' } }, 'profile-changed'],
  ['a vendor without settings', { rules: { profiles: new Set() } }, 'vendor-not-configured'],
  [
    'a vendor whose other profile alone has settings',
    { rules: { profiles: new Set([profileKey('fcm', 'debug')]) } },
    'vendor-not-configured',
  ],
];

const by = (manner: RecallManner | NotRecallable) => ({
  recalls: new Map([[profileKey('fcm', 'default'), manner]]),
});
const SENT_AT = new Date('2026-01-01T12:00:00Z');
const agreedAt = (at: Date) => device({ consent: { push: 'granted', purposes: {}, at } });

const RECALLS: readonly Row[] = [
  ['a push that is removed', { rules: by('removed') }, null],
  [
    'a push that is removed from one that withdrew its consent and changed hands',
    {
      device: device({ consent: { push: 'denied', purposes: {} } }),
      expected: CHANGED,
      rules: by('removed'),
    },
    null,
  ],
  [
    'a token on the suppression list',
    { rules: { ...by('removed'), ...ON_LIST } },
    'suppression-list',
  ],
  [
    'a device of another app',
    { device: device({ app: 'bank' }), rules: by('removed') },
    'not-registered',
  ],
  [
    'a token that is gone',
    { device: device({ state: 'gone' }), rules: by('removed') },
    'token-gone',
  ],
  [
    'a profile that the push did not come from',
    { expected: { vendor: 'fcm', profile: 'debug' }, rules: by('removed') },
    'profile-changed',
  ],
  [
    'a vendor that cannot',
    { rules: by({ reason: 'app-cannot-recall' }) },
    'not-recallable:app-cannot-recall',
  ],
  ['a text in its place', { rules: by('replaced') }, null],
  [
    'a text to one that withdrew its consent',
    { device: device({ consent: { push: 'denied', purposes: {} } }), rules: by('replaced') },
    'no-consent',
  ],
  [
    'a text for a purpose that was refused',
    { rules: { ...by('replaced'), purpose: 'surveys' } },
    'purpose-off',
  ],
  [
    'a text to one that agreed before the push',
    { device: agreedAt(SENT_AT), expected: { sentAt: SENT_AT }, rules: by('replaced') },
    null,
  ],
  [
    'a text to one that has held the device only since the push, whenever they say that they agreed',
    {
      device: device({
        consent: {
          push: 'granted',
          purposes: {},
          at: new Date(SENT_AT.getTime() - 1),
          heldSince: new Date(SENT_AT.getTime() + 1),
        },
      }),
      expected: { sentAt: SENT_AT },
      rules: by('replaced'),
    },
    'not-recallable:consent-renewed',
  ],
  [
    'a text to one that agreed only after the push',
    {
      device: agreedAt(new Date(SENT_AT.getTime() + 1)),
      expected: { sentAt: SENT_AT },
      rules: by('replaced'),
    },
    'not-recallable:consent-renewed',
  ],
];

describe('suppressionOf a recall', () => {
  for (const [name, given, reason] of RECALLS) {
    it(`${reason == null ? 'lets through' : `says ${reason} to`} ${name}`, () => {
      const { device: whom = device(), expected = {} } = given;
      expect(suppressionOf(whom, expected, rules(given.rules))).to.equal(reason);
    });
  }
});

describe('suppressionOf', () => {
  for (const [name, given, reason] of ROWS) {
    it(`${reason == null ? 'lets through' : `says ${reason} to`} ${name}`, () => {
      const decided = suppressionOf(
        given.device ?? device(),
        given.expected ?? {},
        rules(given.rules),
      );
      expect(decided).to.equal(reason);
    });
  }

  it('tells the reason that protects the person most, when there are several', () => {
    const everything = device({ state: 'gone', consent: { purposes: {} }, profile: 'left' });
    const withoutSettings = { profiles: new Set<string>() };
    const expected = { ...CHANGED, vendor: 'fcm', profile: 'default' };
    expect(suppressionOf(everything, expected, rules({ ...withoutSettings, ...ON_LIST }))).to.equal(
      'suppression-list',
    );
    expect(suppressionOf(everything, expected, rules(withoutSettings))).to.equal('account-changed');
    const { accountKey: _changed, ...place } = expected;
    expect(suppressionOf(everything, place, rules(withoutSettings))).to.equal('no-consent');
  });
});
