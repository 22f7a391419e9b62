/** A clock that runs only while somebody waits. Pure but for its memory. */

export interface WaitingClock {
  /** Whether somebody waits from now on. */
  isWaiting(waits: boolean): void;
  /** Milliseconds in which somebody waited, so far. */
  readonly ms: number;
}

export const createWaitingClock = (monotonic: () => number): WaitingClock => {
  let before = 0;
  let sinceMs: number | undefined;
  const passed = (): number => before + (sinceMs == null ? 0 : monotonic() - sinceMs);
  return {
    isWaiting(waits) {
      if (waits === (sinceMs != null)) return;
      before = passed();
      sinceMs = waits ? monotonic() : undefined;
    },
    get ms() {
      return passed();
    },
  };
};
