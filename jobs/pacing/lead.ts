/** How long before its beginning a slice of permits must be asked for, from the time that answers take. Pure but for its memory. */
import { BUCKET_MS } from './slices.js';

export interface Lead {
  /** Of an answer that came after so long. */
  heard(tookMs: number): void;
  /** 0 while answers come before the first permit is lost. */
  readonly ms: number;
}

/** One answer that takes long, as in a failover, says nothing about the next: two do. */
export const createLead = (): Lead => {
  let last = 0;
  let lastButOne = 0;
  return {
    heard(tookMs) {
      lastButOne = last;
      last = tookMs;
    },
    get ms() {
      return Math.max(0, Math.min(last, lastButOne) - BUCKET_MS);
    },
  };
};
