/** A proxy in a process of its own that leads every CONNECT to the sink, whatever host it names. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import type { Closing } from '../../server/closing.js';
import { endChild } from '../child.js';
import { HOST, type Sink } from '../sink.js';

export interface ConnectProxyOrder {
  /** Of the sink. */
  readonly port: number;
}

export interface ConnectProxyNews {
  readonly port: number;
}

/** Returns the URL of the proxy. */
export const startConnectProxy = async (
  { url }: Pick<Sink, 'url'>,
  closing: Closing,
): Promise<string> => {
  const child = fork(new URL('./connect-proxy-process.ts', import.meta.url));
  await closing.add('the proxy', () => endChild(child));
  const order: ConnectProxyOrder = { port: Number(new URL(url).port) };
  child.send(order);
  const [{ port }] = (await once(child, 'message')) as [ConnectProxyNews];
  return `http://${HOST}:${port}`;
};
