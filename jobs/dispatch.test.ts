import { expect } from 'chai';
import type { Vendor } from '../adapters/adapter.js';
import { loadVendor } from '../adapters/index.js';
import { batches } from '../models/batch.js';
import { tasks } from '../models/lease.js';
import type { Lane } from '../models/task.js';
import { type EngineTest, engineTest } from '../test/support/engine.js';
import { jobContext, someBatch, someTask } from '../test/support/job-context.js';
import { testDatabase } from '../test/support/mongo.js';
import { until } from '../test/support/until.js';
import { createBulkhead } from './bulkhead.js';
import { dispatchClaimed } from './dispatch.js';

describe('a batch that is dispatched', () => {
  const database = testDatabase();
  let test: EngineTest;
  let happened: string[];
  let answer: () => void;
  let vendors: ReadonlyMap<string, Vendor>;

  before(async () => {
    const sandbox = await loadVendor('sandbox');
    const open: Vendor['open'] = () => ({
      async send(_message, targets) {
        happened.push('sent');
        await new Promise<void>((resolve) => (answer = resolve));
        return targets.map(() => ({ kind: 'accepted' }));
      },
    });
    vendors = new Map([['sandbox', { ...sandbox, open }]]);
    // Nobody but this test sends.
    test = await engineTest(database().connection, { lanes: [], vendors });
    await test.addProfile('sandbox');
  });
  beforeEach(() => {
    happened = [];
  });
  after(() => test.engine.stop(2_000));

  /** Dispatches to so many, and tells what happened until the vendor was about to answer. */
  const dispatched = async (lane: Lane, size: number): Promise<string[]> => {
    const ids = await Promise.all(
      Array.from({ length: size }, (_, nth) => test.addDevice(`sandbox-ok-${lane}-${size}-${nth}`)),
    );
    const { secretBox } = test.parts;
    const context = await jobContext(database().connection, { secretBox, vendors });
    const priority = {
      begin() {
        happened.push('begun');
        return () => void (happened.at(-1) === 'left' || happened.push('left'));
      },
      giveWay: async () => undefined,
      pieceDevices: 1_000,
    };
    const task = someTask({ app: test.app._id, lane, state: 'sending', planned: true });
    const batch = someBatch(task, { ids, state: 'claimed', owner: 'somebody', fence: 1, beat: 1 });
    await tasks(test.parts.db).insertOne(task);
    await batches(test.parts.db).insertOne(batch);
    const limits = { devices: 1_000, batches: 1, largest: 1_000, unanswered: 1_000 };
    const slot = { lookAgain: () => undefined, bulkhead: createBulkhead(limits, () => undefined) };
    const done = dispatchClaimed({ ...context, priority }, batch, slot);
    await until('it is with the vendor', () => happened.includes('sent'));
    // A turn of the event loop is all that it may take.
    await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setImmediate(resolve));
    const seen = [...happened];
    answer();
    await done;
    return seen;
  };

  it('goes first, if somebody waits for it, until its pushes have left', async () => {
    expect(await dispatched('transactional', 1)).to.deep.equal(['begun', 'sent', 'left']);
  });

  it('does not, if it is large or nobody waits', async () => {
    expect(await dispatched('transactional', 51)).to.deep.equal(['sent']);
    expect(await dispatched('campaign', 1)).to.deep.equal(['sent']);
  });
});
