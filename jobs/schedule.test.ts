import { expect } from 'chai';
import { Types } from 'mongoose';
import type { App } from '../models/app.js';
import { type Batch, batches, DEVICE_BYTES, unpack } from '../models/batch.js';
import { dbOf } from '../models/database.js';
import type { Device } from '../models/device.js';
import { tasks } from '../models/lease.js';
import { ledgerBalances } from '../models/ledger.js';
import type { QuietSettings } from '../models/quiet-hours.js';
import type { Task } from '../models/task.js';
import { type EngineTest, engineTest } from '../test/support/engine.js';
import { testDatabase } from '../test/support/mongo.js';
import { until } from '../test/support/until.js';
import type { TaskInput } from './engine.js';

/** A Thursday: 13:00 in Berlin, 07:00 in New York, 21:00 in Tokyo. */
const NOON = '2026-12-24T12:00:00.000Z';
const SIX = '2026-12-24T18:00';
const QUICK = { sweepMs: 100 };

describe('a schedule on the way of a push', () => {
  const database = testDatabase();
  let test: EngineTest;
  let nowMs: number;
  let made = 0;

  const at = (text: string): void => {
    nowMs = Date.parse(text);
  };
  const device = async (timeZone?: string, change: Partial<Device> = {}): Promise<string> => {
    made += 1;
    const zone = timeZone == null ? {} : { timeZone };
    const id = await test.addDevice(`sandbox-accept-schedule-${made}`, { ...zone, ...change });
    return id.toHexString();
  };
  const accept = (
    devices: string[],
    due: Partial<NonNullable<TaskInput['due']>>,
    change: Partial<TaskInput> = {},
  ): Promise<Task> =>
    test.accept({ audience: { devices }, due: { timeZone: 'UTC', ...due }, ...change });
  const open = (task: Task): Promise<Batch[]> =>
    batches(test.parts.db)
      .find({ task: task._id, state: { $ne: 'done' } }, { sort: { notBefore: 1 } })
      .toArray();
  const waiting = async (task: Task): Promise<Record<string, string[]>> =>
    Object.fromEntries(
      (await open(task)).map(({ notBefore, devices }) => [
        notBefore.toISOString(),
        unpack(devices, DEVICE_BYTES).map((id) => id.toString('hex')),
      ]),
    );
  const accepted = async (task: Task): Promise<number> =>
    (await test.engine.report(task)).states.accepted;
  const untilAccepted = (task: Task, count: number) =>
    until(`${count} have got it`, async () => (await accepted(task)) === count);
  /** What is due by now has been looked at. */
  const untilLooked = (task: Task) =>
    until('nothing is due', async () =>
      (await open(task)).every(({ notBefore, state }) => {
        return state === 'due' && notBefore.getTime() > nowMs;
      }),
    );
  const setApp = async (fields: Partial<App>): Promise<void> => {
    const apps = dbOf(database().connection).collection<App>('apps');
    await apps.updateOne({ _id: test.app._id }, { $set: fields });
    test.engine.appChanged(test.app._id);
  };
  const move = (id: string, timeZone: string) =>
    test.parts.db
      .collection<Device>('devices')
      .updateOne({ _id: new Types.ObjectId(id) }, { $set: { timeZone } });

  beforeEach(async () => {
    at(NOON);
    test = await engineTest(database().connection, { now: () => nowMs, timings: QUICK });
    await test.addProfile('sandbox');
  });
  afterEach(() => test.engine.stop(2_000));

  it('sends at the wall time of each device, and its time begins then', async () => {
    const [berlin, newYork, nowhere] = [
      await device('Europe/Berlin'),
      await device('America/New_York'),
      await device(),
    ];
    const task = await accept(
      [berlin, newYork, nowhere],
      { localTime: SIX, late: 'skip', timeZone: 'America/Chicago' },
      { ttlSeconds: 3_600 },
    );
    expect(await waiting(task)).to.deep.equal({
      '2026-12-24T17:00:00.000Z': [berlin],
      '2026-12-24T23:00:00.000Z': [newYork],
      '2026-12-25T00:00:00.000Z': [nowhere],
    });
    const ends = (await open(task)).map(({ expiresAt }) => expiresAt.toISOString());
    expect(ends[0]).to.equal('2026-12-24T18:00:00.000Z');
    expect(ends[2]).to.equal('2026-12-25T01:00:00.000Z');
    expect(await test.taskNow(task)).to.deep.include({
      firstDueAt: new Date('2026-12-24T17:00:00Z'),
      lastDueAt: new Date('2026-12-25T00:00:00Z'),
    });
    expect(await test.engine.report(task)).to.include({ targeted: 3, pending: 3 });
    at('2026-12-24T17:00:00Z');
    await untilAccepted(task, 1);
    at('2026-12-24T23:00:00Z');
    await untilAccepted(task, 2);
    at('2026-12-25T00:00:00Z');
    await test.ended(task);
    expect(await test.rows(task)).to.have.deep.members(
      [berlin, newYork, nowhere].map((id) => ({ device: id, state: 'accepted' })),
    );
  });

  it('leaves out whose wall time was over, sends at once, or waits for the next day', async () => {
    const tokyo = await device('Asia/Tokyo');
    const skipped = await accept([tokyo], { localTime: SIX, late: 'skip' });
    await test.ended(skipped);
    expect(await test.rows(skipped)).to.deep.equal([
      { device: tokyo, state: 'suppressed', reason: 'too-late' },
    ]);
    await test.ended(await accept([tokyo], { localTime: SIX, late: 'now' }));
    const next = await accept([tokyo], { localTime: SIX, late: 'next-day' });
    expect(await waiting(next)).to.deep.equal({ '2026-12-25T09:00:00.000Z': [tokyo] });
    at('2026-12-25T09:00:00Z');
    await test.ended(next);
    expect(await accepted(next)).to.equal(1);
  });

  it('is not planned before it comes in the first zone', async () => {
    const id = await device('Pacific/Kiritimati');
    const task = await accept([id], { localTime: '2026-12-30T18:00', late: 'skip' });
    expect(task).to.include({ state: 'scheduled' });
    expect(task.scheduledAt?.toISOString()).to.equal('2026-12-30T03:50:00.000Z');
    at('2026-12-30T03:50:00Z');
    await until('it is planned', async () => (await test.taskNow(task)).planned);
    expect(await waiting(task)).to.deep.equal({ '2026-12-30T04:00:00.000Z': [id] });
    at('2026-12-30T04:00:00Z');
    await test.ended(task);
  });

  it('goes by the zone that a device has when its batch is due', async () => {
    const [goesWest, goesEast] = [await device('Europe/Berlin'), await device('America/New_York')];
    const task = await accept(
      [goesWest, goesEast],
      { localTime: SIX, late: 'skip' },
      { ttlSeconds: 60 },
    );
    await move(goesWest, 'America/Los_Angeles');
    await move(goesEast, 'Europe/London');
    at('2026-12-24T17:00:00Z');
    await until('it is held', async () => {
      const [first] = await open(task);
      return first?.notBefore.getTime() !== nowMs;
    });
    expect(await waiting(task)).to.deep.equal({
      '2026-12-24T23:00:00.000Z': [goesEast],
      '2026-12-25T02:00:00.000Z': [goesWest],
    });
    const last = (await open(task)).at(-1);
    // All of its time is left, and it is no attempt.
    expect(last?.expiresAt.toISOString()).to.equal('2026-12-25T02:01:00.000Z');
    expect(last).to.include({ lastReason: 'not-due', attempt: 1, waits: 0 });
    at('2026-12-24T23:00:00Z');
    await untilAccepted(task, 1);
    at('2026-12-25T02:00:00Z');
    await test.ended(task);
    expect(await accepted(task)).to.equal(2);
  });

  it('keeps to its windows, also where something held it up until they were over', async () => {
    const windows = [{ days: ['mon' as const, 'thu' as const], from: '13:00', to: '14:00' }];
    const [open1, closed] = [await device('Europe/Berlin'), await device('America/New_York')];
    const task = await accept([open1, closed], { windows });
    await untilAccepted(task, 1);
    expect(await waiting(task)).to.deep.equal({ '2026-12-24T18:00:00.000Z': [closed] });
    // The gateway was away.
    at('2026-12-24T19:00:00Z');
    await untilLooked(task);
    const [held] = await open(task);
    expect(held).to.include({ lastReason: 'outside-window' });
    // The next one opens behind the day in which it is tried.
    expect(held?.notBefore.toISOString()).to.equal('2026-12-25T18:00:00.000Z');
    at('2026-12-25T18:00:00Z');
    await test.ended(task);
    expect(await test.rows(task)).to.deep.include({
      device: closed,
      state: 'expired',
      reason: 'outside-window',
    });
  });

  it('waits for the first instant that its windows and the quiet hours both allow', async () => {
    const quietHours: QuietSettings = {
      rules: [{ from: '20:00', to: '10:00', action: 'hold' }],
      timeZone: 'UTC',
    };
    await setApp({ quietHours });
    const windows = [
      { days: ['thu' as const], from: '21:00', to: '22:00' },
      { days: ['fri' as const], from: '08:00', to: '09:00' },
      { days: ['sat' as const], from: '09:00', to: '11:00' },
    ];
    const tokyo = await device('Asia/Tokyo');
    const own = await device('Asia/Tokyo', { quietHours: { from: '09:00', to: '10:30' } });
    const expiresAt = new Date('2026-12-30T00:00:00Z');
    const task = await accept([tokyo, own], { windows }, { expiresAt });
    await untilLooked(task);
    expect(await waiting(task)).to.deep.equal({
      '2026-12-26T01:00:00.000Z': [tokyo],
      '2026-12-26T01:30:00.000Z': [own],
    });
    at('2026-12-26T01:30:00Z');
    await test.ended(task);
    expect(await accepted(task)).to.equal(2);
  });

  it('is not looked for without end where nothing is ever allowed', async () => {
    const rule = { from: '08:00', to: '07:00', action: 'hold' as const };
    await setApp({ quietHours: { rules: [rule], timeZone: 'UTC' } });
    const id = await device('Asia/Tokyo');
    const windows = [{ from: '21:00', to: '22:00' }];
    const expiresAt = new Date('2026-12-25T12:00:00Z');
    const task = await accept([id], { windows }, { expiresAt });
    await untilLooked(task);
    expect(await waiting(task)).to.deep.equal({ [expiresAt.toISOString()]: [id] });
  });

  it('spreads devices over minutes that neither a pause nor a restart moves', async () => {
    const ids = await Promise.all(Array.from({ length: 40 }, () => device('Europe/Berlin')));
    const task = await accept(ids, { spreadMinutes: 10 });
    // Those of the first minute may be under way.
    await untilLooked(task);
    const planned = await waiting(task);
    const first = (await test.taskNow(task)).firstDueAt!;
    const isLater = ([text]: [string, unknown]) => Date.parse(text) > first.getTime();
    const laterOnes = Object.fromEntries(Object.entries(planned).filter(isLater));
    expect(Object.keys(laterOnes).length).to.be.within(5, 9);
    await test.engine.control(test.app._id, task._id, 'pause');
    expect((await open(task)).every(({ state }) => state === 'held')).to.equal(true);
    await test.engine.stop(2_000);
    test = await engineTest(database().connection, {
      app: test.app,
      secretBox: test.parts.secretBox,
      now: () => nowMs,
      timings: QUICK,
    });
    await test.engine.control(test.app._id, task._id, 'resume');
    await untilLooked(task);
    const left = Object.entries(await waiting(task)).filter(isLater);
    expect(Object.fromEntries(left)).to.deep.equal(laterOnes);
    at('2026-12-24T12:10:00Z');
    await test.ended(task);
    expect(await accepted(task)).to.equal(40);
  });

  it('is paused beyond its time and then sent at once, at another rate, while others still wait', async () => {
    const [berlin, newYork] = [await device('Europe/Berlin'), await device('America/New_York')];
    const task = await accept([berlin, newYork], { localTime: SIX, late: 'skip' });
    await test.engine.control(test.app._id, task._id, 'pause');
    at('2026-12-24T18:30:00Z');
    expect(await test.engine.setRate(test.app._id, task._id, 500)).to.include({ state: 'paused' });
    expect(await test.engine.report(task)).to.include({ targeted: 2, pending: 2 });
    await test.engine.control(test.app._id, task._id, 'resume');
    await untilAccepted(task, 1);
    expect(await waiting(task)).to.deep.equal({ '2026-12-24T23:00:00.000Z': [newYork] });
    at('2026-12-24T23:00:00Z');
    await test.ended(task);
    expect(await accepted(task)).to.equal(2);
  });

  it('that is cancelled half-way ends whoever has not got it, with exact books', async () => {
    const [berlin, newYork, tokyo] = [
      await device('Europe/Berlin'),
      await device('America/New_York'),
      await device('Asia/Tokyo'),
    ];
    const task = await accept([berlin, newYork, tokyo], { localTime: SIX, late: 'next-day' });
    at('2026-12-24T17:00:00Z');
    await untilAccepted(task, 1);
    await test.engine.control(test.app._id, task._id, 'cancel');
    await test.ended(task);
    const report = await test.engine.report(task);
    expect(report).to.include({ targeted: 3, pending: 0 });
    expect(report.states).to.include({ accepted: 1, cancelled: 2 });
    expect(ledgerBalances(report)).to.equal(true);
  });

  it('expires for each device in its own time', async () => {
    const [berlin, newYork] = [await device('Europe/Berlin'), await device('America/New_York')];
    const due = { localTime: SIX, late: 'skip' } as const;
    const task = await accept([berlin, newYork], due, { ttlSeconds: 600 });
    // Nobody sent anything in the evening of Berlin.
    at('2026-12-24T17:10:00Z');
    await until('one has expired', async () => (await test.rows(task)).length === 1);
    expect(await test.rows(task)).to.deep.equal([
      { device: berlin, state: 'expired', reason: 'not-sent-in-time' },
    ]);
    at('2026-12-24T23:09:59Z');
    await test.ended(task);
    expect(await accepted(task)).to.equal(1);
  });

  it('goes by the zone of the task for tokens that nobody registered', async () => {
    await setApp({ allowRawTokens: true });
    const app = await database().connection.collection<App>('apps').findOne({ _id: test.app._id });
    const other = await engineTest(database().connection, {
      app: app!,
      secretBox: test.parts.secretBox,
      now: () => nowMs,
      timings: QUICK,
    });
    const task = await other.accept({
      audience: { tokens: [{ token: 'sandbox-accept-raw', vendor: 'sandbox' }] },
      consentAsserted: true,
      due: { localTime: SIX, late: 'skip', timeZone: 'Europe/Berlin' },
    });
    expect(Object.keys(await waiting(task))).to.deep.equal(['2026-12-24T17:00:00.000Z']);
    at('2026-12-24T17:00:00Z');
    await other.ended(task);
    expect(await accepted(task)).to.equal(1);
    await other.engine.stop(2_000);
  });

  it('that waits is taken over from a planner and a sender that died', async () => {
    const zones = ['Europe/Berlin', 'America/New_York', 'Asia/Kolkata'];
    const ids = await Promise.all(zones.map((zone) => device(zone, { account: 'waits' })));
    await test.engine.stop(2_000);
    const again = (lanes?: []) =>
      engineTest(database().connection, {
        app: test.app,
        secretBox: test.parts.secretBox,
        now: () => nowMs,
        timings: { ...QUICK, leaseMs: 2_500, beatMs: 100, watchMs: 100 },
        ...(lanes == null ? {} : { lanes }),
      });
    test = await again([]);
    const task = await test.accept({
      audience: { where: 'account = waits' },
      due: { localTime: SIX, late: 'skip', timeZone: 'UTC' },
    });
    // As a process leaves it that was killed.
    const orphaned = { owner: 'dead', fence: 1, beat: 7 };
    const { db } = test.parts;
    await tasks(db).updateOne({ _id: task._id }, { $set: { state: 'planning', ...orphaned } });
    const first = await again();
    await until('it is planned', async () => (await test.taskNow(task)).planned);
    await first.engine.stop(2_000);
    const berlin = { task: task._id, dueAt: new Date('2026-12-24T17:00:00Z') };
    await batches(db).updateOne(berlin, { $set: { state: 'sending', ...orphaned } });
    at('2026-12-24T17:00:00Z');
    const second = await again();
    await untilAccepted(task, 2);
    at('2026-12-24T23:00:00Z');
    await second.ended(task);
    await second.engine.stop(2_000);
    expect(await test.rows(task)).to.have.deep.members(
      ids.map((id) => ({ device: id, state: 'accepted' })),
    );
  });
});
