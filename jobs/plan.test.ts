import { expect } from 'chai';
import { appModel } from '../models/app.js';
import { newAppSecrets } from '../models/app-secrets.js';
import { ensureDeliveries } from '../models/delivery.js';
import type { Device } from '../models/device.js';
import { tasks } from '../models/lease.js';
import { readLedger } from '../models/ledger.js';
import { jobContext, someIds, someTask } from '../test/support/job-context.js';
import { testDatabase } from '../test/support/mongo.js';
import { planAccepted, STRETCH } from './plan.js';

describe('a planner that is told to stop', () => {
  const database = testDatabase();

  it('hands the task back behind the stretch it is at, and nobody is missed or doubled', async () => {
    const jobs = await jobContext(database().connection);
    const { db, secretBox } = jobs.parts;
    const now = new Date();
    await appModel(database().connection).create({
      _id: 'shop',
      name: 'shop',
      ...newAppSecrets(secretBox, 'shop').sealed,
      allowRawTokens: false,
      retentionDays: 90,
      createdAt: now,
    });
    const devices = someIds(STRETCH + 1).map((_id): Device => {
      const token = `sandbox-accept-${_id.toHexString()}`;
      return {
        _id,
        app: 'shop',
        vendor: 'sandbox',
        profile: 'default',
        token,
        tokenKey: Buffer.from(_id.toHexString()),
        tags: [],
        consent: { push: 'granted', purposes: {} },
        state: 'active',
        registeredAt: now,
        createdAt: now,
        updatedAt: now,
      };
    });
    await db.collection<Device>('devices').insertMany(devices);
    const task = someTask({
      state: 'accepted',
      audienceKind: 'all',
      planned: false,
      planSequence: 0,
    });
    await ensureDeliveries(db, task.deliveriesIn);
    await tasks(db).insertOne(task);

    let stopping = false;
    const stop = (): void => {
      stopping = true;
    };
    await planAccepted(jobs, { planned: stop, stopping: () => stopping });
    const handedBack = await tasks(db).findOne({ _id: task._id });
    expect(handedBack).to.include({ state: 'accepted', planned: false });
    expect(handedBack).not.to.have.property('owner');
    expect((await readLedger(db, task._id)).targeted).to.equal(STRETCH);
    await planAccepted(jobs, { planned: () => {}, stopping: () => true });
    expect((await readLedger(db, task._id)).targeted).to.equal(STRETCH);

    await planAccepted(jobs, { planned: () => {}, stopping: () => false });
    expect((await readLedger(db, task._id)).targeted).to.equal(STRETCH + 1);
    expect(await tasks(db).findOne({ _id: task._id })).to.include({ planned: true });
  });
});
