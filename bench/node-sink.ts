/** The sink as a forked node:http2 server; slower than nginx, but it can tell when each push arrived. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { endChild, pidOf } from './child.js';
import type { Arrival, RecordingSink, SinkCertificate } from './sink.js';

/** What the process is told first. */
export interface NodeSinkOrder extends SinkCertificate {
  /** Remember the first arrival on each path. */
  readonly record: boolean;
}

/** What it answers: where it listens, then, whenever it is sent anything else, all arrivals. */
export type NodeSinkNews =
  | { readonly kind: 'listening'; readonly url: string }
  | {
      readonly kind: 'arrivals';
      readonly byPath: [path: string, arrival: Arrival][];
      /** How long it was kept from noting anything, at most, since it was asked last. */
      readonly stalledMs: number;
    };

export const startNodeSink = async (
  certificate: SinkCertificate,
  { record = false }: { record?: boolean } = {},
): Promise<RecordingSink> => {
  const child = fork(new URL('./node-sink-process.ts', import.meta.url));
  const ended = once(child, 'exit').then(() => Promise.reject(new Error('The sink has ended')));
  // Nobody may be listening when it does.
  ended.catch(() => undefined);
  const hear = async <Kind extends NodeSinkNews['kind']>(
    kind: Kind,
    order: object,
  ): Promise<NodeSinkNews & { kind: Kind }> => {
    // It says one thing for each it is told, in order.
    const heard = once(child, 'message') as Promise<[NodeSinkNews & { kind: Kind }]>;
    child.send(order);
    const [news] = await Promise.race([heard, ended]);
    if (news.kind !== kind) throw new Error(`The sink told ${news.kind} instead of ${kind}`);
    return news;
  };
  let stalledMs = 0;
  const { url } = await hear('listening', { ...certificate, record });
  return {
    name: `node:http2 ${process.version}`,
    url,
    ca: certificate.ca,
    pids: [pidOf(child)],
    async arrivals() {
      const told = await hear('arrivals', { tell: 'arrivals' });
      stalledMs = told.stalledMs;
      return new Map(told.byPath);
    },
    get stalledMs() {
      return stalledMs;
    },
    stop: () => endChild(child),
  };
};
