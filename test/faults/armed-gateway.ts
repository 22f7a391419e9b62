/** A gateway process with traps at its fault points: it does what its parent orders over IPC, and ends with its parent. */
import { once } from 'node:events';
import { armFaultPoints, type FaultPoint } from '../../jobs/fault-point.js';
import type { Timings } from '../../jobs/parts.js';
import { readConfig } from '../../server/config.js';
import { createLogger } from '../../server/logger.js';
import { type Gateway, startGateway } from '../../server/start.js';

/** What happens when a process comes to a fault point for the `nth` time. */
export interface Trap {
  readonly point: FaultPoint;
  readonly nth?: number;
  /** A signal goes to the process itself; `hold` keeps whoever comes there until the parent releases it. */
  readonly deed: 'SIGKILL' | 'SIGTERM' | 'hold';
}

export type Order =
  | { kind: 'start'; env: Record<string, string>; timings: Partial<Timings> }
  | { kind: 'arm'; trap: Trap }
  | { kind: 'release' }
  | { kind: 'stop' };

export type News =
  | { kind: 'loaded' }
  | { kind: 'armed' }
  | { kind: 'ready'; url: string }
  | { kind: 'reached' }
  | { kind: 'stopped' }
  | { kind: 'failed'; message: string };

const tell = (news: News): void => void process.send?.(news);

let gateway: Gateway | undefined;
let trap: (Trap & { left: number }) | undefined;
let release: () => void = () => undefined;

const spring = async (deed: Trap['deed']): Promise<void> => {
  if (deed === 'hold') {
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    tell({ kind: 'reached' });
    return released;
  }
  // The kernel has taken the process away before a SIGKILL returns; a SIGTERM is heard in the next turn of the loop.
  process.kill(process.pid, deed);
  await once(process, 'SIGTERM');
};

armFaultPoints((point) => {
  if (trap?.point !== point) return undefined;
  trap.left -= 1;
  if (trap.left > 0) return undefined;
  const { deed } = trap;
  trap = undefined;
  return spring(deed);
});

const stop = async (): Promise<void> => {
  await gateway?.stop();
  gateway = undefined;
};

const obey = async (order: Order): Promise<void> => {
  switch (order.kind) {
    case 'start': {
      const config = readConfig(order.env);
      const logger = createLogger({ level: config.logLevel });
      gateway = await startGateway({ config, logger, timings: order.timings });
      return tell({ kind: 'ready', url: gateway.url });
    }
    case 'arm':
      trap = { ...order.trap, left: order.trap.nth ?? 1 };
      return tell({ kind: 'armed' });
    case 'release':
      return release();
    case 'stop':
      await stop();
      return tell({ kind: 'stopped' });
  }
};

process.on('message', (order: Order) => {
  obey(order).catch((error: unknown) => {
    tell({ kind: 'failed', message: error instanceof Error ? (error.stack ?? '') : String(error) });
  });
});
process.on('SIGTERM', () => {
  void stop().then(() => process.exit(0));
});
process.on('disconnect', () => process.exit(1));
tell({ kind: 'loaded' });
