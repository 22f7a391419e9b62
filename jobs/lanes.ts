/** Drains the lanes: each sends a bounded number of batches at a time, and a wake-up finds it running or starts it. */
import { LANES, type Lane } from '../models/task.js';
import type { JobContext } from './context.js';
import { dispatchNext } from './dispatch.js';
import { planAccepted } from './plan.js';
import { createDrain, type Drain } from './wake.js';

export interface Lanes {
  /** Looks for tasks to plan and for due batches of all lanes. */
  wake(): void;
  wakeLane(lane: Lane): void;
  wakePlanner(): void;
  /** Resolves when this lane, or the planner, has nothing more to do. */
  drained(what: Lane | 'plan'): Promise<void>;
  /** What is being drained right now. */
  busy(): (Lane | 'plan')[];
  /** Claims nothing more; resolves when what is claimed is reported. */
  stop(): Promise<void>;
}

/** A timer for an hour hence would say nothing that the sweep does not. */
const LONGEST_TIMER_MS = 60_000;

export const createLanes = (context: JobContext): Lanes => {
  const { parts } = context;
  const timers = new Set<NodeJS.Timeout>();
  let stopping = false;

  const wakeAt = (lane: Lane, at: Date | undefined): void => {
    if (at == null || stopping) return;
    const inMs = at.getTime() - parts.now();
    if (inMs > LONGEST_TIMER_MS) return;
    const timer = setTimeout(() => {
      timers.delete(timer);
      lanes.get(lane)?.wake();
    }, Math.max(inMs, 0) + 1);
    timers.add(timer);
  };

  const drainLane = async (lane: Lane): Promise<void> => {
    const slot = async (): Promise<void> => {
      while (!stopping && (await dispatchNext(context, lane, (at) => wakeAt(lane, at))));
    };
    await Promise.all(Array.from({ length: parts.batchesInFlight }, slot));
  };

  const failed = (what: string) => (error: unknown) => {
    parts.log.error('A drain failed; the sweep wakes it again', { what, error });
  };
  const lanes = new Map<Lane, Drain>(
    LANES.map((lane) => [lane, createDrain(() => drainLane(lane), failed(lane))]),
  );
  const wakeAll = (): void => {
    for (const drain of lanes.values()) drain.wake();
  };
  const planner = createDrain(async () => {
    if (!stopping) await planAccepted(context, wakeAll);
  }, failed('plan'));
  const drains = (): Drain[] => [planner, ...lanes.values()];

  return {
    wake() {
      if (stopping) return;
      planner.wake();
      wakeAll();
    },
    wakeLane(lane) {
      if (!stopping) lanes.get(lane)?.wake();
    },
    wakePlanner() {
      if (!stopping) planner.wake();
    },
    drained: (what) => (what === 'plan' ? planner : lanes.get(what))?.idle() ?? Promise.resolve(),
    busy: () => [
      ...(planner.running ? (['plan'] as const) : []),
      ...LANES.filter((lane) => lanes.get(lane)?.running),
    ],
    async stop() {
      stopping = true;
      for (const timer of timers) clearTimeout(timer);
      await Promise.all(drains().map((drain) => drain.idle()));
    },
  };
};
