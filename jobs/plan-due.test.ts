import { expect } from 'chai';
import { Types } from 'mongoose';
import { type Batch, batches, DEVICE_BYTES, unpack } from '../models/batch.js';
import type { Device } from '../models/device.js';
import { tasks } from '../models/lease.js';
import { readLedger } from '../models/ledger.js';
import type { Task } from '../models/task.js';
import { type EngineTest, engineTest } from '../test/support/engine.js';
import { acceptedTask, jobContext, someIds } from '../test/support/job-context.js';
import { testDatabase } from '../test/support/mongo.js';
import type { JobContext } from './context.js';
import { BATCH_SIZE } from './cut.js';
import { type Planner, planAccepted, STRETCH } from './plan.js';

const ZONES = ['Asia/Tokyo', 'Asia/Kolkata', 'Europe/Berlin', 'America/New_York'] as const;
const OF_EACH = 1_500;
const DEVICES = ZONES.length * OF_EACH;
const DUE = { localTime: '2026-12-24T18:00', late: 'skip', timeZone: 'UTC' } as const;
const DUE_AT: Record<string, string> = {
  'Asia/Tokyo': '2026-12-24T09:00:00.000Z',
  'Asia/Kolkata': '2026-12-24T12:30:00.000Z',
  'Europe/Berlin': '2026-12-24T17:00:00.000Z',
  'America/New_York': '2026-12-24T23:00:00.000Z',
};
const GOING: Planner = { planned: () => {}, stopping: () => false };

describe('a planner of devices that are due at many instants', function () {
  this.timeout(60_000);
  const database = testDatabase();
  let test: EngineTest;
  let jobs: JobContext;
  const zoneOf = new Map<string, string>();

  before('register more devices than a stretch has, whose zones take turns', async () => {
    expect(DEVICES).to.be.greaterThan(STRETCH);
    test = await engineTest(database().connection, { lanes: [] });
    await test.addProfile('sandbox');
    jobs = await jobContext(database().connection, { secretBox: test.parts.secretBox });
    const now = new Date();
    const devices = someIds(DEVICES).map((_id, index): Device => {
      const timeZone = ZONES[index % ZONES.length] ?? 'UTC';
      zoneOf.set(_id.toHexString(), timeZone);
      return {
        _id,
        app: test.app._id,
        vendor: 'sandbox',
        profile: 'default',
        token: `sandbox-accept-${_id.toHexString()}`,
        tokenKey: Buffer.from(_id.toHexString()),
        timeZone,
        tags: [],
        consent: { push: 'granted', purposes: {} },
        state: 'active',
        registeredAt: now,
        createdAt: now,
        updatedAt: now,
      };
    });
    await jobs.parts.db.collection<Device>('devices').insertMany(devices);
  });
  after(() => test.engine.stop(1_000));

  const accepted = (change: Partial<Task> = {}): Promise<Task> =>
    acceptedTask(jobs, {
      app: test.app._id,
      due: DUE,
      createdAt: new Date('2026-12-23T00:00:00Z'),
      ...change,
    });
  const planned = ({ _id }: Task): Promise<Batch[]> =>
    batches(jobs.parts.db).find({ task: _id }).toArray();
  const taskNow = ({ _id }: Task) => tasks(jobs.parts.db).findOne({ _id });
  const devicesIn = (batch: Batch): string[] =>
    unpack(batch.devices, DEVICE_BYTES).map((id) => id.toString('hex'));
  /** Each device in one batch, which is due when the device is. */
  const expectAll = async (task: Task): Promise<void> => {
    const found = await planned(task);
    const all = found.flatMap(devicesIn);
    expect(all).to.have.lengthOf(DEVICES);
    expect(new Set(all).size).to.equal(DEVICES);
    for (const batch of found) {
      const zones = new Set(devicesIn(batch).map((id) => zoneOf.get(id)));
      expect([...zones].map((zone) => DUE_AT[zone ?? ''])).to.deep.equal([
        batch.dueAt?.toISOString(),
      ]);
    }
    expect((await readLedger(jobs.parts.db, task._id)).targeted).to.equal(DEVICES);
  };

  it('gathers stretches, so that their batches are as large as any others', async () => {
    const task = await accepted();
    await planAccepted(jobs, GOING);
    await expectAll(task);
    const sizes = (await planned(task)).map(({ size }) => size).sort((one, other) => one - other);
    const rest = OF_EACH - BATCH_SIZE;
    expect(sizes).to.deep.equal([...ZONES.map(() => rest), ...ZONES.map(() => BATCH_SIZE)]);
    expect(await taskNow(task)).to.deep.include({
      planned: true,
      firstDueAt: new Date(DUE_AT['Asia/Tokyo'] ?? ''),
      lastDueAt: new Date(DUE_AT['America/New_York'] ?? ''),
    });
  });

  it('writes what it has gathered when it is told to stop, and nobody is missed or doubled', async () => {
    const task = await accepted();
    await planAccepted(jobs, { ...GOING, stopping: () => true });
    // It is not even begun by one that stops.
    expect(await planned(task)).to.deep.equal([]);
    let asked = 0;
    await planAccepted(jobs, { ...GOING, stopping: () => (asked += 1) > 1 });
    const half = await readLedger(jobs.parts.db, task._id);
    expect(half.targeted).to.equal(STRETCH);
    await planAccepted(jobs, GOING);
    await expectAll(task);
  });

  it('that dies before it has written anything is succeeded by one that plans all anew', async () => {
    const task = await accepted();
    let turns = 0;
    const giveWay = async (): Promise<void> => {
      turns += 1;
      // While the second stretch is cut.
      if (turns > STRETCH / jobs.priority.pieceDevices + 3) throw new Error('killed');
    };
    const dying: JobContext = { ...jobs, priority: { ...jobs.priority, giveWay } };
    await planAccepted(dying, GOING);
    expect(await taskNow(task)).to.include({ state: 'planning', planned: false });
    expect(await planned(task)).to.deep.equal([]);
    await tasks(jobs.parts.db).updateOne({ _id: task._id }, { $set: { state: 'accepted' } });
    await planAccepted(jobs, GOING);
    await expectAll(task);
  });

  it('counts the devices of a limit over all that is gathered', async () => {
    const limit = STRETCH + 100;
    const task = await accepted({ limit, salt: 'winter' });
    await planAccepted(jobs, GOING);
    const ids = (await planned(task)).flatMap(devicesIn);
    expect(new Set(ids).size).to.equal(limit);
    expect(await taskNow(task)).to.include({ planned: true, planCount: limit });
  });

  it('leaves out whose time was over with a row, and tells the span of the others', async () => {
    const task = await accepted({ createdAt: new Date('2026-12-24T10:00:00Z') });
    await planAccepted(jobs, GOING);
    const { states, reasons, targeted } = await readLedger(jobs.parts.db, task._id);
    expect(targeted).to.equal(DEVICES);
    expect(states.suppressed).to.equal(OF_EACH);
    expect(reasons).to.deep.equal({ suppressed: { 'too-late': OF_EACH } });
    expect((await taskNow(task))?.firstDueAt?.toISOString()).to.equal(DUE_AT['Asia/Kolkata']);
  });

  it('finds minutes of a spread that do not change when it is planned again', async () => {
    const _id = new Types.ObjectId();
    const dueOf = async (): Promise<Map<string, string | undefined>> => {
      const task = await accepted({ _id, due: { timeZone: 'UTC', spreadMinutes: 7 } });
      await planAccepted(jobs, GOING);
      const found = await planned(task);
      await tasks(jobs.parts.db).deleteOne({ _id });
      await batches(jobs.parts.db).deleteMany({ task: _id });
      const entries = found.flatMap((batch) =>
        devicesIn(batch).map((id) => [id, batch.dueAt?.toISOString()] as const),
      );
      return new Map(entries.sort(([one], [other]) => (one < other ? -1 : 1)));
    };
    const first = await dueOf();
    expect(new Set(first.values()).size).to.equal(7);
    expect(await dueOf()).to.deep.equal(first);
  });
});
