/** The gate of one vendor profile or task in this process: devices enter, and leave one by one as permits fall due. */
import type { Pace, PermitAsk, PermitGrant } from '../../models/pacing.js';
import { LANES, type Lane } from '../../models/task.js';
import { createDatabaseClock } from './database-clock.js';
import { createLead } from './lead.js';
import { createSlices } from './slices.js';
import { createThroughput } from './throughput.js';
import { createWaitingClock } from './waiting-clock.js';

/** Devices of one batch that have entered. */
export interface Lot {
  /** Resolves with how many may be sent now, 1 to `most`; 0 when it was aborted. */
  take(most: number, signal: AbortSignal): Promise<number>;
  /** Whoever has not been sent leaves unsent. */
  leave(): void;
}

export interface Gate {
  readonly key: string;
  /** How many more devices may enter: as many as leave in about a second. */
  room(lane: Lane): number;
  /** Half of those who may be in have left. */
  readonly wantsMore: boolean;
  /** How many left lately. */
  readonly perSecond: number;
  /** Nobody of this lane would have to wait long behind those who are in. */
  isQuiet(lane: Lane, devices: number): boolean;
  enter(devices: number, lane: Lane): Lot;
  /** Takes effect at once: permits of the old pace are given up. Null opens the gate for everybody. */
  setPace(pace: Pace | null): void;
  readonly pace: Pace | null;
  /** Since when nobody is in; undefined while somebody is. */
  readonly idleSinceMs: number | undefined;
}

export interface GateParts {
  readonly key: string;
  readonly pace: Pace | null;
  /** Serves no more often; more for vendors that take many devices in one request. */
  readonly quantumMs?: number;
  /** Milliseconds that never jump. */
  readonly monotonic: () => number;
  ask(asked: Omit<PermitAsk, 'key'>): Promise<PermitGrant>;
  /** Permits could not be had; they are asked for again. */
  failed(error: unknown): void;
  /** It wants more. */
  hasRoom(): void;
  /** Calls back after so long; returns what takes that back. */
  later(ms: number, call: () => void): () => void;
}

interface Waiter {
  readonly most: number;
  readonly rank: number;
  readonly lot: { in: number };
  resolve(count: number): void;
}

/**
 * A few permits at a time cost less: whatever its size, each handful wakes the process and writes to the vendor. Far enough below
 * the bucket that none is lost when the process is late.
 */
const QUANTUM_MS = 10;
/** A few questions a second, whatever happens. */
const ASK_EVERY_MS = 100;
const ASK_AGAIN_MS = 500;
const SECOND_MS = 1_000;

/** How much of a second's permits may be in, by lane: a transactional push enters where a campaign has filled the room. */
const ROOM: Readonly<Record<Lane, number>> = { transactional: 2, default: 1.25, campaign: 1 };
/** Before it is known how much of the rate this process gets, and however little it was. */
const FIRST_ROOM = 0.5;
const LEAST_ROOM = 0.25;
/** More than left in the last second, so that it can grow. */
const ROOM_GROWTH = 1.5;
/** So much waits no longer than a tenth of a second. */
const QUIET_SHARE = 0.1;

export const createGate = (parts: GateParts): Gate => {
  const { monotonic, quantumMs = QUANTUM_MS } = parts;
  const slices = createSlices();
  const clock = createDatabaseClock();
  const lead = createLead();
  const throughput = createThroughput();
  /** What this process gets of the rate while it asks for it: when nobody waits, nothing is left to be had. */
  const share = createThroughput();
  const waiting = createWaitingClock(monotonic);
  let waiters: Waiter[] = [];
  let { pace } = parts;
  let inside = 0;
  let idleSinceMs: number | undefined = monotonic();
  let askedAtMs = Number.NEGATIVE_INFINITY;
  let askAfterMs = Number.NEGATIVE_INFINITY;
  let servedAtMs = Number.NEGATIVE_INFINITY;
  let asking = false;
  let timer: { readonly atMs: number; cancel(): void } | undefined;

  const capacity = (): number => {
    if (pace == null) return Number.POSITIVE_INFINITY;
    const { perSecond } = pace;
    const isKnown = throughput.perSecond(monotonic()) != null;
    const left = isKnown ? share.perSecond(waiting.ms) : undefined;
    if (left == null) return Math.max(1, perSecond * FIRST_ROOM);
    return Math.max(1, Math.min(perSecond, Math.max(perSecond * LEAST_ROOM, left * ROOM_GROWTH)));
  };

  const wantsMore = (): boolean => inside <= capacity() / 2;

  const went = (lot: { in: number }, count: number): void => {
    const left = Math.min(count, lot.in);
    lot.in -= left;
    inside -= left;
    if (inside === 0) idleSinceMs = monotonic();
    if (wantsMore()) parts.hasRoom();
  };

  const remove = (gone: Waiter): void => {
    waiters = waiters.filter((waiter) => waiter !== gone);
    waiting.isWaiting(waiters.length > 0);
  };

  /** The best lane first, and within it everybody in turn. */
  const serve = (): void => {
    const nowMs = monotonic();
    for (;;) {
      const rank = Math.min(...waiters.map((waiter) => waiter.rank));
      const next = waiters.find((waiter) => waiter.rank === rank);
      if (next == null) return;
      const peers = waiters.filter((waiter) => waiter.rank === rank).length;
      const count = pace == null ? next.most : slices.take(nowMs, turnOf(next.most, peers));
      if (count === 0) return;
      servedAtMs = nowMs;
      throughput.add(nowMs, count);
      share.add(waiting.ms, count);
      remove(next);
      next.resolve(count);
      went(next.lot, count);
    }
  };
  const turnOf = (most: number, peers: number): number => {
    if (peers === 1 || pace == null) return most;
    return Math.min(most, Math.max(1, Math.ceil((pace.perSecond * quantumMs) / SECOND_MS / peers)));
  };

  const needsPermits = (nowMs: number): boolean => {
    if (pace == null || asking || nowMs < mayAskAt()) return false;
    return slices.left(nowMs) < demand();
  };
  /** Those who are in, and those who left as stragglers and wait all the same. */
  const demand = (): number =>
    Math.max(
      inside,
      waiters.reduce((sum, { most }) => sum + most, 0),
    );
  /** One slice that is to come is enough: others want theirs. */
  const mayAskAt = (): number =>
    Math.max(askAfterMs, askedAtMs + ASK_EVERY_MS, slices.lastFrom() ?? 0);

  const receive = (asked: Pace, sentMs: number, grant: PermitGrant): void => {
    const receivedMs = monotonic();
    lead.heard(receivedMs - sentMs);
    const atMs = clock.read({ sentMs, receivedMs, databaseMs: grant.atMs });
    if (grant.count === 0) {
      askAfterMs = receivedMs + grant.delayMs;
      return;
    }
    // Meanwhile another pace was set: permits of this one are void.
    if (pace !== asked) return;
    const gapMs = SECOND_MS / grant.perSecond;
    slices.add({ fromMs: atMs + grant.delayMs, gapMs, count: grant.count }, grant.perSecond);
  };

  const ask = async (asked: Pace): Promise<void> => {
    asking = true;
    askedAtMs = monotonic();
    try {
      // What comes until the next question would otherwise have to wait for it.
      const soon = ((throughput.perSecond(askedAtMs) ?? 0) * ASK_EVERY_MS) / SECOND_MS;
      const wanted = Math.max(1, Math.ceil(demand() + soon - slices.left(askedAtMs)));
      receive(asked, askedAtMs, await parts.ask({ pace: asked, wanted, leadMs: lead.ms }));
    } catch (error) {
      askAfterMs = monotonic() + ASK_AGAIN_MS;
      parts.failed(error);
    } finally {
      asking = false;
      turn();
    }
  };

  /** When there is something to do again. */
  const wakeInMs = (nowMs: number): number | undefined => {
    const isShort = pace != null && !asking && slices.left(nowMs) < demand();
    const askAt = isShort ? mayAskAt() : Number.POSITIVE_INFINITY;
    const permitAt = waiters.length === 0 ? undefined : slices.nextAt(nowMs);
    const at = Math.min(askAt, permitAt ?? Number.POSITIVE_INFINITY);
    return Number.isFinite(at) ? Math.max(quantumMs, at - nowMs) : undefined;
  };

  /** Serves who can be served, asks for permits, and sleeps until the next is due. */
  const turn = (): void => {
    timer?.cancel();
    timer = undefined;
    serve();
    const nowMs = monotonic();
    if (pace != null && needsPermits(nowMs)) void ask(pace);
    const inMs = wakeInMs(nowMs);
    if (inMs != null) wakeIn(inMs);
  };

  /** Or sooner, where that was arranged already. */
  const wakeIn = (ms: number): void => {
    const atMs = monotonic() + ms;
    if (timer != null && timer.atMs <= atMs) return;
    timer?.cancel();
    timer = { atMs, cancel: parts.later(ms, turn) };
  };

  const wait = (lot: { in: number }, lane: Lane, most: number, signal: AbortSignal) =>
    new Promise<number>((resolve) => {
      if (signal.aborted) {
        resolve(0);
        return;
      }
      const abort = (): void => {
        remove(waiter);
        resolve(0);
      };
      const waiter: Waiter = {
        most,
        rank: LANES.indexOf(lane),
        lot,
        resolve(count) {
          signal.removeEventListener('abort', abort);
          resolve(count);
        },
      };
      signal.addEventListener('abort', abort, { once: true });
      waiters.push(waiter);
      waiting.isWaiting(true);
      if (waiter.rank === 0 || monotonic() - servedAtMs >= quantumMs) turn();
      else wakeIn(quantumMs);
    });

  return {
    key: parts.key,
    room: (lane) =>
      inside === 0
        ? Math.max(1, Math.floor(capacity() * ROOM[lane]))
        : Math.max(0, Math.floor(capacity() * ROOM[lane]) - inside),
    isQuiet(lane, devices) {
      if (pace == null) return true;
      if (lane === 'transactional') return inside + devices <= capacity() * ROOM[lane];
      return inside + devices <= Math.max(1, pace.perSecond * QUIET_SHARE);
    },
    enter(devices, lane) {
      const lot = { in: devices };
      inside += devices;
      idleSinceMs = undefined;
      // The permits are on their way while the batch is read.
      turn();
      return {
        take: (most, signal) => wait(lot, lane, most, signal),
        leave: () => went(lot, lot.in),
      };
    },
    setPace(changed) {
      if (changed?.perSecond === pace?.perSecond) return;
      pace = changed;
      slices.clear();
      askAfterMs = Number.NEGATIVE_INFINITY;
      turn();
      parts.hasRoom();
    },
    get wantsMore() {
      return wantsMore();
    },
    get perSecond() {
      return throughput.perSecond(monotonic()) ?? 0;
    },
    get pace() {
      return pace;
    },
    get idleSinceMs() {
      return idleSinceMs;
    },
  };
};
