/** Whose turn it is among tasks that wait for the same pace: each gets its share, however much the others have. Pure. */

export interface Turns {
  /** The place of some devices of this task that would take `costMs` alone; the lowest goes first. */
  next(task: string, nowMs: number, costMs: number): number;
}

const KEPT = 1_000;

/** A task's places lie as far apart as its devices take, so that one that comes later stands among them and not behind. */
export const createTurns = (): Turns => {
  const behind = new Map<string, number>();
  return {
    next(task, nowMs, costMs) {
      const turn = Math.max(nowMs, behind.get(task) ?? 0);
      if (behind.size >= KEPT) {
        for (const [other, at] of behind) if (at <= nowMs) behind.delete(other);
      }
      behind.set(task, turn + costMs);
      return turn;
    },
  };
};
