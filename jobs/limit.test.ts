import { expect } from 'chai';
import type { Types } from 'mongoose';
import { mongo } from 'mongoose';
import { appModel } from '../models/app.js';
import { newAppSecrets } from '../models/app-secrets.js';
import type { Device } from '../models/device.js';
import { tasks } from '../models/lease.js';
import { readLedger } from '../models/ledger.js';
import type { Task } from '../models/task.js';
import { acceptedTask, jobContext, someIds } from '../test/support/job-context.js';
import { testDatabase } from '../test/support/mongo.js';
import type { JobContext } from './context.js';
import { orderBy } from './order.js';
import { planAccepted, STRETCH } from './plan.js';

const DEVICES = STRETCH + 3_000;
const going = { planned: () => {}, stopping: () => false };

describe('A part of an audience', function () {
  this.timeout(60_000);
  const database = testDatabase();
  const known = someIds(DEVICES);
  let jobs: JobContext;

  const register = async (ids: readonly Types.ObjectId[]): Promise<void> => {
    const now = new Date();
    const devices = ids.map(
      (_id): Device => ({
        ...{ _id, app: 'shop', vendor: 'sandbox', profile: 'default', tags: ['vip'] },
        token: `sandbox-accept-${_id.toHexString()}`,
        tokenKey: Buffer.from(_id.toHexString()),
        consent: { push: 'granted', purposes: {} },
        ...{ state: 'active', registeredAt: now, createdAt: now, updatedAt: now },
      }),
    );
    await jobs.parts.db.collection<Device>('devices').insertMany(devices);
  };

  before('register more devices than a stretch has', async () => {
    jobs = await jobContext(database().connection);
    await appModel(database().connection).create({
      _id: 'shop',
      name: 'shop',
      ...newAppSecrets(jobs.parts.secretBox, 'shop').sealed,
      allowRawTokens: false,
      retentionDays: 90,
      createdAt: new Date(),
    });
    await register(known);
  });

  const accepted = (change: Partial<Task>): Promise<Task> =>
    acceptedTask(jobs, { salt: 'autumn', ...change });
  const taskNow = ({ _id }: Task) => tasks(jobs.parts.db).findOne({ _id });
  const targeted = async ({ _id }: Task): Promise<number> =>
    (await readLedger(jobs.parts.db, _id)).targeted;
  /** No vendor is set up, so that all who are targeted have a row. */
  const rowsOf = async (task: Task): Promise<string[]> => {
    const { deliveriesIn } = (await taskNow(task)) ?? task;
    const rows = await jobs.parts.db
      .collection<{ _id: mongo.Binary; d: Types.ObjectId }>(deliveriesIn)
      .find({
        _id: {
          $gte: new mongo.Binary(Buffer.concat([task._id.id, Buffer.alloc(12)])),
          $lte: new mongo.Binary(Buffer.concat([task._id.id, Buffer.alloc(12, 255)])),
        },
      })
      .toArray();
    return rows.map(({ d }) => d.toHexString());
  };
  const planned = async (change: Partial<Task>): Promise<string[]> => {
    const task = await accepted(change);
    await planAccepted(jobs, going);
    expect(await taskNow(task)).to.include({ planned: true });
    const rows = await rowsOf(task);
    expect(await targeted(task)).to.equal(rows.length);
    return rows;
  };
  const firstOf = (ids: readonly Types.ObjectId[], count: number, salt = 'autumn'): string[] =>
    [...ids]
      .sort((left, right) => orderBy(salt)(left) - orderBy(salt)(right))
      .slice(0, count)
      .map((id) => id.toHexString());

  it('is as large as the sample says, and the same for the same salt', async () => {
    const ten = await planned({ sample: 10 });
    expect(ten).to.have.lengthOf.within(DEVICES * 0.08, DEVICES * 0.12);
    expect(
      await planned({ sample: 10, audienceKind: 'tags', tagExpression: 'vip' }),
    ).to.have.members(ten);
    expect(await planned({ sample: 30 })).to.include.members(ten);
    const other = await planned({ sample: 10, salt: 'winter' });
    const both = other.filter((id) => ten.includes(id)).length;
    expect(both).to.be.within(DEVICES * 0.002, DEVICES * 0.02);
    expect(await planned({ sample: 100 })).to.have.lengthOf(DEVICES);
  });

  it('has the first in the order of the salt, not the oldest, up to the limit', async () => {
    for (const limit of [1, 700, STRETCH + 10]) {
      expect(await planned({ limit })).to.have.members(firstOf(known, limit));
    }
    const few = await planned({ limit: 50 });
    expect(few).not.to.have.members(known.slice(0, 50).map((id) => id.toHexString()));
    expect(await planned({ limit: 50, sample: 10 })).to.have.members(few);
    expect(await planned({ limit: 50, salt: 'winter' })).to.have.members(
      firstOf(known, 50, 'winter'),
    );
    expect(await planned({ limit: DEVICES + 1 })).to.have.lengthOf(DEVICES);
  });

  it('is not exceeded when its planner dies in the middle and others register meanwhile', async () => {
    const limit = STRETCH + 1_000;
    const task = await accepted({ limit });
    let stretches = 0;
    const dying: JobContext = {
      ...jobs,
      secrets: async (app) => {
        if (stretches > 0) throw new Error('It dies here');
        return jobs.secrets(app);
      },
    };
    const planner = {
      planned: () => {
        stretches += 1;
      },
      stopping: () => false,
    };
    await planAccepted(dying, planner);
    const left = await taskNow(task);
    expect(left).to.include({ state: 'planning', planCount: STRETCH });
    expect(await targeted(task)).to.equal(STRETCH);

    // Behind the cursor, and each of them within what the limit lets in.
    const newcomers = someIds(4_000).filter(
      (id) => orderBy('autumn')(id) <= (left?.limitOrder ?? 0),
    );
    expect(newcomers).to.have.lengthOf.above(1_000);
    await register(newcomers);
    await tasks(jobs.parts.db).updateOne(
      { _id: task._id },
      { $set: { state: 'accepted' }, $inc: { fence: 1 }, $unset: { owner: '' } },
    );
    await planAccepted(jobs, going);
    expect(await taskNow(task)).to.include({ planned: true, limitOrder: left?.limitOrder });
    const rows = await rowsOf(task);
    expect(rows).to.have.lengthOf(limit);
    expect(new Set(rows).size).to.equal(limit);
    expect(await targeted(task)).to.equal(limit);
    await jobs.parts.db.collection<Device>('devices').deleteMany({ _id: { $in: newcomers } });
  });

  it('is handed back when it is told to stop while it looks for whom the limit lets in', async () => {
    const task = await accepted({ limit: 10 });
    await planAccepted(jobs, { planned: () => {}, stopping: stopAfter(1) });
    expect(await taskNow(task)).to.include({ state: 'accepted', planned: false });
    expect(await taskNow(task)).not.to.have.property('limitOrder');
    expect(await targeted(task)).to.equal(0);
    await planAccepted(jobs, going);
    expect(await rowsOf(task)).to.have.members(firstOf(known, 10));
  });
});

/** Not when asked whether to begin, but from then on. */
const stopAfter = (asked: number) => () => {
  asked -= 1;
  return asked < 0;
};
