/** The contenders of the part `transport`: each sends some pushes and says how many the vendor took. */
import { once } from 'node:events';
import { connect } from 'node:http2';
import { makeTransport } from '../transport/index.js';
import type { Transport } from '../transport/transport.js';
import type { Contender, Shape } from './contenders.js';
import { pushOf } from './pushes.js';

export interface PushClient {
  /** How many pushes it takes at a time; those that know no batches take one. */
  readonly batch: number;
  /** To `count` devices, at most `batch`, from the one with this number on. */
  push(from: number, count: number): Promise<number>;
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

const OK = 200;
const TIMEOUT_MS = 60_000;

const overTransport = (transport: Transport, options: PushClientOptions): PushClient => {
  const { url, ca, shape } = options;
  const origin = { url, credential: 'bench', tls: { ca } };
  return {
    batch: 1,
    async push(index) {
      return (await transport.request(origin, pushOf(shape, index))).status === OK ? 1 : 0;
    },
    close: () => transport.close(),
  };
};

/** As few lines as it can be done in. */
const overNodeAlone = async ({ url, ca, shape }: PushClientOptions): Promise<PushClient> => {
  const session = connect(url, { ca });
  await once(session, 'remoteSettings');
  return {
    batch: 1,
    push: (index) =>
      new Promise((resolve) => {
        const { path, headers, body } = pushOf(shape, index);
        const stream = session.request({ ':method': 'POST', ':path': path, ...headers });
        let status = 0;
        stream.on('response', (received) => {
          status = Number(received[':status']);
        });
        stream.on('error', () => undefined);
        stream.on('close', () => resolve(status === OK ? 1 : 0));
        stream.resume();
        stream.end(body);
      }),
    async close() {
      session.destroy();
    },
  };
};

/** A peer is loaded only in the process that measures it. */
export const openPushClient = async (
  contender: Contender,
  options: PushClientOptions,
): Promise<PushClient> => {
  switch (contender) {
    case 'raw':
      return overNodeAlone(options);
    case 'node-apn':
      return (await import('./peers/node-apn.js')).openNodeApn(options);
    case 'firebase-admin':
      return (await import('./peers/firebase-admin.js')).openFirebaseAdmin(options);
    case 'gorush':
      return (await import('./peers/gorush-client.js')).openGorush(options);
    case 'own':
    case 'node':
      return overTransport(
        makeTransport(contender, {
          allowPrivateEndpoints: true,
          timeoutMs: TIMEOUT_MS,
          streamsPerConnection: options.streams,
          connectionsPerOrigin: options.connections,
        }),
        options,
      );
  }
};
