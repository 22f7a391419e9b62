/**
 * The time that all processes agree on. A machine's clock may be wrong, or be set while we run; so may the database's. Of three
 * that tell the time (ours, the database's, and what both said before, counted on by the monotonic clock) the one in the middle
 * is believed, so that no single clock that jumps moves a deadline, a retry or the date of a credential.
 */

export interface SharedClock {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** What the database's clock shows at this moment. */
  read(databaseMs: number): void;
}

export interface SharedClockParts {
  /** This machine's clock. */
  readonly wall: () => number;
  /** Milliseconds that never jump. */
  readonly monotonic: () => number;
  /** Called when the clock of this machine, or of the database, turns out to be wrong by the agreed time, or no longer is. */
  readonly differs?: (clocks: { machineMs: number; databaseMs: number }) => void;
}

/** Clocks that are kept differ by less. */
const TOLERANCE_MS = 1_000;
/** An answer of the database may be seconds old when a busy process comes to read it: that is no news. */
const WRONG_MS = 30_000;

const middle = (one: number, two: number, three: number): number =>
  Math.max(Math.min(one, two), Math.min(Math.max(one, two), three));

export const createSharedClock = ({ wall, monotonic, differs }: SharedClockParts): SharedClock => {
  /** How far each is ahead of the monotonic clock; undefined until the database was heard. */
  let ahead: { database: number; agreed: number } | undefined;
  let wasWrong = false;

  const now = (): number => {
    const own = wall();
    if (ahead == null) return own;
    const monotonicMs = monotonic();
    const agreed = middle(own, ahead.database + monotonicMs, ahead.agreed + monotonicMs);
    return Math.abs(own - agreed) <= TOLERANCE_MS ? own : Math.round(agreed);
  };

  const tell = (agreedMs: number, databaseMs: number): void => {
    const [machine, database] = [wall() - agreedMs, databaseMs - agreedMs];
    const isWrong = Math.max(Math.abs(machine), Math.abs(database)) > WRONG_MS;
    if (isWrong === wasWrong) return;
    wasWrong = isWrong;
    differs?.({ machineMs: Math.round(machine), databaseMs: Math.round(database) });
  };

  return {
    now,
    read(databaseMs) {
      const database = databaseMs - monotonic();
      // Whoever has just started knows of two clocks only, and the database's is the one that others have, too.
      ahead = { database, agreed: ahead?.agreed ?? database };
      const agreedMs = now();
      ahead = { database, agreed: agreedMs - monotonic() };
      tell(agreedMs, databaseMs);
    },
  };
};
