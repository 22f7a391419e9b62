/** Drains the lanes: each sends a bounded number of batches at a time, and a wake-up finds it running or starts it. */
import type { Batch } from '../models/batch.js';
import { claimBatch } from '../models/lease.js';
import type { Lane } from '../models/task.js';
import { namesOfProfile } from '../models/vendor-profile.js';
import { type Bulkhead, createBulkhead } from './bulkhead.js';
import type { JobContext } from './context.js';
import { BATCH_SIZE } from './cut.js';
import { dispatchClaimed } from './dispatch.js';
import type { Slot } from './gather.js';
import type { Door, Known } from './hand-over.js';
import { vendorProfileOf } from './held-back.js';
import { planAccepted } from './plan.js';
import { createSlots, type Slots } from './slots.js';
import { createDrain } from './wake.js';

export interface Lanes extends Door {
  /** Looks for tasks to plan and for due batches of all lanes of this process. */
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

/** Few enough for a vendor to answer before the last of them run into their deadline. */
const MOST_UNANSWERED = 10 * BATCH_SIZE;

/** A batch may be committed a little later than one that was due after it. */
const LATE_MS = 250;
/** Older ones (handed back, resumed, from a process whose clock is behind) wait for a look from the beginning. */
const WHOLE_LOOK_MS = 250;
/** Thousands may be due of a profile that has enough, and such a look walks over all of them. */
const LONG_LOOK_MS = 1_000;

/** A timer for an hour hence would say nothing that the sweep does not. */
const LONGEST_TIMER_MS = 60_000;

export const createLanes = (context: JobContext): Lanes => {
  const { parts } = context;
  /** One more than any one profile may take. */
  const places = parts.batchesInFlight === 0 ? 0 : parts.batchesInFlight + 1;
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

  const wholeLooks = new Map<Lane, NodeJS.Timeout>();
  /** One at a time, else they would multiply. */
  const lookAtWhole = (lane: Lane, inMs: number): void => {
    if (wholeLooks.has(lane) || stopping) return;
    const timer = setTimeout(() => {
      wholeLooks.delete(lane);
      lanes.get(lane)?.wake();
    }, inMs + 1);
    wholeLooks.set(lane, timer);
  };

  const failed = (what: string) => (error: unknown) => {
    parts.log.error('No work could be claimed; the sweep wakes it again', { what, error });
  };
  /** Looks behind its last find, and every now and then from the beginning. */
  const claimerOf = (lane: Lane, bulkhead: Bulkhead): (() => Promise<Batch | null>) => {
    let from: Date | undefined;
    let wholeLookAtMs = Number.NEGATIVE_INFINITY;
    return async () => {
      const not = bulkhead.full().map(namesOfProfile);
      const lookMs = not.length === 0 ? WHOLE_LOOK_MS : LONG_LOOK_MS;
      const isWhole = parts.monotonic() - wholeLookAtMs >= lookMs;
      if (isWhole) wholeLookAtMs = parts.monotonic();
      const now = new Date(parts.now());
      const due = isWhole ? { now, not } : { now, from, not };
      const batch = await claimBatch(parts.db, lane, parts.owner, due);
      if (batch != null) from = new Date(batch.notBefore.getTime() - LATE_MS);
      else if (!isWhole) lookAtWhole(lane, lookMs);
      return batch;
    };
  };
  const slotOf = (lane: Lane): Slot => ({
    lookAgain: (at) => wakeAt(lane, at),
    bulkhead: createBulkhead(
      {
        devices: parts.batchesInFlight * BATCH_SIZE,
        batches: parts.batchesInFlight * SMALL_BATCHES,
        largest: BATCH_SIZE,
        unanswered: MOST_UNANSWERED,
      },
      () => {
        lanes.get(lane)?.wake();
        context.pacing.roomAgain();
      },
    ),
  });
  /** Of a batch that has entered. */
  const dispatch = (batch: Batch, slot: Slot, known?: Known): Promise<void> =>
    dispatchClaimed(context, batch, slot, known).finally(() => {
      slot.bulkhead.leave(vendorProfileOf(batch), batch.size);
    });
  const slotsOf = (lane: Lane, slot: Slot): Slots =>
    createSlots(
      {
        capacity: places * BATCH_SIZE,
        largest: BATCH_SIZE,
        slots: places * SMALL_BATCHES,
      },
      {
        claim: claimerOf(lane, slot.bulkhead),
        sizeOf: ({ size }) => size,
        run: (batch) => {
          slot.bulkhead.enter(vendorProfileOf(batch), batch.size);
          return dispatch(batch, slot);
        },
        failed: failed(lane),
        freed: () => context.pacing.roomAgain(),
      },
    );
  const slotByLane = new Map<Lane, Slot>(parts.lanes.map((lane) => [lane, slotOf(lane)]));
  /** Of a batch that has waited for its pace, only what goes now takes a place: the rest of it waits again. */
  const sendFetched = async (lane: Lane, slot: Slot, batch: Batch, told: () => void) => {
    const profile = vendorProfileOf(batch);
    let leave = (): void => undefined;
    const admitted = (devices: number): void => {
      told();
      if (devices === 0) return;
      const place = lanes.get(lane)?.count(devices);
      slot.bulkhead.enter(profile, devices);
      leave = () => {
        slot.bulkhead.leave(profile, devices);
        place?.giveBack();
      };
    };
    await dispatchClaimed(context, batch, { ...slot, admitted });
    leave();
  };
  for (const [lane, slot] of slotByLane) {
    context.pacing.fetchFor(lane, {
      closed: () => (lanes.get(lane)?.hasRoom ? slot.bulkhead.full().map(namesOfProfile) : 'all'),
      send: (batch, admitted) => sendFetched(lane, slot, batch, admitted),
    });
  }
  const lanes = new Map<Lane, Slots>(
    [...slotByLane].map(([lane, slot]) => [lane, slotsOf(lane, slot)]),
  );
  const wakeAll = (): void => {
    for (const slots of lanes.values()) slots.wake();
  };
  const planner = createDrain(async () => {
    const planned = (lane: Lane): void => lanes.get(lane)?.wake();
    await planAccepted(context, { planned, stopping: () => stopping });
  }, failed('plan'));
  return {
    enter(batch) {
      const slot = slotByLane.get(batch.lane);
      const profile = vendorProfileOf(batch);
      if (slot == null || stopping || slot.bulkhead.full().includes(profile)) return null;
      const place = lanes.get(batch.lane)?.take(batch.size);
      if (place == null) return null;
      slot.bulkhead.enter(profile, batch.size);
      return {
        send: (claimed, known) => place.fill(() => dispatch(claimed, slot, known)),
        leave: () => {
          place.giveBack();
          slot.bulkhead.leave(profile, batch.size);
        },
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
      ...parts.lanes.filter((lane) => lanes.get(lane)?.running),
    ],
    async stop() {
      stopping = true;
      for (const timer of [...timers, ...wholeLooks.values()]) clearTimeout(timer);
      for (const slots of lanes.values()) slots.stop();
      await Promise.all([planner, ...lanes.values()].map((each) => each.idle()));
    },
  };
};
