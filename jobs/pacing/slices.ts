/** Spends the slices that a process was granted: a permit is due at its time and good for a moment more. Pure. */

/** Permits at even distances, by the monotonic clock of this process. */
export interface Slice {
  readonly fromMs: number;
  readonly gapMs: number;
  readonly count: number;
}

/**
 * The bucket: a permit that is not used at once is good for so long, so that a process that was busy for a moment may catch up.
 * Whatever processes do, no second sees more than the rate and this much of it: 40 at 1,000/s; what then arrives closer
 * together than it left has room below 50.
 */
export const BUCKET_MS = 40;
/** Of a second's permits, so many are kept by each process when their moment is over, for a push that must not wait. */
export const SPARE_SHARE = 0.005;

export interface Slices {
  add(slice: Slice, perSecond: number): void;
  /** How many may go now, at most `most`; they are spent. */
  take(nowMs: number, most: number): number;
  /** Permits that may still be used, now or later. */
  left(nowMs: number): number;
  /** When the next permit may be used; `nowMs` when one may now; undefined when there is none. */
  nextAt(nowMs: number): number | undefined;
  /** When the last slice begins, undefined without one. */
  lastFrom(): number | undefined;
  clear(): void;
}

interface Kept extends Slice {
  spent: number;
}

/** Permits of a slice whose time has come. */
const dueOf = ({ fromMs, gapMs, count }: Slice, nowMs: number): number =>
  nowMs < fromMs ? 0 : Math.min(count, Math.floor((nowMs - fromMs) / gapMs) + 1);

/** Permits of a slice whose moment is over. */
const overOf = (slice: Slice, nowMs: number): number => {
  // Where permits are further apart than the bucket is deep, one is good until the next.
  const goodForMs = Math.max(BUCKET_MS, slice.gapMs);
  const sinceMs = nowMs - goodForMs - slice.fromMs;
  return sinceMs <= 0 ? 0 : Math.min(slice.count, Math.ceil(sinceMs / slice.gapMs));
};

export const createSlices = (): Slices => {
  let slices: Kept[] = [];
  let spare = 0;
  let mostSpare = 0;

  const forgetOld = (nowMs: number): void => {
    for (const slice of slices) {
      const lost = overOf(slice, nowMs) - slice.spent;
      if (lost <= 0) continue;
      slice.spent += lost;
      spare = Math.min(mostSpare, spare + lost);
    }
    slices = slices.filter(({ spent, count }) => spent < count);
  };

  return {
    add(slice, perSecond) {
      mostSpare = Math.floor(perSecond * SPARE_SHARE);
      spare = Math.min(spare, mostSpare);
      slices.push({ ...slice, spent: 0 });
    },
    take(nowMs, most) {
      forgetOld(nowMs);
      let taken = 0;
      for (const slice of slices) {
        const some = Math.min(most - taken, dueOf(slice, nowMs) - slice.spent);
        if (some <= 0) continue;
        slice.spent += some;
        taken += some;
      }
      const spared = Math.min(most - taken, spare);
      spare -= spared;
      return taken + spared;
    },
    left(nowMs) {
      forgetOld(nowMs);
      return slices.reduce((sum, { count, spent }) => sum + count - spent, spare);
    },
    nextAt(nowMs) {
      forgetOld(nowMs);
      if (spare > 0) return nowMs;
      const times = slices.map(({ fromMs, gapMs, spent }) => fromMs + spent * gapMs);
      return times.length === 0 ? undefined : Math.max(nowMs, Math.min(...times));
    },
    lastFrom: () => slices.at(-1)?.fromMs,
    clear() {
      slices = [];
      spare = 0;
    },
  };
};
