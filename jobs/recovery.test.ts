import { expect } from 'chai';
import type { Types } from 'mongoose';
import { type Batch, batches } from '../models/batch.js';
import { tasks } from '../models/lease.js';
import { ledgerBalances } from '../models/ledger.js';
import type { IfUnsure, Task } from '../models/task.js';
import { type EngineTest, engineTest } from '../test/support/engine.js';
import { testDatabase } from '../test/support/mongo.js';
import { until } from '../test/support/until.js';

/** Long enough that no lease of a live worker dies on a busy machine. */
const LEASE_MS = 2_500;
const QUICK = { leaseMs: LEASE_MS, beatMs: 100, watchMs: 100 };

describe('work of a worker that died', () => {
  const database = testDatabase();
  let door: EngineTest;
  let device: Types.ObjectId;

  beforeEach(async () => {
    door = await engineTest(database().connection, { lanes: [] });
    await door.addProfile('sandbox');
    device = await door.addDevice('sandbox-accept-1');
  });
  afterEach(() => door.engine.stop(2_000));

  /** As a worker leaves it that was killed: owned by somebody who raises no beat. */
  const orphanBatch = async (task: Task, state: Batch['state']): Promise<void> => {
    const { matchedCount } = await batches(door.parts.db).updateOne(
      { task: task._id, state: 'due' },
      { $set: { state, owner: 'dead', fence: 1, beat: 7 } },
    );
    expect(matchedCount).to.equal(1);
  };
  const survivor = () =>
    engineTest(database().connection, {
      app: door.app,
      secretBox: door.parts.secretBox,
      timings: QUICK,
    });
  const recovered = async (task: Task): Promise<Task> => {
    const worker = await survivor();
    const ended = await worker.ended(task);
    await worker.engine.stop(2_000);
    expect(ledgerBalances(await door.engine.report(task))).to.equal(true);
    return ended;
  };
  const accept = (ifUnsure: IfUnsure) =>
    door.accept({ audience: { devices: [device.toHexString()] }, ifUnsure });

  it('is sent by a survivor when nothing had left yet', async () => {
    const task = await accept('leave');
    await orphanBatch(task, 'claimed');
    await recovered(task);
    expect(await door.rows(task)).to.deep.equal([
      { device: device.toHexString(), state: 'accepted' },
    ]);
  });

  it('ends as unknown when it may have left and the task says leave', async () => {
    const task = await accept('leave');
    await orphanBatch(task, 'sending');
    await recovered(task);
    expect(await door.rows(task)).to.deep.equal([
      { device: device.toHexString(), state: 'unknown', reason: 'worker-died' },
    ]);
  });

  it('is sent again when it may have left and the task says resend', async () => {
    const task = await accept('resend');
    await orphanBatch(task, 'sending');
    await recovered(task);
    expect(await door.rows(task)).to.deep.equal([
      { device: device.toHexString(), state: 'accepted' },
    ]);
    const [batch] = await batches(door.parts.db).find({ task: task._id }).toArray();
    expect(batch).to.include({ maybe: true, state: 'done' });
  });

  it('is planned on from where the planner stopped, nobody missed or doubled', async () => {
    await door.addDevice('sandbox-accept-2');
    const task = await door.accept({ audience: { all: true } });
    await tasks(door.parts.db).updateOne(
      { _id: task._id },
      { $set: { state: 'planning', owner: 'dead', fence: 1, beat: 7 } },
    );
    await recovered(task);
    expect(await door.rows(task)).to.have.length(2);
    expect((await door.engine.report(task)).states).to.include({ accepted: 2 });
  });

  it('is tried again by a survivor when the time has come', async () => {
    const busy = await door.addDevice('sandbox-busy1-1');
    const first = await survivor();
    const task = await first.accept({ audience: { devices: [busy.toHexString()] } });
    await until('it was tried once', async () => {
      const open = await batches(door.parts.db).findOne({ task: task._id, state: 'due' });
      return open?.attempt === 2;
    });
    // Its timer dies with it.
    await first.engine.stop(2_000);
    await database()
      .connection.collection('devices')
      .updateOne({ _id: busy }, { $set: { token: 'sandbox-accept-by-now' } });
    await recovered(task);
    expect(await door.rows(task)).to.deep.equal([
      { device: busy.toHexString(), state: 'accepted' },
    ]);
  });

  it('is started by a survivor when it was scheduled', async () => {
    const task = await door.accept({
      audience: { devices: [device.toHexString()] },
      schedule: { at: new Date(Date.now() + 3_000) },
    });
    expect(task.state).to.equal('scheduled');
    await recovered(task);
    expect(await door.rows(task)).to.deep.equal([
      { device: device.toHexString(), state: 'accepted' },
    ]);
  });

  it('stays with a worker that is slow but alive', async () => {
    const slow = await door.addDevice('sandbox-slow-1');
    // Without beats, its batch would be taken over before it has an answer.
    await door.addProfile('sandbox', { slowMs: LEASE_MS + 1_500 }, 'slow');
    await database()
      .connection.collection('devices')
      .updateOne({ _id: slow }, { $set: { profile: 'slow' } });
    const first = await survivor();
    const second = await survivor();
    const task = await first.accept({
      audience: { devices: [slow.toHexString()] },
      ifUnsure: 'leave',
    });
    await first.ended(task);
    await Promise.all([first.engine.stop(2_000), second.engine.stop(2_000)]);
    expect(await door.rows(task)).to.deep.equal([
      { device: slow.toHexString(), state: 'accepted' },
    ]);
  });

  it('is handed back when a worker is told to stop', async () => {
    const slow = await door.addDevice('sandbox-slow-2');
    await door.addProfile('sandbox', { slowMs: 20_000 }, 'slow');
    await database()
      .connection.collection('devices')
      .updateOne({ _id: slow }, { $set: { profile: 'slow' } });
    const worker = await survivor();
    const task = await worker.accept({ audience: { devices: [slow.toHexString()] } });
    await until(
      'it is being sent',
      async () =>
        (await batches(worker.parts.db).countDocuments({ task: task._id, state: 'sending' })) === 1,
    );
    // It aborts what is on its way when half of that is over.
    await worker.engine.stop(2_000);
    const open = () => batches(door.parts.db).find({ task: task._id, state: 'due' }).toArray();
    await until('it is due again', async () => (await open()).length > 0);
    expect(await door.engine.report(task)).to.deep.include({ targeted: 1, pending: 1 });
    const [batch, ...others] = await open();
    expect(others).to.deep.equal([]);
    expect(batch).to.include({ maybe: true });
  });
});
