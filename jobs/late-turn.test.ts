import { expect } from 'chai';
import type { Types } from 'mongoose';
import type { Adapter, Outcome, Vendor } from '../adapters/adapter.js';
import { loadVendors } from '../adapters/index.js';
import { batches } from '../models/batch.js';
import { dbOf } from '../models/database.js';
import { type EngineTest, engineTest } from '../test/support/engine.js';
import { testDatabase } from '../test/support/mongo.js';

const LATE: Outcome = { kind: 'try-later', reason: 'late', cause: 'turn' };

describe('devices of a batch whose turn comes more than two seconds after they were read', () => {
  const database = testDatabase();
  const sends: { tokens: string[]; sendBefore: number; atMs: number }[] = [];
  let test: EngineTest;
  let meanwhile: () => Promise<unknown>;

  /** Sends to the first device of a batch; the turns of the others come too late, the first time. */
  const slowAdapter = (): Adapter => ({
    async send(message, targets) {
      const { sendBefore = Number.NaN } = message;
      const tokens = targets.map(({ token }) => token);
      sends.push({ tokens, sendBefore, atMs: performance.now() });
      if (sends.length > 1) return targets.map(() => ({ kind: 'accepted' }));
      await meanwhile();
      return targets.map((_, index) => (index === 0 ? { kind: 'accepted' } : LATE));
    },
  });

  beforeEach(async () => {
    sends.length = 0;
    const vendors = new Map(await loadVendors());
    const sandbox = vendors.get('sandbox') as Vendor;
    vendors.set('sandbox', { ...sandbox, open: slowAdapter });
    // What the machine makes slow is not split off.
    const timings = { stragglerMs: 60_000 };
    test = await engineTest(database().connection, { vendors, timings });
    await test.addProfile('sandbox');
  });
  afterEach(() => test.engine.stop(2_000));

  const addDevices = (): Promise<Types.ObjectId[]> =>
    Promise.all(['a', 'b', 'c'].map((name) => test.addDevice(`sandbox-accept-${name}`)));

  it('are read again: whoever has withdrawn consent meanwhile gets nothing', async () => {
    const ids = await addDevices();
    meanwhile = () => {
      const second = sends[0]?.tokens[1];
      return dbOf(database().connection)
        .collection('devices')
        .updateOne({ token: second }, { $set: { 'consent.push': 'denied' } });
    };
    const task = await test.accept({ audience: { devices: ids.map(String) } });
    await test.ended(task);
    const [first, again] = sends;
    expect(first?.tokens).to.have.lengthOf(3);
    expect(again?.tokens).to.deep.equal([first?.tokens[2]]);
    expect((await test.engine.report(task)).states).to.include({ accepted: 2, suppressed: 1 });
  });

  it('go on at once, without an attempt or a wait', async () => {
    meanwhile = () => Promise.resolve();
    const ids = await addDevices();
    const task = await test.accept({ audience: { devices: ids.map(String) } });
    await test.ended(task);
    const followUps = await batches(dbOf(database().connection))
      .find({ task: task._id, first: false })
      .toArray();
    expect(followUps).to.have.lengthOf(1);
    const [followUp] = followUps;
    expect(followUp).to.include({ attempt: 1, waits: 0 });
    expect(followUp?.notBefore).to.deep.equal(followUp?.createdAt);
  });

  it('may leave up to two seconds after they were read', async () => {
    meanwhile = () => Promise.resolve();
    const ids = await addDevices();
    const startedMs = performance.now();
    await test.ended(await test.accept({ audience: { devices: ids.map(String) } }));
    expect(sends).to.have.lengthOf(2);
    // They were read between the beginning and the send.
    for (const { sendBefore, atMs } of sends) {
      expect(sendBefore).to.be.within(startedMs + 1_900, atMs + 2_000);
    }
  });
});
