/** How much went through lately: the last second counts most. Pure. */

export interface Throughput {
  add(nowMs: number, count: number): void;
  /** Undefined when nothing went through for a while. */
  perSecond(nowMs: number): number | undefined;
}

const WINDOW_MS = 1_000;
const FORGET_AFTER_MS = 10_000;

export const createThroughput = (): Throughput => {
  let recent = 0;
  let firstMs: number | undefined;
  let lastMs = 0;
  const faded = (nowMs: number): number => recent * Math.exp((lastMs - nowMs) / WINDOW_MS);
  return {
    add(nowMs, count) {
      if (firstMs == null || nowMs - lastMs > FORGET_AFTER_MS) {
        firstMs = nowMs;
        recent = 0;
      }
      recent = faded(nowMs) + count;
      lastMs = nowMs;
    },
    perSecond(nowMs) {
      if (firstMs == null || nowMs - lastMs > FORGET_AFTER_MS) return undefined;
      // In its first second, less than a second's worth has been seen.
      const seen = 1 - Math.exp((firstMs - nowMs - 1) / WINDOW_MS);
      return faded(nowMs) / seen;
    },
  };
};
