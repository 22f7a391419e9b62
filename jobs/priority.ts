/**
 * Who goes first in the one thread of a process: pushes that somebody waits for. Work on many devices is done in pieces and gives
 * way before each, so that single pushes find the event loop busy for a piece and not for a batch.
 */
import type { Lane } from '../models/task.js';

export interface Priority {
  /** A push that somebody waits for is on its way here; call what it returns when it has left. */
  begin(): () => void;
  /** Resolves when the next piece of large work may be done: one in a turn, and none while others go first. */
  giveWay(): Promise<void>;
  /** Devices of one piece: smaller, which costs more in all, while single pushes come. */
  readonly pieceDevices: number;
}

/** A few milliseconds. */
export const SMALL_PIECE = 250;
export const LARGE_PIECE = 1_000;
/** So long after a single push more of them are expected. */
const EXPECTED_MS = 2_000;
/** More than these are large work themselves. */
const FEW_DEVICES = 50;
/** However many single pushes there are, large work goes on: a piece waits no longer. */
const LONGEST_WAIT_MS = 50;

/** Whether others give way to pushes to so many. */
export const goesFirst = (lane: Lane, devices: number): boolean =>
  lane === 'transactional' && devices <= FEW_DEVICES;

interface Waiting {
  readonly untilMs: number;
  readonly resolve: () => void;
}

export const createPriority = (monotonic: () => number): Priority => {
  let first = 0;
  let begunAtMs = Number.NEGATIVE_INFINITY;
  let waiting: Waiting[] = [];
  let looking = false;
  let timer: NodeJS.Timeout | undefined;

  const look = (): void => {
    looking = false;
    const [next] = waiting;
    if (next == null) return;
    const nowMs = monotonic();
    if (first > 0 && next.untilMs > nowMs) {
      timer ??= setTimeout(lookSoon, next.untilMs - nowMs);
      return;
    }
    // All that have waited for too long go at once: where turns are long, one in each would not keep up.
    const overdue = waiting.filter(({ untilMs }) => untilMs <= nowMs);
    const going = overdue.length > 0 ? overdue : [next];
    waiting = waiting.slice(going.length);
    for (const { resolve } of going) resolve();
    lookSoon();
  };

  const lookSoon = (): void => {
    clearTimeout(timer);
    timer = undefined;
    if (looking || waiting.length === 0) return;
    looking = true;
    setImmediate(look);
  };

  return {
    begin() {
      first += 1;
      begunAtMs = monotonic();
      let isOver = false;
      return () => {
        if (isOver) return;
        isOver = true;
        first -= 1;
        if (first === 0) lookSoon();
      };
    },
    giveWay: () =>
      new Promise((resolve) => {
        waiting.push({ untilMs: monotonic() + LONGEST_WAIT_MS, resolve });
        if (timer == null) lookSoon();
      }),
    get pieceDevices() {
      return monotonic() - begunAtMs < EXPECTED_MS ? SMALL_PIECE : LARGE_PIECE;
    },
  };
};
