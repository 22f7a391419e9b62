/** Plays what does not fit into a line of the table, some at a time, beside a replica set of three whose scenarios take turns. */
import { atMost } from './at-most.js';
import { FAILOVERS } from './failover.js';
import { createGateways, type Gateways } from './gateways.js';
import { OUTAGES } from './outage.js';
import { startThreeNodes, type ThreeNodes } from './three-nodes.js';

const AT_A_TIME = 2;
const WITHIN_MS = 600_000;

const isChosen = ({ name }: { name: string }): boolean =>
  new RegExp(process.env['ROWS'] ?? '').test(name);

describe('faults that take a scenario of their own', function () {
  this.timeout(WITHIN_MS);
  const results = new Map<string, Promise<void>>();
  const failovers = FAILOVERS.filter(isChosen);
  const outages = OUTAGES.filter(isChosen);
  let set: ThreeNodes | undefined;
  let gateways: Gateways;

  const begin = (name: string, result: Promise<void>): void => {
    result.catch(() => undefined);
    results.set(name, result);
  };

  before(async () => {
    gateways = createGateways(2);
    const [alone, together] = [atMost(1), atMost(AT_A_TIME)];
    const three = failovers.length === 0 ? undefined : startThreeNodes();
    for (const each of failovers) {
      const play = async (): Promise<void> => {
        set = await three;
        if (set != null) await each.play({ set, gateways });
      };
      begin(each.name, alone(play));
    }
    for (const each of outages)
      begin(
        each.name,
        together(() => each.play({ gateways })),
      );
  });
  after(async () => {
    await gateways.close();
    await set?.close();
  });

  for (const { name } of [...failovers, ...outages]) it(name, () => results.get(name));
});
