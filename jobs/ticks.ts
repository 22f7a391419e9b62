/** Small chores at a steady pace, each never twice at a time. */
import type { Log } from './parts.js';

export interface Tick {
  readonly name: string;
  readonly everyMs: number;
  work(): Promise<void>;
}

export interface Ticks {
  start(): void;
  /** Resolves when no chore runs. */
  stop(): Promise<void>;
}

export const createTicks = (log: Log, ticks: readonly Tick[]): Ticks => {
  const timers = new Set<NodeJS.Timeout>();
  const running = new Map<string, Promise<void>>();

  const run = (tick: Tick): void => {
    if (running.has(tick.name)) return;
    const work = tick
      .work()
      .catch((error: unknown) => {
        log.warn('A chore failed and is tried again', { chore: tick.name, error });
      })
      .finally(() => running.delete(tick.name));
    running.set(tick.name, work);
  };

  return {
    start() {
      for (const tick of ticks) timers.add(setInterval(() => run(tick), tick.everyMs));
    },
    async stop() {
      for (const timer of timers) clearInterval(timer);
      timers.clear();
      await Promise.all(running.values());
    },
  };
};
