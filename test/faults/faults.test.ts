/** Plays the table, some rows at a time: most of a row's time is waiting for a lease to die. */
import { expect } from 'chai';
import { createGateways } from './gateways.js';
import { play } from './play.js';
import { startPrivateMongod } from './private-mongod.js';
import { rowName } from './row.js';
import type { Theatre } from './stage.js';
import { TABLE } from './table.js';

const AT_A_TIME = Number(process.env['AT_A_TIME'] ?? 3);
const ROW_WITHIN_MS = 600_000;
const START_WITHIN_MS = 300_000;

/** Only rows whose names match are played: `ROWS='plan.*SIGKILL' npm run test:faults`. */
const chosen = TABLE.filter((row) => new RegExp(process.env['ROWS'] ?? '').test(rowName(row)));

/** Plays all rows, so many at a time, in their order; how each went is for its own test to say. */
const playAll = (theatre: Theatre): Map<string, Promise<unknown>> => {
  const results = new Map<string, Promise<unknown>>();
  const running: Promise<unknown>[] = Array.from({ length: AT_A_TIME }, () => Promise.resolve());
  chosen.forEach((row, index) => {
    // A lane for each row that runs at a time.
    const lane = index % AT_A_TIME;
    const played = (running[lane] as Promise<unknown>).then(() =>
      play(row, theatre).then(
        () => undefined,
        (error: unknown) => error,
      ),
    );
    running[lane] = played;
    results.set(rowName(row), played);
  });
  return results;
};

describe('the table of faults', function () {
  this.timeout(ROW_WITHIN_MS);
  let theatre: Theatre;
  let results: Map<string, Promise<unknown>>;

  before(async function () {
    this.timeout(START_WITHIN_MS);
    const mongod = await startPrivateMongod();
    theatre = { mongod, gateways: createGateways(2) };
    results = playAll(theatre);
  });
  after(async function () {
    this.timeout(START_WITHIN_MS);
    await theatre.gateways.close();
    await theatre.mongod.close();
  });

  for (const row of chosen) {
    it(rowName(row), async () => {
      const error = await results.get(rowName(row));
      if (error != null) throw error;
    });
  }

  it('has a name of its own for each row', () => {
    expect(new Set(TABLE.map(rowName)).size).to.equal(TABLE.length);
  });
});
