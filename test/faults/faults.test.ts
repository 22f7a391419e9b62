/** Plays the table, some rows at a time: most of a row's time is waiting for a lease to die. */
import { expect } from 'chai';
import { atMost } from './at-most.js';
import { createGateways } from './gateways.js';
import { play } from './play.js';
import { type PrivateMongod, startPrivateMongod } from './private-mongod.js';
import { type Row, rowName } from './row.js';
import type { Theatre } from './stage.js';
import { strike } from './strike.js';
import { TABLE } from './table.js';

const AT_A_TIME = 3;
const ROW_WITHIN_MS = 600_000;
const START_WITHIN_MS = 300_000;

/** Only rows whose names match are played: `ROWS='SIGKILL.*plan' npm run test:faults`. */
const chosen = TABLE.filter((row) => new RegExp(process.env['ROWS'] ?? '').test(rowName(row)));

/** Where mongod is killed, nobody else may need it. */
const playRow = async (row: Row, theatre: Theatre<PrivateMongod>): Promise<void> => {
  if (row.fault !== 'mongod killed') return play(row, theatre, strike);
  const mongod = await startPrivateMongod();
  try {
    await play(row, { ...theatre, mongod }, strike);
  } finally {
    await mongod.close();
  }
};

/** How each row went is for its own test to say, whenever that comes to ask. */
const playAll = (theatre: Theatre<PrivateMongod>): Map<string, Promise<void>> => {
  const inTurn = atMost(AT_A_TIME);
  const results = new Map(
    chosen.map((row) => [rowName(row), inTurn(() => playRow(row, theatre))] as const),
  );
  for (const result of results.values()) result.catch(() => undefined);
  return results;
};

describe('the table of faults', function () {
  this.timeout(ROW_WITHIN_MS);
  let theatre: Theatre<PrivateMongod>;
  let results: Map<string, Promise<void>>;

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
    it(rowName(row), () => results.get(rowName(row)));
  }

  it('has a name of its own for each row', () => {
    expect(new Set(TABLE.map(rowName)).size).to.equal(TABLE.length);
  });
});
