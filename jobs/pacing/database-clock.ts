/** Reads the database's clock on this process's monotonic one, from the way that answers take. Pure but for its memory. */

/** One question to the database: when it left and came back by our clock, and what the database's clock said between. */
export interface ClockReading {
  readonly sentMs: number;
  readonly receivedMs: number;
  readonly databaseMs: number;
}

export interface DatabaseClockReader {
  /** What the database's clock shows at `databaseMs`, by ours. */
  read(reading: ClockReading): number;
}

/** Enough to have a quick answer among them; few enough that the two clocks do not drift apart. */
const KEPT = 32;
/** In a minute, two clocks drift apart by a few milliseconds. */
const KEPT_MS = 60_000;

/** The difference lies between that at the departure and that at the return; a quick answer says it most exactly. */
export const createDatabaseClock = (): DatabaseClockReader => {
  let readings: { least: number; most: number; atMs: number }[] = [];
  return {
    read({ sentMs, receivedMs, databaseMs }) {
      const own = { least: sentMs - databaseMs, most: receivedMs - databaseMs, atMs: receivedMs };
      // What contradicts this one was read before somebody set the database's clock.
      readings = readings.filter(
        ({ least, most, atMs }) =>
          least <= own.most && most >= own.least && receivedMs - atMs < KEPT_MS,
      );
      if (readings.length >= KEPT) readings.shift();
      readings.push(own);
      const least = Math.max(...readings.map((each) => each.least));
      const most = Math.min(...readings.map((each) => each.most));
      return databaseMs + (least + most) / 2;
    },
  };
};
