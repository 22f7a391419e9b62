/** Permits for the devices of one send, from every gate they must pass. */
import type { Lot } from './gate.js';

/** Resolves with how many of the next devices may be sent now, 1 to `most`; 0 when the send was aborted. */
export type Permits = (most: number, signal: AbortSignal) => Promise<number>;

/** What one gate has let through and the next has not yet waits between them, and is not asked for again. */
export const permitsOf = ([first, ...others]: readonly Lot[]): Permits => {
  if (first == null) return async (most) => most;
  if (others.length === 0) return (most, signal) => first.take(most, signal);
  const behind = permitsOf(others);
  let between = 0;
  return async (most, signal) => {
    if (between === 0) between = await first.take(most, signal);
    if (between === 0) return 0;
    const through = await behind(Math.min(between, most), signal);
    between -= through;
    return through;
  };
};
