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
/** So much in a millisecond does what was agreed follow the database: more than an oscillator drifts, and too little for a jump. */
const SLEW = 0.001;

const middle = (one: number, two: number, three: number): number =>
  Math.max(Math.min(one, two), Math.min(Math.max(one, two), three));

export const createSharedClock = ({ wall, monotonic, differs }: SharedClockParts): SharedClock => {
  /** How far each is ahead of the monotonic clock; undefined until the database was heard. */
  let ahead: { database: number; agreed: number; atMs: number } | undefined;
  let wasWrong = false;

  const now = (): number => {
    const own = wall();
    if (ahead == null) return own;
    const monotonicMs = monotonic();
    const agreed = middle(own, ahead.database + monotonicMs, ahead.agreed + monotonicMs);
    return Math.abs(own - agreed) <= TOLERANCE_MS ? own : Math.round(agreed);
  };

  /** The clock of this machine and the monotonic one drift together: what was agreed must not be counted on for ever. */
  const agreedWith = (database: number, atMs: number): number => {
    // Whoever has just started knows of two clocks only, and the database's is the one that others have, too.
    if (ahead == null) return database;
    const off = database - ahead.agreed;
    const ownIsThere = Math.abs(wall() - atMs - database) <= TOLERANCE_MS;
    if (ownIsThere && Math.abs(off) > TOLERANCE_MS) return database;
    if (Math.abs(off) > WRONG_MS) return ahead.agreed;
    const most = (atMs - ahead.atMs) * SLEW;
    return ahead.agreed + Math.max(-most, Math.min(off, most));
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
      const atMs = monotonic();
      const database = databaseMs - atMs;
      ahead = { database, agreed: agreedWith(database, atMs), atMs };
      tell(now(), databaseMs);
    },
  };
};
