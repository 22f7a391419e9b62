/** The primary of a replica set of three goes away in the middle of a task, and another node is elected. */
import { expect } from 'chai';
import { createGateways, type Gateways } from './gateways.js';
import { reach } from './place.js';
import { play } from './play.js';
import type { Row } from './row.js';
import type { Strike } from './strike.js';
import { startThreeNodes, type ThreeNodes } from './three-nodes.js';

const START_WITHIN_MS = 300_000;

describe('a replica set whose primary goes away', function () {
  this.timeout(START_WITHIN_MS);
  let mongod: ThreeNodes;
  let gateways: Gateways;

  before(async () => {
    mongod = await startThreeNodes();
    gateways = createGateways(1);
  });
  after(async () => {
    await gateways.close();
    await mongod.close();
  });

  const killPrimary: Strike = async (row, stage, send) => {
    const primary = await mongod.primary();
    await reach(row, stage, send);
    await primary.kill();
    stage.first.release();
    await mongod.primary();
    await primary.start();
    return { heir: stage.first };
  };

  const row = { mix: { fcm: 150, apns: 150, harmony: 150 } } as const;
  it('x', () => play({ ...row, at: 'dispatch:marked-sending', ifUnsure: 'leave' }, { mongod, gateways }, killPrimary));
});
