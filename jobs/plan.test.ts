import { expect } from 'chai';
import { mongo } from 'mongoose';
import { appModel } from '../models/app.js';
import { newAppSecrets } from '../models/app-secrets.js';
import type { Device } from '../models/device.js';
import { EXPANDED_LIMITS } from '../models/expression/expression.js';
import { tasks } from '../models/lease.js';
import { readLedger } from '../models/ledger.js';
import type { Task } from '../models/task.js';
import { acceptedTask, jobContext, someIds } from '../test/support/job-context.js';
import { testDatabase } from '../test/support/mongo.js';
import type { JobContext } from './context.js';
import { control } from './control.js';
import { planAccepted, STRETCH } from './plan.js';
import { LARGE_PIECE } from './priority.js';

describe('a planner', function () {
  this.timeout(60_000);
  const database = testDatabase();
  let jobs: JobContext;

  before('register more devices than a stretch has', async () => {
    jobs = await jobContext(database().connection);
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
  });

  const accepted = (change: Partial<Task> = {}): Promise<Task> => acceptedTask(jobs, change);
  const taskNow = ({ _id }: Task) => tasks(jobs.parts.db).findOne({ _id });
  const targeted = async ({ _id }: Task): Promise<number> =>
    (await readLedger(jobs.parts.db, _id)).targeted;
  const going = { planned: () => {}, stopping: () => false };

  it('that is told to stop hands the task back behind its stretch, and nobody is missed or doubled', async () => {
    const task = await accepted();
    let stopping = false;
    const stop = (): void => {
      stopping = true;
    };
    await planAccepted(jobs, { planned: stop, stopping: () => stopping });
    const handedBack = await taskNow(task);
    expect(handedBack).to.include({ state: 'accepted', planned: false });
    expect(handedBack).not.to.have.property('owner');
    expect(await targeted(task)).to.equal(STRETCH);
    await planAccepted(jobs, { planned: () => {}, stopping: () => true });
    expect(await targeted(task)).to.equal(STRETCH);

    await planAccepted(jobs, going);
    expect(await targeted(task)).to.equal(STRETCH + 1);
    expect(await taskNow(task)).to.include({ planned: true });
  });

  it('gives way before it reads, cuts and writes', async () => {
    const task = await accepted();
    const seen: number[] = [];
    const giveWay = async (): Promise<void> => void seen.push(await targeted(task));
    const priority = { ...jobs.priority, giveWay, pieceDevices: LARGE_PIECE };
    await planAccepted({ ...jobs, priority }, going);
    // Before each piece of a stretch is decoded, before it is cut, and before it is written. The next is read meanwhile.
    const first = Array.from({ length: STRETCH / LARGE_PIECE + 2 }, () => 0);
    expect(seen.slice(0, first.length)).to.deep.equal(first);
    expect(seen[first.length]).to.be.oneOf([0, STRETCH]);
    expect(seen.slice(first.length + 1)).to.deep.equal([STRETCH, STRETCH]);
    expect(await targeted(task)).to.equal(STRETCH + 1);
  });

  /** Plans one stretch, and tells the task something while the next one is being cut. */
  const tellWhilePlanning = async (task: Task, verb: 'pause' | 'cancel'): Promise<void> => {
    let stretches = 0;
    const told: JobContext = {
      ...jobs,
      secrets: async (app) => {
        if (stretches > 0) await control(jobs, 'shop', task._id, verb);
        return jobs.secrets(app);
      },
    };
    await planAccepted(told, {
      planned: () => {
        stretches += 1;
      },
      stopping: () => false,
    });
    expect(stretches).to.equal(1);
  };

  it('stops when its task is cancelled, and what was planned by then is what is targeted', async () => {
    const task = await accepted();
    await tellWhilePlanning(task, 'cancel');
    expect(await taskNow(task)).to.include({ state: 'cancelled', planned: false });
    expect(await targeted(task)).to.equal(STRETCH);
    await planAccepted(jobs, going);
    expect(await targeted(task)).to.equal(STRETCH);
    // No vendor is set up, so all of what was planned is suppressed, and nothing is left to be waited for.
    expect(await taskNow(task))
      .to.have.property('endedAt')
      .that.is.a('date');
  });

  it('stops when its task is paused, and the one that goes on misses and doubles nobody', async () => {
    const task = await accepted();
    await tellWhilePlanning(task, 'pause');
    expect(await taskNow(task)).to.include({ state: 'paused', planned: false });
    await planAccepted(jobs, going);
    expect(await targeted(task)).to.equal(STRETCH);
    await control(jobs, 'shop', task._id, 'resume');
    expect(await taskNow(task)).to.include({ state: 'accepted' });
    await planAccepted(jobs, going);
    expect(await targeted(task)).to.equal(STRETCH + 1);
    expect(await taskNow(task)).to.include({ planned: true });
  });

  it('keeps what expressions name no longer than the plan needs it', async () => {
    const named = {
      audienceKind: 'where',
      whereExpression: 'account = eve | vip',
      exclude: { where: 'account = adam' },
    } as const;
    const planned = await accepted(named);
    await planAccepted(jobs, going);
    const cancelled = await accepted(named);
    await control(jobs, 'shop', cancelled._id, 'cancel');
    const failed = await accepted({ ...named, whereExpression: 'account = eve &' });
    await planAccepted(jobs, going);
    for (const [task, state] of [
      [planned, 'done'],
      [cancelled, 'cancelled'],
      [failed, 'failed'],
    ] as const) {
      const stored = await taskNow(task);
      expect(stored).to.include({ state });
      expect(JSON.stringify(stored)).not.to.match(/account =/);
    }
  });

  /** Plans a task whose audience cannot be opened for this reason. */
  const planDespite = async (error: Error): Promise<Task | null> => {
    const task = await accepted();
    await planAccepted({ ...jobs, secrets: () => Promise.reject(error) }, going);
    return taskNow(task);
  };
  const refusal = (code: number) => new mongo.MongoServerError({ message: 'No', code });

  it('fails a task whose query the database will always refuse', async () => {
    for (const code of [9, 15, 168, 10_334]) {
      const task = await planDespite(refusal(code));
      expect(task, String(code)).to.include({ state: 'failed' });
      expect(task).to.have.property('endedAt').that.is.a('date');
      expect(task?.failure).to.include('MongoDB refuses');
    }
    const { depth } = EXPANDED_LIMITS;
    const whereExpression = `${'('.repeat(depth + 1)}vip${')'.repeat(depth + 1)}`;
    const deeper = await accepted({ audienceKind: 'where', whereExpression });
    await planAccepted(jobs, going);
    expect(await taskNow(deeper)).to.include({ state: 'failed' });
  });

  it('leaves a task to be tried again after anything that may pass', async () => {
    const conflict = refusal(15);
    conflict.addErrorLabel('TransientTransactionError');
    const missingIndex = refusal(2);
    const others = [new mongo.MongoNetworkError('gone'), new TypeError('a mistake'), refusal(112)];
    for (const error of [conflict, missingIndex, ...others]) {
      expect(await planDespite(error), error.message).to.include({ state: 'planning' });
    }
  });
});
