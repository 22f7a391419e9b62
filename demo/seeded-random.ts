/** Chance that repeats itself: the same seed gives the same row of numbers on every machine. */

export interface Random {
  /** From 0 up to 1. */
  next(): number;
  /** Whole, both ends included. */
  between(low: number, high: number): number;
  chance(probability: number): boolean;
  /** Weights need not add up to anything. */
  pick<T>(weighted: readonly (readonly [T, number])[]): T;
}

/** Mulberry32: 32 bits of state, good enough for made-up people. `seed`: a 32-bit whole number. */
export const seededRandom = (seed: number): Random => {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    next,
    between: (low, high) => low + Math.floor(next() * (high - low + 1)),
    chance: (probability) => next() < probability,
    pick(weighted) {
      let rest = next() * weighted.reduce((sum, [, weight]) => sum + weight, 0);
      for (const [value, weight] of weighted) {
        rest -= weight;
        if (rest < 0) return value;
      }
      const last = weighted.at(-1);
      if (last == null) throw new Error('Nothing to pick from');
      return last[0];
    },
  };
};
