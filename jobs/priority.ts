/**
 * Who goes first in the one thread of a process: pushes that somebody waits for. Work on many devices is done in pieces and gives
 * way before each, so that a single push never finds more than one piece ahead of it in any turn of the event loop.
 */

export interface Priority {
  /** A push that somebody waits for is on its way here; call what it returns when it has left. */
  begin(): () => void;
  /** Resolves when the next piece of large work may be done: one in a turn, and none while others go first. */
  giveWay(): Promise<void>;
}

/** Devices of one piece: a few milliseconds. */
export const PIECE = 250;
/** Others give way to pushes to so few; more of them are large work themselves. */
export const FEW = 50;
/** However many single pushes there are, large work goes on: each piece waits no longer. */
const LONGEST_WAIT_MS = 50;

interface Waiting {
  readonly untilMs: number;
  readonly resolve: () => void;
}

export const createPriority = (monotonic: () => number): Priority => {
  let first = 0;
  let waiting: Waiting[] = [];
  let looking = false;
  let timer: NodeJS.Timeout | undefined;

  const look = (): void => {
    looking = false;
    const [next] = waiting;
    if (next == null) return;
    const leftMs = first === 0 ? 0 : next.untilMs - monotonic();
    if (leftMs > 0) {
      timer ??= setTimeout(lookSoon, leftMs);
      return;
    }
    waiting = waiting.slice(1);
    next.resolve();
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
  };
};
