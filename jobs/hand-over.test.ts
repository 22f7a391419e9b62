import { expect } from 'chai';
import type { Types } from 'mongoose';
import { type Batch, batches } from '../models/batch.js';
import { ledgerBalances } from '../models/ledger.js';
import type { Audience, Task } from '../models/task.js';
import { commandsOf } from '../test/support/commands.js';
import { type EngineTest, engineTest } from '../test/support/engine.js';
import { testDatabase } from '../test/support/mongo.js';

type WrittenBatch = Partial<Pick<Batch, 'task' | 'state' | 'owner' | 'fence'>>;

describe('a small task on its way from accept to its vendor', () => {
  // Named before the hook that drops the database, so that it runs before it.
  after(() => test.engine.stop(2_000));
  const database = testDatabase();
  let test: EngineTest;
  /** What was read is fresh for half a second, which a busy machine may need for the commit: then its clock stands still. */
  let standsAtMs: number | undefined;

  const sendTo = async (token: string, change: Partial<Task> = {}): Promise<Task> => {
    const device = await test.addDevice(token);
    return test.accept({ audience: { devices: [device.toHexString()] }, ...change });
  };
  /** Its batch as accept wrote it, whatever becomes of it then. */
  const writtenAs = async (work: () => Promise<Task>): Promise<WrittenBatch | undefined> => {
    const commands = commandsOf(database().connection);
    const task = await work();
    commands.stop();
    await test.ended(task);
    return commands
      .named('insert')
      .flatMap(({ documents }) => documents as WrittenBatch[])
      .find((batch) => batch.task != null && task._id.equals(batch.task));
  };
  const batchesOf = (task: Task) => batches(test.parts.db).find({ task: task._id }).toArray();

  before(async () => {
    test = await engineTest(database().connection, {
      timings: { sweepMs: 60_000 },
      monotonic: () => standsAtMs ?? performance.now(),
    });
    await test.addProfile('sandbox');
  });

  it('is never due, and ends with the report of its only batch', async () => {
    const task = await sendTo('sandbox-accept-1');
    await test.ended(task);
    const [batch, ...others] = await batchesOf(task);
    expect(others).to.deep.equal([]);
    expect(batch).to.deep.include({ state: 'done', fence: 1, counts: { accepted: 1 }, sole: true });
    expect(await test.rows(task)).to.have.lengthOf(1);
  });

  it('is marked as sending from the start when a push may come twice', async () => {
    const batch = await writtenAs(() => sendTo('sandbox-accept-5', { ifUnsure: 'resend' }));
    expect(batch).to.include({ state: 'sending', owner: test.parts.owner, fence: 1 });
  });

  it('is only claimed until it is sent when a push must not come twice', async () => {
    const batch = await writtenAs(() => sendTo('sandbox-accept-2', { ifUnsure: 'leave' }));
    expect(batch).to.include({ state: 'claimed', owner: test.parts.owner, fence: 1 });
  });

  const expectFewCommands = async (
    kind: string,
    audienceOf: (device: Types.ObjectId, token: string) => Audience,
  ): Promise<void> => {
    const token = `sandbox-accept-by-${kind}`;
    const audience = audienceOf(await test.addDevice(token), token);
    const commands = commandsOf(database().connection);
    standsAtMs = performance.now();
    const task = await test.accept({ audience });
    await test.ended(task);
    standsAtMs = undefined;
    commands.stop();
    const finds = commands.named('find').map(({ find }) => find);
    expect(finds.filter((name) => name === 'devices')).to.have.lengthOf(1);
    // Whoever claims it raises its fence.
    expect(await batchesOf(task))
      .to.have.lengthOf(1)
      .and.to.have.nested.property('0.fence', 1);
    expect(commands.named('commitTransaction')).to.have.lengthOf(2);
  };

  const audiences: Record<string, (device: Types.ObjectId, token: string) => Audience> = {
    device: (device) => ({ devices: [device.toHexString()] }),
    token: (_device, token) => ({ tokens: [{ vendor: 'sandbox', token }] }),
  };
  for (const [kind, audienceOf] of Object.entries(audiences)) {
    it(`takes no claim, no second look at its ${kind}, and ends in the transaction of its report`, () =>
      expectFewCommands(kind, audienceOf));
  }

  it('goes on in a follow-up that ends the task when the vendor is busy', async () => {
    const task = await sendTo('sandbox-busy-1', { expiresAt: new Date(Date.now() + 1_500) });
    const ended = await test.ended(task);
    expect(ended.state).to.equal('done');
    const report = await test.engine.report(task);
    expect(report.states).to.include({ expired: 1 });
    expect(ledgerBalances(report)).to.equal(true);
    const written = await batchesOf(task);
    expect(written.filter(({ sole }) => sole)).to.have.lengthOf(1);
  });

  it('keeps its books when many come at the same time', async () => {
    const tasks = await Promise.all(
      Array.from({ length: 60 }, (_, index) => sendTo(`sandbox-accept-crowd-${index}`)),
    );
    for (const task of tasks) {
      await test.ended(task);
      const report = await test.engine.report(task);
      expect(report).to.deep.include({ targeted: 1, pending: 0 });
      expect(report.states.accepted).to.equal(1);
    }
  });

  it('waits to be claimed when the lane has no room, and is sent all the same', async () => {
    const narrow = await engineTest(database().connection, {
      app: test.app,
      secretBox: test.parts.secretBox,
      batchesInFlight: 0,
      timings: { sweepMs: 60_000 },
    });
    const device = await test.addDevice('sandbox-accept-4');
    const batch = await writtenAs(async () => {
      const task = await narrow.accept({ audience: { devices: [device.toHexString()] } });
      await narrow.engine.stop(2_000);
      test.engine.wake();
      return task;
    });
    expect(batch).to.include({ state: 'due', fence: 0 });
  });
});
