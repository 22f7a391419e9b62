/** One push of either shape, as the adapters make it. */
import { APNS_BODY, APNS_HEADERS } from './apns-push.js';
import type { Shape } from './contenders.js';
import { benchToken, MESSAGE } from './devices.js';

export interface Push {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
}

/** Of the size of Google's; nobody looks at it here. */
export const FCM_ACCESS_TOKEN = 'x'.repeat(220);
export const FCM_PROJECT = 'pigeon-bench';

const FCM_HEADERS = {
  'content-type': 'application/json',
  authorization: `Bearer ${FCM_ACCESS_TOKEN}`,
};
const FCM_PATH = `/v1/projects/${FCM_PROJECT}/messages:send`;
const FCM_AFTER_TOKEN = `","notification":${JSON.stringify(MESSAGE)},"android":{"priority":"high"}}}`;

const KNOWN_TOKENS = 50_000;
const tokens = Array.from({ length: KNOWN_TOKENS }, (_, index) => benchToken(index));

const fcmTokenOf = (token: string): string => `${token}:APA91b${token}`;

// Making a token costs more than sending a push.
export const tokenOf = (shape: Shape, index: number): string => {
  const token = tokens[index % KNOWN_TOKENS]!;
  return shape === 'apns' ? token : fcmTokenOf(token);
};

// As the adapters do: what a batch has in common is the same object for each of its requests.
const PUSHES: Readonly<Record<Shape, (token: string) => Push>> = {
  apns: (token) => ({ path: `/3/device/${token}`, headers: APNS_HEADERS, body: APNS_BODY }),
  fcm: (token) => ({
    path: FCM_PATH,
    headers: FCM_HEADERS,
    body: `{"message":{"token":"${token}${FCM_AFTER_TOKEN}`,
  }),
};

export const pushOf = (shape: Shape, index: number): Push => PUSHES[shape](tokenOf(shape, index));
