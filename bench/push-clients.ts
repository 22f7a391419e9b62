/** The contenders of the part `transport`: each sends one push and says whether the vendor took it. */
import { once } from 'node:events';
import { connect } from 'node:http2';
import { makeTransport } from '../transport/index.js';
import type { Transport } from '../transport/transport.js';
import { APNS_BODY, APNS_HEADERS } from './apns-push.js';
import { benchToken, MESSAGE } from './devices.js';

export const CONTENDERS = ['own', 'node', 'raw'] as const;
/** Our transport on either engine, and node:http2 with nothing around it. */
export type Contender = (typeof CONTENDERS)[number];

/** `apns`: the token is in the path, the body is the same for all. `fcm`: the other way round, and the reply has a body. */
export const SHAPES = ['apns', 'fcm'] as const;
export type Shape = (typeof SHAPES)[number];

export interface PushClient {
  push(index: number): Promise<boolean>;
  close(): Promise<void>;
}

export interface PushClientOptions {
  readonly url: string;
  readonly ca: string;
  readonly shape: Shape;
  /** Requests at a time on one connection. */
  readonly streams: number;
  readonly connections: number;
}

interface Push {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
}

const FCM_HEADERS = {
  'content-type': 'application/json',
  authorization: `Bearer ${'x'.repeat(220)}`,
};
const FCM_PATH = '/v1/projects/pigeon-bench/messages:send';
const FCM_AFTER_TOKEN = `","notification":${JSON.stringify(MESSAGE)},"android":{"priority":"high"}}}`;

// As the adapters do: what a batch has in common is the same object for each of its requests.
const PUSHES: Readonly<Record<Shape, (token: string) => Push>> = {
  apns: (token) => ({ path: `/3/device/${token}`, headers: APNS_HEADERS, body: APNS_BODY }),
  fcm: (token) => ({
    path: FCM_PATH,
    headers: FCM_HEADERS,
    body: `{"message":{"token":"${token}:APA91b${token}${FCM_AFTER_TOKEN}`,
  }),
};

const KNOWN_TOKENS = 50_000;
const tokens = Array.from({ length: KNOWN_TOKENS }, (_, index) => benchToken(index));
// Making a token costs more than sending a push.
const pushOf = (shape: Shape, index: number): Push => PUSHES[shape](tokens[index % KNOWN_TOKENS]!);

const OK = 200;
const TIMEOUT_MS = 60_000;

const overTransport = (transport: Transport, options: PushClientOptions): PushClient => {
  const { url, ca, shape } = options;
  const origin = { url, credential: 'bench', tls: { ca } };
  return {
    async push(index) {
      return (await transport.request(origin, pushOf(shape, index))).status === OK;
    },
    close: () => transport.close(),
  };
};

/** As few lines as it can be done in. */
const overNodeAlone = async ({ url, ca, shape }: PushClientOptions): Promise<PushClient> => {
  const session = connect(url, { ca });
  await once(session, 'remoteSettings');
  return {
    push: (index) =>
      new Promise((resolve) => {
        const { path, headers, body } = pushOf(shape, index);
        const stream = session.request({ ':method': 'POST', ':path': path, ...headers });
        let status = 0;
        stream.on('response', (received) => {
          status = Number(received[':status']);
        });
        stream.on('error', () => undefined);
        stream.on('close', () => resolve(status === OK));
        stream.resume();
        stream.end(body);
      }),
    async close() {
      session.destroy();
    },
  };
};

export const openPushClient = async (
  contender: Contender,
  options: PushClientOptions,
): Promise<PushClient> => {
  if (contender === 'raw') return overNodeAlone(options);
  const transport = makeTransport(contender, {
    allowPrivateEndpoints: true,
    timeoutMs: TIMEOUT_MS,
    streamsPerConnection: options.streams,
    connectionsPerOrigin: options.connections,
  });
  return overTransport(transport, options);
};
