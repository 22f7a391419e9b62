/** What the made-up people of examples/devices.csv are like: where they live, what they hold, what they agreed to. */
import type { ApnsAnswer, FcmAnswer, HarmonyAnswer } from '../simulators/tokens.js';

export type VendorName = 'fcm' | 'apns' | 'harmony';
type Weighted<T> = readonly (readonly [T, number])[];

export interface Region {
  readonly locale: string;
  readonly zones: Weighted<string>;
  readonly vendors: Weighted<VendorName>;
}

/** Android phones in mainland China have no Google services; Harmony phones are rare outside. */
const MAINLAND: Weighted<VendorName> = [
  ['harmony', 55],
  ['apns', 40],
  ['fcm', 5],
];
const ELSEWHERE: Weighted<VendorName> = [
  ['fcm', 66],
  ['apns', 33],
  ['harmony', 1],
];

const region = (
  locale: string,
  zones: Weighted<string>,
  vendors: Weighted<VendorName> = ELSEWHERE,
): Region => ({ locale, zones, vendors });

export const REGIONS: Weighted<Region> = [
  [
    region(
      'zh-CN',
      [
        ['Asia/Shanghai', 96],
        ['Asia/Urumqi', 4],
      ],
      MAINLAND,
    ),
    35,
  ],
  [region('zh-TW', [['Asia/Taipei', 1]]), 6],
  [region('zh-HK', [['Asia/Hong_Kong', 1]]), 4],
  [
    region('en-US', [
      ['America/New_York', 47],
      ['America/Chicago', 29],
      ['America/Denver', 7],
      ['America/Los_Angeles', 17],
    ]),
    15,
  ],
  [region('en-GB', [['Europe/London', 1]]), 6],
  [region('de-DE', [['Europe/Berlin', 1]]), 7],
  [region('fr-FR', [['Europe/Paris', 1]]), 5],
  [
    region('es-ES', [
      ['Europe/Madrid', 95],
      ['Atlantic/Canary', 5],
    ]),
    4,
  ],
  [
    region('pt-BR', [
      ['America/Sao_Paulo', 88],
      ['America/Manaus', 12],
    ]),
    5,
  ],
  [region('ja-JP', [['Asia/Tokyo', 1]]), 5],
  [region('ko-KR', [['Asia/Seoul', 1]]), 3],
  [
    region('ru-RU', [
      ['Europe/Moscow', 80],
      ['Asia/Vladivostok', 20],
    ]),
    3,
  ],
  // A zone that is neither a whole hour off nor has summer time.
  [region('en-IN', [['Asia/Kolkata', 1]]), 2],
];

export const DEVICES_PER_PERSON: Weighted<number> = [
  [1, 58],
  [2, 28],
  [3, 10],
  [4, 4],
];

export const APP_VERSIONS: Weighted<string> = [
  ['5.14.2', 46],
  ['5.14.1', 21],
  ['5.13.0', 15],
  ['5.11.3', 9],
  ['4.9.8', 6],
  ['3.2.0', 3],
];

export const INTERESTS: Weighted<string> = [
  ['news', 4],
  ['sport', 3],
  ['music', 3],
  ['travel', 2],
  ['cooking', 2],
];

export const CONSENT_SOURCES: Readonly<Record<VendorName, Weighted<string>>> = {
  fcm: [
    ['android-app', 85],
    ['web-form', 15],
  ],
  apns: [
    ['ios-app', 88],
    ['web-form', 12],
  ],
  harmony: [
    ['harmony-app', 92],
    ['web-form', 8],
  ],
};

export const POLICY_VERSIONS: Weighted<string> = [
  ['2025-09', 55],
  ['2025-01', 35],
  ['2024-03', 10],
];

/** Shares of all devices. */
export const SHARES = {
  anonymous: 0.05,
  pushDenied: 0.035,
  neverAsked: 0.025,
  /** Of those who agreed to be pushed to at all. */
  marketingDenied: 0.05,
  marketingNeverAsked: 0.05,
  dead: 0.015,
  busy: 0.012,
} as const;

interface AnswersByVendor {
  readonly fcm: Weighted<FcmAnswer>;
  readonly apns: Weighted<ApnsAnswer>;
  readonly harmony: Weighted<HarmonyAnswer>;
}

/** How the simulators answer a token whose app was removed. */
export const DEAD: AnswersByVendor = {
  fcm: [
    ['UNREGISTERED', 9],
    ['invalid-token', 1],
  ],
  apns: [
    ['Unregistered', 8],
    ['ExpiredToken', 2],
  ],
  harmony: [['tokenFormatError', 1]],
};

/**
 * Busy once, then accepted; chosen among the answers whose pause is seconds, not minutes. Harmony is never busy for one
 * device alone: it would hold up a thousand.
 */
export const BUSY: Pick<AnswersByVendor, 'fcm' | 'apns'> = {
  fcm: [
    ['quota-once', 8],
    ['busy-once', 2],
  ],
  apns: [['TooManyRequests-once', 1]],
};
