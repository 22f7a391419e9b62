/** A clock and its timers in the hands of a test: time passes only when the test says so. */

export interface VirtualTime {
  readonly now: () => number;
  /** Calls back after so long; returns what takes that back. */
  readonly later: (ms: number, call: () => void) => () => void;
  /** Lets so much time pass, timers and whatever they resolve in their order. */
  pass(ms: number): Promise<void>;
}

/** Enough for promises that wait for promises. */
const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
};

export const virtualTime = (): VirtualTime => {
  let nowMs = 0;
  let timers: { atMs: number; call: () => void }[] = [];
  return {
    now: () => nowMs,
    later(ms, call) {
      const timer = { atMs: nowMs + ms, call };
      timers.push(timer);
      return () => {
        timers = timers.filter((other) => other !== timer);
      };
    },
    async pass(ms) {
      const untilMs = nowMs + ms;
      await settle();
      for (;;) {
        const [next] = timers.toSorted((one, other) => one.atMs - other.atMs);
        if (next == null || next.atMs > untilMs) break;
        timers = timers.filter((other) => other !== next);
        nowMs = Math.max(nowMs, next.atMs);
        next.call();
        await settle();
      }
      nowMs = untilMs;
    },
  };
};
