import { expect } from 'chai';
import { Types } from 'mongoose';
import { type Batch, batches } from '../models/batch.js';
import { dbOf } from '../models/database.js';
import { type Delivery, deliveries, deliveryId } from '../models/delivery.js';
import { tasks } from '../models/lease.js';
import type { Task } from '../models/task.js';
import { commandsOf } from '../test/support/commands.js';
import {
  jobContext,
  SOME_DELIVERIES,
  someBatch,
  someIds,
  someTask,
} from '../test/support/job-context.js';
import { testDatabase } from '../test/support/mongo.js';
import { createPriority, SMALL_PIECE } from './priority.js';
import { type BatchReport, createWrites, type Writes } from './writes.js';

describe('group commits', () => {
  const database = testDatabase();
  const db = () => dbOf(database().connection);
  let writes: Writes;

  before(async () => {
    await jobContext(database().connection);
    writes = createWrites(database().connection, createPriority(Date.now));
  });

  /** A task of one device whose batch is being sent, written. */
  const sending = async (change: Partial<Batch> = {}): Promise<{ task: Task; batch: Batch }> => {
    const task = someTask();
    const batch = someBatch(task, { state: 'sending', fence: 1, sole: true, ...change });
    await writes.plan({ task, cut: { batches: [batch], rows: [] } });
    return { task, batch };
  };
  const reportOf = (batch: Batch, change: Partial<BatchReport> = {}): BatchReport => {
    const device = new Types.ObjectId(Buffer.from(batch.devices?.buffer ?? []).subarray(0, 12));
    const row: Delivery = {
      _id: deliveryId(batch.task.id, device.id),
      d: device,
      s: 'accepted',
      v: batch.vendor,
      p: batch.profile,
      n: 1,
      t: new Date(),
    };
    return {
      batch,
      deliveriesIn: SOME_DELIVERIES,
      counts: { accepted: 1 },
      movedOn: 0,
      doneAt: new Date(),
      rows: [row],
      followUps: [],
      ...change,
    };
  };
  const stateOf = async (task: Task) => (await tasks(db()).findOne({ _id: task._id }))?.state;

  it('writes the plans of many tasks in one transaction', async () => {
    const commands = commandsOf(database().connection);
    const made = await Promise.all(Array.from({ length: 20 }, () => sending()));
    commands.stop();
    expect(commands.named('commitTransaction')).to.have.lengthOf(1);
    const ids = made.map(({ task }) => task._id);
    expect(await tasks(db()).countDocuments({ _id: { $in: ids } })).to.equal(20);
    expect(await batches(db()).countDocuments({ task: { $in: ids } })).to.equal(20);
  });

  it('gives way before many rows, and writes them in pieces of one transaction', async () => {
    const { batch } = await sending();
    let ways = 0;
    const giveWay = async (): Promise<void> => void (ways += 1);
    const polite = createWrites(database().connection, { giveWay, pieceDevices: SMALL_PIECE });
    const rows = someIds(2 * SMALL_PIECE + 1).map(
      (device): Delivery => ({
        ...reportOf(batch).rows[0]!,
        _id: deliveryId(batch.task.id, device.id),
        d: device,
      }),
    );
    const commands = commandsOf(database().connection);
    expect(await polite.report(reportOf(batch, { rows }))).to.include({ written: true });
    commands.stop();
    expect(ways).to.equal(1);
    expect(commands.named('insert')).to.have.lengthOf(3);
    expect(commands.named('commitTransaction')).to.have.lengthOf(1);
    const ids = rows.map(({ _id }) => _id);
    const written = deliveries(db(), SOME_DELIVERIES).countDocuments({ _id: { $in: ids } });
    expect(await written).to.equal(rows.length);
  });

  it('lets only the plan fail that cannot be written', async () => {
    const plans = [someTask(), someTask(), someTask()].map((task, index) => {
      const batch = someBatch(task);
      // Two batches of one number.
      return { task, cut: { batches: index === 1 ? [batch, batch] : [batch], rows: [] } };
    });
    const settled = await Promise.allSettled(plans.map((plan) => writes.plan(plan)));
    expect(settled.map(({ status }) => status)).to.deep.equal([
      'fulfilled',
      'rejected',
      'fulfilled',
    ]);
    const written = plans.map(({ task }) => batches(db()).countDocuments({ task: task._id }));
    expect(await Promise.all(written)).to.deep.equal([1, 0, 1]);
    const states = plans.map(({ task }) => stateOf(task));
    expect(await Promise.all(states)).to.deep.equal(['sending', undefined, 'sending']);
  });

  it('ends each task with the report of its only batch', async () => {
    const made = await Promise.all(Array.from({ length: 20 }, () => sending()));
    const commands = commandsOf(database().connection);
    const reported = await Promise.all(made.map(({ batch }) => writes.report(reportOf(batch))));
    commands.stop();
    expect(commands.named('commitTransaction')).to.have.lengthOf(1);
    expect(reported).to.deep.equal(made.map(() => ({ written: true, taskEnded: true })));
    for (const { task } of made) expect(await stateOf(task)).to.equal('done');
  });

  it('leaves a task open that goes on in a follow-up, or has other batches', async () => {
    const [goesOn, hasOthers] = await Promise.all([sending(), sending({})]);
    const { sole: _sole, ...oneOfMany } = hasOthers.batch;
    const followUps = [someBatch(goesOn.task, { sequence: 1, first: false })];
    const reported = await Promise.all([
      writes.report(reportOf(goesOn.batch, { counts: {}, rows: [], movedOn: 1, followUps })),
      writes.report(reportOf(oneOfMany)),
    ]);
    expect(reported.map(({ taskEnded }) => taskEnded)).to.deep.equal([false, false]);
    expect(await stateOf(goesOn.task)).to.equal('sending');
    expect(await stateOf(hasOthers.task)).to.equal('sending');
  });

  it('does not end a task that was paused meanwhile, but writes what became of its devices', async () => {
    const { task, batch } = await sending();
    await tasks(db()).updateOne({ _id: task._id }, { $set: { state: 'paused' } });
    expect(await writes.report(reportOf(batch))).to.deep.equal({ written: true, taskEnded: false });
    expect(await stateOf(task)).to.equal('paused');
  });

  it('writes nothing for the one whose lease is lost, and everything for the others', async () => {
    const made = await Promise.all(Array.from({ length: 5 }, () => sending()));
    const lost = made[2];
    if (lost == null) throw new Error('There are five');
    await batches(db()).updateOne({ _id: lost.batch._id }, { $inc: { fence: 1 } });
    const reported = await Promise.all(made.map(({ batch }) => writes.report(reportOf(batch))));
    expect(reported.map(({ written }) => written)).to.deep.equal([true, true, false, true, true]);
    const [id] = reportOf(lost.batch).rows.map((row) => row._id);
    expect(await deliveries(db(), SOME_DELIVERIES).findOne({ _id: id })).to.equal(null);
    expect(await stateOf(lost.task)).to.equal('sending');
  });
});
