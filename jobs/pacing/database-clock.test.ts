import { expect } from 'chai';
import { createDatabaseClock } from './database-clock.js';

/** The database's clock is this far ahead of ours. */
const AHEAD_MS = 1_700_000_000_000;

describe('the database clock', () => {
  const answer = (sentMs: number, wayThereMs: number, wayBackMs: number, aheadMs = AHEAD_MS) => ({
    sentMs,
    receivedMs: sentMs + wayThereMs + wayBackMs,
    databaseMs: sentMs + wayThereMs + aheadMs,
  });

  it('is read in the middle of the first answer', () => {
    expect(createDatabaseClock().read(answer(1_000, 10, 10))).to.equal(1_010);
  });

  it('is read more exactly with every quick answer, and no worse after a slow one', () => {
    const clock = createDatabaseClock();
    clock.read(answer(1_000, 1, 1));
    const slow = answer(2_000, 180, 2);
    expect(clock.read(slow)).to.be.closeTo(2_180, 1);
  });

  it('is followed when it is set back or forth by an hour', () => {
    for (const hour of [3_600_000, -3_600_000]) {
      const clock = createDatabaseClock();
      clock.read(answer(1_000, 1, 1));
      expect(clock.read(answer(2_000, 5, 5, AHEAD_MS + hour))).to.be.closeTo(2_005, 5);
    }
  });

  it('forgets what it read more than a minute ago, for the clocks drift', () => {
    const clock = createDatabaseClock();
    clock.read(answer(0, 1, 1));
    // Twenty milliseconds behind by now, and within what this answer leaves open.
    expect(clock.read(answer(70_000, 30, 30, AHEAD_MS - 20))).to.be.closeTo(70_030, 1);
  });
});
