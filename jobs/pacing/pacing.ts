/**
 * Paces what this process sends: by vendor profile, and by task where its caller chose a rate. The permits come from the
 * database, a slice at a time, and are shared with all processes.
 */
import type { Outcome } from '../../adapters/adapter.js';
import type { Batch } from '../../models/batch.js';
import { releaseBatch } from '../../models/lease.js';
import { grantPermits, type Pace, type PermitAsk, slowDown } from '../../models/pacing.js';
import {
  claimParked,
  type Parking,
  parkBatch,
  parkedKeys,
  splitBatch,
  unparkAll,
} from '../../models/parked.js';
import type { Lane, Task } from '../../models/task.js';
import type { JobParts } from '../parts.js';
import type { OpenProfile } from '../profiles.js';
import { createDrain, type Drain } from '../wake.js';
import { createComplaints } from './complaints.js';
import { createGate, type Gate, type Lot } from './gate.js';
import { profileKeyOf, profilePace, readPaces, taskKey, taskPace } from './paces.js';
import { type Permits, permitsOf } from './permits.js';
import { createRoom, type FetchingLane } from './room.js';
import { createTurns, type Turns } from './turns.js';

/** What may be sent now of a batch. */
export interface Share {
  readonly batch: Batch;
  /** New ones for each send that goes on at the same time; absent where nothing is paced. */
  readonly permits?: () => Permits;
  /** Must be called when the batch is reported or given up. */
  leave(): void;
}

export interface Pacing {
  /**
   * How much of a claimed batch may be sent within about a second; what may not waits in the database. Null when that is
   * nothing. `fetched`: it has waited, so that nobody is ahead of it.
   */
  admit(
    task: Task,
    batch: Batch,
    open: OpenProfile,
    options?: { readonly fetched?: boolean },
  ): Share | Promise<Share | null>;
  /** A batch need not wait for its pace, as far as this process knows: it may be handed over as being sent. */
  isQuiet(task: Task, batch: Batch): boolean;
  /** Complaints of a vendor slow its profile down. */
  heard(batch: Batch, outcome: Outcome): void;
  /** Notices rates that were changed and batches that wait. */
  refresh(): Promise<void>;
  /** From now on, batches that wait are fetched when there is room for them. */
  fetchFor(lane: Lane, fetching: FetchingLane): void;
  /** A lane has room again. */
  roomAgain(): void;
}

interface Paced {
  readonly gate: Gate;
  readonly turns: Turns;
  readonly fetching: Drain;
  /** Somebody waits for it in the database, and may be fetched. */
  hasParked: boolean;
}

/** A batch that nobody fetches is found by the ordinary way after so long. */
const FOUND_AFTER_MS = 5 * 60_000;
/** Not worth a batch of their own. */
const LITTLE_MORE = 1.25;
const FORGET_AFTER_MS = 60_000;
/** A vendor that takes many devices at once gets requests that are worth it; less than the bucket, or permits would be lost. */
const LARGE_QUANTUM_MS = 25;

const never = (): void => undefined;

type PacingParts = Pick<
  JobParts,
  'db' | 'connection' | 'vendors' | 'log' | 'metrics' | 'now' | 'monotonic' | 'owner'
>;

export const createPacing = (parts: PacingParts, stopping: AbortSignal): Pacing => {
  const { db, connection, log, metrics, monotonic } = parts;
  const paced = new Map<string, Paced>();
  const room = createRoom();

  const waitFor = (one: Paced): void => {
    one.hasParked = true;
    one.fetching.wake();
  };

  const fetchParked = async (key: string): Promise<void> => {
    const waiting = paced.get(key);
    while (room.hasLanes && waiting?.hasParked && waiting.gate.wantsMore && !stopping.aborted) {
      waiting.hasParked = false;
      // What waits for room is not asked for again before there is some: each look would walk over all of it.
      const closed = room.closedFor(key, () => waitFor(waiting));
      const batch = await claimParked(db, key, parts.owner, { now: new Date(parts.now()), closed });
      if (batch == null) return;
      if (stopping.aborted) {
        await releaseBatch(db, batch, { state: 'due' });
        return;
      }
      waiting.hasParked = true;
      await new Promise<void>((resolve) => {
        void room.lane(batch.lane)?.send(batch, resolve).finally(resolve);
      });
    }
  };

  const askFor = async (asked: PermitAsk) => {
    const { key } = asked;
    const grant = await grantPermits(db, asked);
    const [app = '', vendor = '', profile] = key.split('/');
    if (profile != null) metrics.pace(app, vendor, profile, grant.perSecond);
    return grant;
  };

  const failed = (key: string) => (error: unknown) => {
    log.warn('Permits could not be had; they are asked for again', { key, error });
  };

  const takesMany = (key: string): boolean => {
    const [, vendor = ''] = key.split('/');
    return (parts.vendors.get(vendor)?.limits.targetsPerRequest ?? 1) > 1;
  };

  /** A pace that was changed is set by `refresh` alone: what a batch was claimed with may be older. */
  const pacedBy = (key: string, pace: Pace): Paced => {
    const known = paced.get(key);
    if (known != null) return known;
    const fetching = createDrain(() => fetchParked(key), failed(key));
    const made: Paced = {
      gate: createGate({
        key,
        pace,
        monotonic,
        ...(takesMany(key) ? { quantumMs: LARGE_QUANTUM_MS } : {}),
        ask: (asked) => askFor({ key, ...asked }),
        failed: failed(key),
        hasRoom() {
          if (made.hasParked) fetching.wake();
        },
        later(ms, call) {
          const timer = setTimeout(call, ms);
          return () => clearTimeout(timer);
        },
      }),
      turns: createTurns(),
      fetching,
      hasParked: false,
    };
    paced.set(key, made);
    return made;
  };

  const pacedFor = (task: Task, batch: Batch, open: OpenProfile): Paced[] => {
    const ofTask = taskPace(task);
    const ofProfile = profilePace(open.vendor, open.ratePerSecond);
    return [
      ...(ofTask == null ? [] : [pacedBy(taskKey(task._id), ofTask)]),
      ...(ofProfile == null ? [] : [pacedBy(profileKeyOf(batch), ofProfile)]),
    ];
  };

  const nextTurn = ({ gate, turns }: Paced, { task }: Batch, devices: number): number => {
    const costMs = (devices * 1_000) / (gate.pace?.perSecond ?? Number.POSITIVE_INFINITY);
    return turns.next(task.toHexString(), parts.now(), costMs);
  };

  const parkingFor = ({ gate }: Paced, { expiresAt }: Batch, turn: number): Parking => {
    const nowMs = parts.now();
    return {
      by: gate.key,
      turn,
      notBefore: new Date(Math.min(nowMs + FOUND_AFTER_MS, expiresAt.getTime())),
    };
  };

  const park = async (one: Paced, batch: Batch): Promise<null> => {
    const { parked, size } = batch;
    // Nothing of it was sent since it was parked: it keeps its turn.
    const turn = parked?.by === one.gate.key ? parked.turn : nextTurn(one, batch, size);
    if (await parkBatch(db, batch, parkingFor(one, batch, turn))) waitFor(one);
    return null;
  };

  const enter = (gates: readonly Paced[], batch: Batch): Share => {
    const lots: Lot[] = gates.map(({ gate }) => gate.enter(batch.size, batch.lane));
    return {
      batch,
      permits: () => permitsOf(lots),
      leave() {
        for (const lot of lots) lot.leave();
      },
    };
  };

  /** Nobody is ahead of a batch that was just claimed. */
  const isFree = ({ gate, hasParked }: Paced, { lane, size }: Batch): boolean =>
    (lane === 'transactional' || !hasParked) && gate.isQuiet(lane, size);

  const admitPaced = async (
    gates: readonly Paced[],
    batch: Batch,
    fetched: boolean,
  ): Promise<Share | null> => {
    const { lane, size } = batch;
    // Handed over as being sent, it waits at the gate: it is too late to wait in the database.
    if (batch.state === 'sending') return enter(gates, batch);
    const busy = gates.find((one) => (fetched ? one.gate.room(lane) === 0 : !isFree(one, batch)));
    if (busy != null) return park(busy, batch);
    const [tightest] = gates.toSorted((one, other) => one.gate.room(lane) - other.gate.room(lane));
    const most = tightest?.gate.room(lane) ?? size;
    if (tightest == null || size <= most * LITTLE_MORE) return enter(gates, batch);
    const share = enter(gates, { ...batch, size: most });
    try {
      const parking = parkingFor(tightest, batch, nextTurn(tightest, batch, size - most));
      const head = await splitBatch(connection, db, batch, most, parking);
      if (head == null) {
        share.leave();
        return null;
      }
      waitFor(tightest);
      return { ...share, batch: head };
    } catch (error) {
      share.leave();
      throw error;
    }
  };

  const complaints = createComplaints(monotonic, (key) => {
    const [app = '', vendor = '', profile = ''] = key.split('/');
    slowDown(db, key)
      .then((slowed) => {
        if (!slowed) return;
        metrics.slowedDown(app, vendor, profile);
        log.warn('A vendor says that we send too fast; its rate is lowered', {
          app,
          vendor,
          profile,
        });
      })
      .catch(failed(key));
  });

  const forgetIdle = (): void => {
    for (const [key, { gate, hasParked }] of paced) {
      const idleMs = gate.idleSinceMs == null ? 0 : monotonic() - gate.idleSinceMs;
      if (!hasParked && idleMs > FORGET_AFTER_MS) paced.delete(key);
    }
  };

  return {
    admit(task, batch, open, { fetched = false } = {}) {
      const gates = pacedFor(task, batch, open);
      return gates.length === 0 ? { batch, leave: never } : admitPaced(gates, batch, fetched);
    },
    isQuiet(task, batch) {
      if (task.ratePerSecond != null) return false;
      const known = paced.get(profileKeyOf(batch));
      return known == null || isFree(known, batch);
    },
    heard(batch, outcome) {
      if (outcome.kind !== 'try-later' || outcome.cause !== 'rate') return;
      const key = profileKeyOf(batch);
      const gate = paced.get(key)?.gate;
      if (gate != null) complaints.heard(key, gate.perSecond);
    },
    async refresh() {
      const waiting = await parkedKeys(db);
      const keys = [...new Set([...paced.keys(), ...waiting])];
      const paces = await readPaces(db, parts.vendors, keys);
      for (const [key, pace] of paces) {
        if (pace != null) {
          paced.get(key)?.gate.setPace(pace);
          if (waiting.includes(key)) waitFor(pacedBy(key, pace));
          continue;
        }
        paced.get(key)?.gate.setPace(null);
        if (waiting.includes(key)) await unparkAll(db, key, new Date(parts.now()));
        paced.delete(key);
      }
      forgetIdle();
    },
    fetchFor: (lane, fetching) => room.add(lane, fetching),
    roomAgain: () => room.again(),
  };
};
