/** Plays what does not fit into a line of the table: those that share a replica set of three in turn, others beside them. */
import { atMost } from './at-most.js';
import { CAMPAIGNS } from './campaigns.js';
import { CLOCKS } from './clocks.js';
import { FAILOVERS } from './failover.js';
import { createGateways, type Gateways } from './gateways.js';
import { OUTAGES } from './outage.js';
import { type PrivateMongod, startPrivateMongod } from './private-mongod.js';
import { PROCESSES } from './processes.js';
import { RECALLS } from './recalls.js';
import type { Scenario } from './scenario.js';
import { startThreeNodes, type ThreeNodes } from './three-nodes.js';

const AT_A_TIME = 2;
const WITHIN_MS = 600_000;

/** Each takes of it what it needs. */
const OTHERS: readonly Scenario<{ mongod: PrivateMongod; gateways: Gateways }>[] = [
  ...OUTAGES,
  ...CLOCKS,
  ...PROCESSES,
  ...RECALLS,
  ...CAMPAIGNS,
];

/** As in the table: `ROWS='the clock of' npm run test:faults`. */
const chosen = <Named extends { name: string }>(all: readonly Named[]): readonly Named[] =>
  all.filter(({ name }) => new RegExp(process.env['ROWS'] ?? '').test(name));

describe('faults that take a scenario of their own', function () {
  this.timeout(WITHIN_MS);
  const inTurn = chosen(FAILOVERS);
  const others = chosen(OTHERS);
  const results = new Map<string, Promise<void>>();
  let gateways: Gateways;
  let set: ThreeNodes | undefined;
  let mongod: PrivateMongod | undefined;

  const begin = (name: string, result: Promise<void>): void => {
    // How each went is for its own test to say, whenever that comes to ask.
    result.catch(() => undefined);
    results.set(name, result);
  };

  before(async () => {
    gateways = createGateways(2);
    const [alone, together] = [atMost(1), atMost(AT_A_TIME)];
    if (others.length > 0) {
      const shared = await startPrivateMongod();
      mongod = shared;
      for (const each of others) {
        begin(
          each.name,
          together(() => each.play({ mongod: shared, gateways })),
        );
      }
    }
    if (inTurn.length > 0) {
      const three = await startThreeNodes();
      set = three;
      for (const each of inTurn) {
        begin(
          each.name,
          alone(() => each.play({ set: three, gateways })),
        );
      }
    }
  });
  after(async () => {
    await gateways.close();
    await set?.close();
    await mongod?.close();
  });

  for (const { name } of [...inTurn, ...others]) it(name, () => results.get(name));
});
