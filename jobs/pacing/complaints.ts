/** When complaints of a vendor about our rate are enough to slow down. Pure but for its memory. */

export interface Complaints {
  /** `perSecond`: how much is sent to it at present. */
  heard(key: string, perSecond: number): void;
}

/** A single phone that gets too much is answered in the same words as a project that sends too much. */
const SHARE = 0.01;
const WINDOW_MS = 1_000;

interface Window {
  readonly sinceMs: number;
  complaints: number;
  told: boolean;
}

/** `enough` is called at most once a second for each key. */
export const createComplaints = (
  monotonic: () => number,
  enough: (key: string) => void,
): Complaints => {
  const windows = new Map<string, Window>();
  return {
    heard(key, perSecond) {
      const nowMs = monotonic();
      let window = windows.get(key);
      if (window == null || nowMs - window.sinceMs >= WINDOW_MS) {
        window = { sinceMs: nowMs, complaints: 0, told: false };
        windows.set(key, window);
      }
      window.complaints += 1;
      if (window.told || window.complaints < perSecond * SHARE) return;
      window.told = true;
      enough(key);
    },
  };
};
