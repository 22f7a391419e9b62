/** Drains the lanes: each sends a bounded number of batches at a time, and a wake-up finds it running or starts it. */

import type { Batch } from '../models/batch.js';
import { claimBatch } from '../models/lease.js';
import { LANES, type Lane } from '../models/task.js';
import type { JobContext } from './context.js';
import { BATCH_SIZE } from './cut.js';
import { dispatchClaimed } from './dispatch.js';
import type { Slot } from './gather.js';
import type { Door } from './hand-over.js';
import { planAccepted } from './plan.js';
import { createSlots, type Slots } from './slots.js';
import { createStragglers } from './stragglers.js';
import { createDrain } from './wake.js';

export interface Lanes extends Door {
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

/** Batches of one device cost little but waiting: so many run in the place of one large batch. */
const SMALL_BATCHES = 64;

/** A batch may be committed a little later than one that was due after it. */
const LATE_MS = 250;
/** Older ones (handed back, resumed, from a process whose clock is behind) wait for a look from the beginning. */
const WHOLE_LOOK_MS = 250;

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

  const failed = (what: string) => (error: unknown) => {
    parts.log.error('No work could be claimed; the sweep wakes it again', { what, error });
  };
  /** Looks behind its last find, and every now and then from the beginning. */
  const claimerOf = (lane: Lane): (() => Promise<Batch | null>) => {
    let from: Date | undefined;
    let wholeLookAtMs = Number.NEGATIVE_INFINITY;
    return async () => {
      const isWhole = parts.monotonic() - wholeLookAtMs >= WHOLE_LOOK_MS;
      if (isWhole) wholeLookAtMs = parts.monotonic();
      const now = new Date(parts.now());
      const due = isWhole ? { now } : { now, from };
      const batch = await claimBatch(parts.db, lane, parts.owner, due);
      if (batch != null) from = new Date(batch.notBefore.getTime() - LATE_MS);
      else if (!isWhole) wakeAt(lane, new Date(parts.now() + WHOLE_LOOK_MS));
      return batch;
    };
  };
  const slotOf = (lane: Lane): Slot => ({
    lookAgain: (at) => wakeAt(lane, at),
    stragglers: createStragglers(),
  });
  const slotsOf = (lane: Lane, slot: Slot): Slots =>
    createSlots(
      {
        capacity: parts.batchesInFlight * BATCH_SIZE,
        largest: BATCH_SIZE,
        slots: parts.batchesInFlight * SMALL_BATCHES,
      },
      {
        claim: claimerOf(lane),
        sizeOf: ({ size }) => size,
        run: (batch) => dispatchClaimed(context, batch, slot),
        failed: failed(lane),
      },
    );
  const slotByLane = new Map<Lane, Slot>(LANES.map((lane) => [lane, slotOf(lane)]));
  const lanes = new Map<Lane, Slots>(
    [...slotByLane].map(([lane, slot]) => [lane, slotsOf(lane, slot)]),
  );
  const wakeAll = (): void => {
    for (const slots of lanes.values()) slots.wake();
  };
  const planner = createDrain(async () => {
    await planAccepted(context, { planned: wakeAll, stopping: () => stopping });
  }, failed('plan'));
  return {
    enter({ lane, size }) {
      const slot = slotByLane.get(lane);
      const place = stopping ? null : lanes.get(lane)?.take(size);
      if (place == null || slot == null) return null;
      return {
        send: (batch, known) => place.fill(() => dispatchClaimed(context, batch, slot, known)),
        leave: () => place.giveBack(),
      };
    },
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
      for (const slots of lanes.values()) slots.stop();
      await Promise.all([planner, ...lanes.values()].map((each) => each.idle()));
    },
  };
};
