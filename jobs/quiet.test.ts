import { expect } from 'chai';
import { type App } from '../models/app.js';
import { type Batch, batches } from '../models/batch.js';
import { dbOf } from '../models/database.js';
import type { QuietSettings, QuietWindow } from '../models/quiet-hours.js';
import type { Task } from '../models/task.js';
import { type EngineTest, engineTest } from '../test/support/engine.js';
import { testDatabase } from '../test/support/mongo.js';
import { until } from '../test/support/until.js';
import type { TaskInput } from './engine.js';

const HOUR_MS = 3_600_000;
/** Half past ten in Berlin, half past four in New York, half past six in Tokyo. */
const EVENING = '2026-11-22T21:30:00.000Z';
const NIGHT: QuietSettings = {
  rules: [{ from: '22:00', to: '08:00', action: 'hold' }],
  timeZone: 'Asia/Tokyo',
};
const MESSAGE = { title: 'Hello', silent: false, priority: 'high', purpose: 'service' } as const;

describe('quiet hours on the way of a push', () => {
  const database = testDatabase();
  let test: EngineTest;
  let nowMs: number;
  let made = 0;

  const set = async (fields: Partial<Pick<App, 'quietHours' | 'urgentPurposes'>>) => {
    const apps = dbOf(database().connection).collection<App>('apps');
    await apps.updateOne({ _id: test.app._id }, { $set: fields });
    test.engine.appChanged(test.app._id);
  };
  const device = async (timeZone?: string, own?: QuietWindow): Promise<string> => {
    made += 1;
    const id = await test.addDevice(`sandbox-accept-quiet-${made}`, {
      consent: { push: 'granted', purposes: { marketing: 'granted' } },
      ...(timeZone == null ? {} : { timeZone }),
      ...(own == null ? {} : { quietHours: own }),
    });
    return id.toHexString();
  };
  const accept = (devices: string[], change: Partial<TaskInput> = {}): Promise<Task> =>
    test.accept({
      audience: { devices },
      expiresAt: new Date(nowMs + 24 * HOUR_MS),
      message: MESSAGE,
      ...change,
    });
  const states = async (task: Task) => (await test.engine.report(task)).states;
  const openBatches = (task: Task): Promise<Batch[]> =>
    batches(dbOf(database().connection))
      .find({ task: task._id, state: { $ne: 'done' } }, { sort: { notBefore: 1 } })
      .toArray();
  const untilOpen = (task: Task, size: number) =>
    until('so many devices are open', async () => {
      const open = await openBatches(task);
      const isHeld = open.every(({ lastReason }) => lastReason === 'quiet-hours');
      return isHeld && open.reduce((sum, batch) => sum + batch.size, 0) === size;
    });

  beforeEach(async () => {
    nowMs = Date.parse(EVENING);
    test = await engineTest(database().connection, { now: () => nowMs });
    await test.addProfile('sandbox');
    await set({ quietHours: NIGHT });
  });
  afterEach(() => test.engine.stop(2_000));

  it('hold a push until they end where the device is, and it is no attempt', async () => {
    const [berlin, newYork, unknown] = [
      await device('Europe/Berlin'),
      await device('America/New_York'),
      await device(),
    ];
    const task = await accept([berlin, newYork, unknown]);
    await untilOpen(task, 2);
    expect(await test.rows(task)).to.deep.equal([{ device: newYork, state: 'accepted' }]);
    const held = (await openBatches(task)).map(({ notBefore, lastReason, attempt, waits }) => ({
      notBefore: notBefore.toISOString(),
      ...{ lastReason, attempt, waits },
    }));
    const nothingTried = { lastReason: 'quiet-hours', attempt: 1, waits: 0 };
    expect(held).to.deep.equal([
      { notBefore: '2026-11-22T23:00:00.000Z', ...nothingTried },
      { notBefore: '2026-11-23T07:00:00.000Z', ...nothingTried },
    ]);
    nowMs = Date.parse('2026-11-22T23:00:00Z');
    await untilOpen(task, 1);
    nowMs = Date.parse('2026-11-23T06:59:59Z');
    expect(await states(task)).to.include({ accepted: 2 });
    nowMs = Date.parse('2026-11-23T07:00:00Z');
    await test.ended(task);
    expect(await states(task)).to.include({ accepted: 3 });
  });

  it('drop it where the app says so, with the reason', async () => {
    await set({ quietHours: { ...NIGHT, rules: [{ ...NIGHT.rules[0]!, action: 'drop' }] } });
    const [asleep, awake] = [await device('Europe/Berlin'), await device('America/New_York')];
    const task = await accept([asleep, awake]);
    await test.ended(task);
    expect(await test.rows(task)).to.have.deep.members([
      { device: asleep, state: 'suppressed', reason: 'quiet-hours' },
      { device: awake, state: 'accepted' },
    ]);
  });

  it('let a task expire on time, with the reason', async () => {
    const asleep = await device('Europe/Berlin');
    const expiresAt = new Date(nowMs + HOUR_MS);
    const task = await accept([asleep], { expiresAt });
    await untilOpen(task, 1);
    expect((await openBatches(task))[0]?.notBefore).to.deep.equal(expiresAt);
    nowMs = expiresAt.getTime();
    await test.ended(task);
    expect(await test.rows(task)).to.deep.equal([
      { device: asleep, state: 'expired', reason: 'quiet-hours' },
    ]);
  });

  it('mean the purposes that they name, and never those that are urgent', async () => {
    await set({
      quietHours: { ...NIGHT, rules: [{ ...NIGHT.rules[0]!, purposes: ['marketing'] }] },
    });
    const devices = [await device('Europe/Berlin')];
    const marketing = { message: { ...MESSAGE, purpose: 'marketing' } };
    await test.ended(await accept(devices));
    const held = await accept(devices, marketing);
    await untilOpen(held, 1);
    await set({ urgentPurposes: ['marketing'] });
    const urgent = await accept(devices, marketing);
    await test.ended(urgent);
    expect(await states(urgent)).to.include({ accepted: 1 });
  });

  it('are those of a person, too, whatever those of the app', async () => {
    const evening = { from: '16:00', to: '18:30' };
    const late = { from: '21:00', to: '11:00' };
    const devices = [await device('America/New_York', evening), await device('Asia/Tokyo', late)];
    const task = await accept(devices);
    await untilOpen(task, 2);
    const ends = (await openBatches(task)).map(({ notBefore }) => notBefore.toISOString());
    expect(ends).to.deep.equal(['2026-11-22T23:30:00.000Z', '2026-11-23T02:00:00.000Z']);
    // A drop is the app's wish for its own hours, not for theirs.
    await set({ quietHours: { ...NIGHT, rules: [{ ...NIGHT.rules[0]!, action: 'drop' }] } });
    const dropped = await accept(devices);
    await untilOpen(dropped, 1);
    expect(await test.rows(dropped)).to.deep.equal([
      { device: devices[1], state: 'suppressed', reason: 'quiet-hours' },
    ]);
    await set({ quietHours: null });
    const another = await accept(devices);
    await untilOpen(another, 2);
    await set({ urgentPurposes: ['service'] });
    const urgent = await accept(devices);
    await test.ended(urgent);
    expect(await states(urgent)).to.include({ accepted: 2 });
  });

  it('disturb no message that nobody sees', async () => {
    const task = await accept([await device('Europe/Berlin')], {
      message: { data: { sync: '1' }, silent: true, priority: 'normal', purpose: 'service' },
    });
    await test.ended(task);
    expect(await states(task)).to.include({ accepted: 1 });
  });

  it('hold a silent message that overrides may make ring', async () => {
    const task = await accept([await device('Europe/Berlin')], {
      message: {
        data: { sync: '1' },
        silent: true,
        priority: 'normal',
        purpose: 'service',
        overrides: { sandbox: {} },
      },
    });
    await untilOpen(task, 1);
  });

  it('keep devices together whose hours end at the same time, and take little time for many', async () => {
    const quarters = Array.from({ length: 24 * 4 }, (_, index) => index);
    const wallTime = (quarter: number): string =>
      new Date(quarter * 15 * 60_000).toISOString().slice(11, 16);
    const zones = ['Europe/Berlin', 'Asia/Kathmandu', 'America/New_York', 'Australia/Lord_Howe'];
    const devices = await Promise.all(
      zones.flatMap((zone) =>
        quarters.map((quarter) =>
          device(zone, { from: wallTime(quarter), to: wallTime((quarter + 92) % 96) }),
        ),
      ),
    );
    await set({ quietHours: null });
    const task = await accept(devices);
    await until('those that are not left in peace have got it', async () => {
      const { accepted, suppressed } = await states(task);
      const open = await openBatches(task);
      const held = open.filter(({ lastReason }) => lastReason === 'quiet-hours');
      const size = held.reduce((sum, batch) => sum + batch.size, 0);
      return accepted + suppressed + size === devices.length;
    });
    const open = await openBatches(task);
    // Not one for each device, of which most are left in peace.
    expect((await states(task)).accepted).to.be.lessThan(devices.length / 10);
    expect(open.length).to.be.at.most(quarters.length);
  });

  it('hold tokens that nobody registered by the clock of the app', async () => {
    const apps = dbOf(database().connection).collection<App>('apps');
    await apps.updateOne({ _id: test.app._id }, { $set: { allowRawTokens: true } });
    const app = await apps.findOne({ _id: test.app._id });
    const other = await engineTest(database().connection, {
      app: app!,
      secretBox: test.parts.secretBox,
      now: () => nowMs,
    });
    const task = await other.accept({
      audience: { tokens: [{ token: 'sandbox-accept-raw', vendor: 'sandbox' }] },
      consentAsserted: true,
      expiresAt: new Date(nowMs + 24 * HOUR_MS),
    });
    await untilOpen(task, 1);
    expect((await openBatches(task))[0]?.notBefore.toISOString()).to.equal(
      '2026-11-22T23:00:00.000Z',
    );
    nowMs = Date.parse('2026-11-22T23:00:00Z');
    await other.ended(task);
    await other.engine.stop(2_000);
  });
});
