import { expect } from 'chai';
import type { Types } from 'mongoose';
import { ledgerBalances } from '../models/ledger.js';
import type { Task } from '../models/task.js';
import { type EngineTest, engineTest } from '../test/support/engine.js';
import { testDatabase } from '../test/support/mongo.js';
import { until } from '../test/support/until.js';
import { TaskStateConflict } from './engine.js';

const HOUR_MS = 3_600_000;

describe('pause, resume and cancel', function () {
  // A machine may be busy with other things.
  this.timeout(60_000);
  // Named before the hook that drops the database, so that it runs before it.
  after(() => test.engine.stop(2_000));
  const database = testDatabase();
  let test: EngineTest;
  let busy: Types.ObjectId;
  let skippedMs = 0;
  /** Its clock stands still, so that nothing is tried again. */
  let standsAtMs: number | undefined;
  afterEach(() => {
    skippedMs = 0;
    standsAtMs = undefined;
  });

  const control = (task: Task, verb: 'pause' | 'resume' | 'cancel') =>
    test.engine.control(test.app._id, task._id, verb);
  const toBusy = () => test.accept({ audience: { devices: [busy.toHexString()] } });
  const firstTryOver = (task: Task) =>
    until('the device was tried once', async () => {
      for await (const row of test.engine.deliveries(task, { state: 'pending' })) {
        if (row.reason === 'busy') return true;
      }
      return false;
    });

  before(async () => {
    test = await engineTest(database().connection, {
      now: () => (standsAtMs ?? Date.now()) + skippedMs,
    });
    await test.addProfile('sandbox', { slowMs: 30_000 });
    busy = await test.addDevice('sandbox-busy-1');
  });

  it('ends what is open of a cancelled task as cancelled', async () => {
    const task = await toBusy();
    await firstTryOver(task);
    expect(await control(task, 'cancel')).to.include({ state: 'cancelled' });
    await test.ended(task);
    expect(await test.rows(task)).to.deep.equal([
      { device: busy.toHexString(), state: 'cancelled', reason: 'task-cancelled' },
    ]);
  });

  it('does not deny a push that may have arrived when its task is cancelled', async () => {
    const unsure = await test.addDevice('sandbox-unsure-1');
    const task = await test.accept({ audience: { devices: [unsure.toHexString()] } });
    await until('the answer was unsure', async () => {
      for await (const row of test.engine.deliveries(task, { state: 'pending' })) {
        if (row.reason === 'unsure') return true;
      }
      return false;
    });
    await control(task, 'cancel');
    await test.ended(task);
    expect(await test.rows(task)).to.deep.include.members([
      { device: unsure.toHexString(), state: 'unknown', reason: 'task-cancelled' },
    ]);
  });

  it('ends a device whose push may have arrived as unknown when the task says leave', async () => {
    const unsure = await test.addDevice('sandbox-unsure-2');
    const task = await test.accept({
      audience: { devices: [unsure.toHexString()] },
      ifUnsure: 'leave',
    });
    await test.ended(task);
    expect(await test.rows(task)).to.deep.equal([
      { device: unsure.toHexString(), state: 'unknown', reason: 'unsure' },
    ]);
  });

  it('sends nothing of a paused task, and the rest of it when it goes on', async () => {
    standsAtMs = Date.now();
    const device = await test.addDevice('sandbox-busy1-paused');
    const task = await test.accept({ audience: { devices: [device.toHexString()] } });
    await firstTryOver(task);
    expect(await control(task, 'pause')).to.include({ state: 'paused' });
    await until(
      'its batch is held',
      async () =>
        (await test.parts.db
          .collection('batches')
          .countDocuments({ task: task._id, state: 'held' })) === 1,
    );
    expect(await test.engine.report(task)).to.deep.include({ targeted: 1, pending: 1 });
    standsAtMs = undefined;
    expect(await control(task, 'resume')).to.include({ state: 'sending' });
    await test.ended(task);
    expect(await test.rows(task)).to.deep.equal([
      { device: device.toHexString(), state: 'accepted' },
    ]);
  });

  it('stops a push that is on its way when its task is cancelled', async () => {
    const slow = await test.addDevice('sandbox-slow-1');
    const task = await test.accept({ audience: { devices: [slow.toHexString()] } });
    await until(
      'it is being sent',
      async () =>
        (await test.parts.db
          .collection('batches')
          .countDocuments({ task: task._id, state: 'sending' })) === 1,
    );
    await control(task, 'cancel');
    await test.ended(task);
    expect((await test.engine.report(task)).states).to.include({ unknown: 1, accepted: 0 });
  });

  it('never plans a scheduled task that was cancelled', async () => {
    const device = await test.addDevice('sandbox-accept-scheduled');
    const at = new Date(Date.now() + HOUR_MS);
    const audience = { devices: [device.toHexString()] };
    const task = await test.accept({ audience, schedule: { at } });
    expect(task).to.include({ state: 'scheduled' });
    await control(task, 'cancel');
    await test.ended(task);
    expect(await test.engine.report(task)).to.deep.include({ targeted: 0, pending: 0 });
    expect(await test.parts.db.collection('audiences').countDocuments({ _id: task._id })).to.equal(
      0,
    );
  });

  it('sends a scheduled task when its time has come', async () => {
    const device = await test.addDevice('sandbox-accept-soon');
    const at = new Date(Date.now() + 300);
    const task = await test.accept({
      audience: { devices: [device.toHexString()] },
      schedule: { at },
    });
    const ended = await test.ended(task);
    expect(ended.startedAt).to.be.at.least(at);
    expect(await test.rows(task)).to.deep.equal([
      { device: device.toHexString(), state: 'accepted' },
    ]);
  });

  it('ends what is still open when a task expires', async () => {
    const task = await test.accept({
      audience: { devices: [busy.toHexString()] },
      expiresAt: new Date(Date.now() + HOUR_MS),
    });
    await firstTryOver(task);
    skippedMs = HOUR_MS;
    await test.ended(task);
    expect(await test.rows(task)).to.deep.equal([
      { device: busy.toHexString(), state: 'expired', reason: 'busy' },
    ]);
    expect(ledgerBalances(await test.engine.report(task))).to.equal(true);
  });

  it('lets a paused task expire', async () => {
    const task = await test.accept({
      audience: { devices: [busy.toHexString()] },
      expiresAt: new Date(Date.now() + HOUR_MS),
    });
    await control(task, 'pause');
    skippedMs = HOUR_MS;
    await until('nothing is pending', async () => (await test.engine.report(task)).pending === 0);
    expect((await test.engine.report(task)).states).to.include({ expired: 1 });
  });

  it('does not begin a recall before the task that it recalls has ended, though paused and resumed', async () => {
    const task = await toBusy();
    await firstTryOver(task);
    const { db } = test.parts;
    // Nobody sends it and nobody ends it: its worker seems to be at it.
    const openOnes = { task: task._id, state: { $ne: 'done' } };
    await db.collection('batches').updateMany(openOnes, { $set: { state: 'claimed' } });
    const recall = await test.engine.recall({ app: test.app, by: 'test', task: task._id });
    if (recall == null) throw new Error('No recall');
    expect(recall).to.include({ state: 'scheduled' });
    expect(await control(recall, 'pause')).to.include({ state: 'paused' });
    expect(await control(recall, 'resume')).to.include({ state: 'scheduled' });
    await db.collection('batches').updateMany(openOnes, { $set: { state: 'due' } });
    await test.ended(task);
    await test.ended(recall);
    expect(await test.engine.report(recall)).to.include({ targeted: 0 });
  });

  it('refuses to resume a task that is done', async () => {
    const device = await test.addDevice('sandbox-accept-done');
    const task = await test.accept({ audience: { devices: [device.toHexString()] } });
    await test.ended(task);
    const refused = await control(task, 'resume').then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(refused).to.be.instanceOf(TaskStateConflict);
    expect(refused).to.include({ state: 'done', verb: 'resume' });
  });

  it('knows no task of another app', async () => {
    const task = await toBusy();
    expect(await test.engine.control('other', task._id, 'cancel')).to.equal(null);
    expect((await test.taskNow(task)).state).to.equal('sending');
    await control(task, 'cancel');
  });
});
