import { expect } from 'chai';
import { mongo, Types } from 'mongoose';
import type { App } from '../models/app.js';
import { openHashSecret } from '../models/app-secrets.js';
import { batches } from '../models/batch.js';
import { CAP_COUNTS, capCounts, countPush } from '../models/cap-counts.js';
import type { Cap } from '../models/caps.js';
import { dbOf } from '../models/database.js';
import type { Device } from '../models/device.js';
import type { Task } from '../models/task.js';
import { accountKey } from '../models/token-key.js';
import { commandsOf } from '../test/support/commands.js';
import { type EngineTest, engineTest } from '../test/support/engine.js';
import { testDatabase } from '../test/support/mongo.js';
import { until } from '../test/support/until.js';
import type { DeliveryRow, TaskInput } from './engine.js';

const HOUR_MS = 3_600_000;
const NOON = '2026-11-22T12:00:00.000Z';
const MIDNIGHT = new Date('2026-11-23T00:00:00.000Z');
const MESSAGE = { title: 'Hello', silent: false, priority: 'high', purpose: 'marketing' } as const;
const DAILY: Cap = {
  name: 'daily',
  purposes: ['marketing', 'news'],
  limit: 2,
  window: { calendar: 'day' },
};

describe('frequency caps on the way of a push', () => {
  const database = testDatabase();
  const db = () => dbOf(database().connection);
  let test: EngineTest;
  let nowMs: number;
  let made = 0;

  const set = async (fields: Partial<App>) => {
    await db().collection<App>('apps').updateOne({ _id: test.app._id }, { $set: fields });
    test.engine.appChanged(test.app._id);
  };
  const device = async (change: Partial<Device> = {}, word = 'accept'): Promise<string> => {
    made += 1;
    const id = await test.addDevice(`sandbox-${word}-caps-${made}`, {
      consent: { push: 'granted', purposes: { marketing: 'granted', news: 'granted' } },
      ...change,
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
  const send = async (devices: string[], change: Partial<TaskInput> = {}): Promise<Task> =>
    test.ended(await accept(devices, change));
  const rowsOf = async (task: Task): Promise<DeliveryRow[]> => {
    const rows: DeliveryRow[] = [];
    for await (const row of test.engine.deliveries(await test.taskNow(task), {})) rows.push(row);
    return rows;
  };
  /** By state and reason. */
  const sums = async (task: Task): Promise<Record<string, number>> => {
    const counts: Record<string, number> = {};
    for (const { state, reason } of await rowsOf(task)) {
      const key = reason == null ? state : `${state}: ${reason}`;
      counts[key] = (counts[key] ?? 0) + 1;
    }
    return counts;
  };
  const countOf = (id: Uint8Array) => capCounts(db()).findOne({ _id: new mongo.Binary(id) });
  const personOf = (account: string): Buffer =>
    accountKey(openHashSecret(test.parts.secretBox, test.app), account);
  const another = (change: Parameters<typeof engineTest>[1] = {}) =>
    engineTest(database().connection, {
      app: test.app,
      secretBox: test.parts.secretBox,
      now: () => nowMs,
      ...change,
    });

  beforeEach(async () => {
    nowMs = Date.parse(NOON);
    test = await engineTest(database().connection, { now: () => nowMs });
    await test.addProfile('sandbox');
    await set({ caps: [DAILY] });
  });
  afterEach(() => test.engine.stop(2_000));

  it('suppress what is too much, and say by which cap and when it has room again', async () => {
    const id = await device();
    for (const _ of [1, 2]) expect(await sums(await send([id]))).to.deep.equal({ accepted: 1 });
    const task = await send([id]);
    const [row] = await rowsOf(task);
    expect(row).to.include({ state: 'suppressed', reason: 'capped:daily', attempts: 0 });
    expect(row?.freesAt).to.deep.equal(MIDNIGHT);
    const { reasons } = await test.engine.report(task);
    expect(reasons).to.deep.equal({ suppressed: { 'capped:daily': 1 } });
    nowMs = MIDNIGHT.getTime();
    expect(await sums(await send([id]))).to.deep.equal({ accepted: 1 });
  });

  it('count a task once for a person, on however many devices', async () => {
    const devices = [
      await device({ account: 'ada' }),
      await device({ account: 'ada' }),
      await device({ account: 'ada' }),
      await device({ account: 'bob' }),
      await device(),
    ];
    await send(devices);
    await send(devices.slice(0, 3));
    const task = await send(devices);
    expect(await sums(task)).to.deep.equal({ accepted: 2, 'suppressed: capped:daily': 3 });
    const capped = (await rowsOf(task)).filter(({ state }) => state === 'suppressed');
    expect(capped.map(({ device }) => device.toHexString())).to.have.members(devices.slice(0, 3));
    expect((await countOf(personOf('ada')))?.n['daily']).to.have.length(2);
  });

  it('mean the purposes that they name, together, and never those that are urgent', async () => {
    const id = await device();
    await send([id]);
    await send([id], { message: { ...MESSAGE, purpose: 'news' } });
    const service = { message: { ...MESSAGE, purpose: 'service' } };
    for (const _ of [1, 2, 3]) {
      expect(await sums(await send([id], service))).to.deep.equal({ accepted: 1 });
    }
    expect(await sums(await send([id]))).to.deep.equal({ 'suppressed: capped:daily': 1 });
    await set({ urgentPurposes: ['marketing'] });
    expect(await sums(await send([id]))).to.deep.equal({ accepted: 1 });
    await set({ urgentPurposes: [] });
    expect((await countOf(new Types.ObjectId(id).id))?.n['daily']).to.have.length(2);
  });

  it('do not count what nobody sees, nor what is taken back', async () => {
    const id = await device();
    const silent = {
      message: { data: { sync: '1' }, silent: true, priority: 'normal', purpose: 'marketing' },
    } as const;
    for (const _ of [1, 2, 3]) await send([id], silent);
    expect(await countOf(new Types.ObjectId(id).id)).to.equal(null);
    const task = await send([id]);
    const recall = await test.engine.recall({ app: test.app, by: 'test', task: task._id });
    await test.ended(recall ?? expect.fail('Not recalled'));
    expect((await countOf(new Types.ObjectId(id).id))?.k).to.deep.equal([task._id]);
  });

  it('do not count a push that is held by quiet hours, nor one whose device may not get it', async () => {
    await set({
      quietHours: { rules: [{ from: '11:00', to: '13:00', action: 'hold' }], timeZone: 'UTC' },
    });
    const [held, denied] = [
      await device({ account: 'held' }),
      await device({ account: 'denied', consent: { push: 'denied', purposes: {} } }),
    ];
    const task = await accept([held, denied]);
    await until('it is held', async () => {
      const open = await batches(db()).findOne({ task: task._id, state: 'due' });
      return open?.lastReason === 'quiet-hours';
    });
    expect(await countOf(personOf('held'))).to.equal(null);
    nowMs += HOUR_MS;
    await test.ended(task);
    expect((await countOf(personOf('held')))?.n['daily']).to.deep.equal([new Date(nowMs)]);
    expect(await countOf(personOf('denied'))).to.equal(null);
  });

  it('count a push that is tried again once, and let it through when there is no more room', async () => {
    await set({ caps: [{ ...DAILY, limit: 1 }] });
    const id = await device({}, 'busy1');
    const task = await accept([id]);
    const open = () => batches(db()).findOne({ task: task._id, state: 'due' });
    await until('it was tried once', async () => (await open())?.attempt === 2);
    expect(await sums(await send([id]))).to.deep.equal({ 'suppressed: capped:daily': 1 });
    nowMs = (await open())?.notBefore.getTime() ?? expect.fail('Nothing is open');
    await test.ended(task);
    expect(await sums(task)).to.deep.equal({ accepted: 1 });
    expect((await countOf(new Types.ObjectId(id).id))?.k).to.deep.equal([task._id]);
  });

  it('count a push that failed: it was on its way', async () => {
    await set({ caps: [{ ...DAILY, limit: 1 }] });
    const id = await device({}, 'refused');
    expect(Object.keys(await sums(await send([id])))[0]).to.match(/^failed/);
    expect(await sums(await send([id]))).to.deep.equal({ 'suppressed: capped:daily': 1 });
  });

  it('count tokens that nobody has registered, each for itself', async () => {
    await db()
      .collection<App>('apps')
      .updateOne({ _id: test.app._id }, { $set: { allowRawTokens: true } });
    const app = await db().collection<App>('apps').findOne({ _id: test.app._id });
    const other = await another({ app: app! });
    const sendRaw = async (word: string) => {
      const task = await other.accept({
        audience: { tokens: [{ token: `sandbox-accept-raw-${word}`, vendor: 'sandbox' }] },
        consentAsserted: true,
        expiresAt: new Date(nowMs + HOUR_MS),
        message: MESSAGE,
      });
      await other.ended(task);
      return sums(task);
    };
    for (const _ of [1, 2]) expect(await sendRaw('one')).to.deep.equal({ accepted: 1 });
    expect(await sendRaw('one')).to.deep.equal({ 'suppressed: capped:daily': 1 });
    expect(await sendRaw('two')).to.deep.equal({ accepted: 1 });
    await other.engine.stop(2_000);
  });

  it('hold for all processes together, however many tasks they send at the same time', async () => {
    const limit = 3;
    await set({ caps: [{ ...DAILY, limit }] });
    const engines = [test, await another()];
    const people = Array.from({ length: 30 }, (_, index) => `person-${index}`);
    const devices: string[] = [];
    for (const account of people) {
      devices.push(await device({ account }), await device({ account }));
    }
    const tasks = await Promise.all(
      Array.from({ length: 10 }, (_, index) =>
        engines[index % 2]!.accept({
          audience: { devices },
          expiresAt: new Date(nowMs + HOUR_MS),
          message: MESSAGE,
        }),
      ),
    );
    const total: Record<string, number> = {};
    const reached = new Map<string, Set<string>>();
    for (const task of tasks) {
      await test.ended(task);
      for (const row of await rowsOf(task)) {
        total[row.state] = (total[row.state] ?? 0) + 1;
        if (row.state !== 'accepted') continue;
        const account = people[Math.floor(devices.indexOf(row.device.toHexString()) / 2)]!;
        const got = reached.get(account) ?? new Set();
        reached.set(account, got.add(task._id.toHexString()));
      }
    }
    for (const account of people) expect(reached.get(account)?.size, account).to.equal(limit);
    // Both devices of a person got the same.
    expect(total).to.deep.equal({
      accepted: 2 * limit * people.length,
      suppressed: 2 * (tasks.length - limit) * people.length,
    });
    await engines[1]!.engine.stop(2_000);
  });

  for (const state of ['claimed', 'sending'] as const) {
    it(`count once what a worker had counted that died while its batch was ${state}`, async () => {
      const caps = [{ ...DAILY, limit: 1 }];
      await set({ caps });
      const door = await another({ lanes: [] });
      await test.engine.stop(2_000);
      const id = await device({ account: 'orphan' });
      const task = await door.accept({
        audience: { devices: [id] },
        expiresAt: new Date(nowMs + HOUR_MS),
        message: MESSAGE,
      });
      const person = new mongo.Binary(personOf('orphan'));
      expect(await countPush(db(), [person], { task, caps, nowMs })).to.have.property('size', 0);
      await batches(db()).updateOne(
        { task: task._id, state: 'due' },
        { $set: { state, owner: 'dead', fence: 1, beat: 7 } },
      );
      test = await another({ timings: { leaseMs: 2_500, beatMs: 100, watchMs: 100 } });
      await test.ended(task);
      expect(await sums(task)).to.deep.equal({ accepted: 1 });
      expect((await countOf(person.value()))?.n['daily']).to.have.length(1);
      await door.engine.stop(2_000);
    });
  }

  it('forget a person who is erased, and nobody else', async () => {
    const [phone, lonely] = [await device({ account: 'gone' }), await device()];
    const [other, stranger] = [await device({ account: 'here' }), await device()];
    const task = await send([phone, lonely, other, stranger]);
    const idOf = (id: string): Uint8Array => new Types.ObjectId(id).id;
    await test.engine.erase(test.app._id, { account: 'gone' });
    await test.engine.erase(test.app._id, { device: new Types.ObjectId(lonely) });
    expect(await countOf(personOf('gone'))).to.equal(null);
    expect(await countOf(idOf(lonely))).to.equal(null);
    for (const person of [personOf('here'), idOf(stranger)]) {
      expect((await countOf(person))?.k).to.deep.equal([task._id]);
    }
  });

  it('forget also what is counted while an erasure waits for what is on its way', async () => {
    const slow = await device({ account: 'late', profile: 'slow' }, 'slow');
    await test.addProfile('sandbox', { slowMs: 1_500 }, 'slow');
    const task = await accept([slow]);
    await until('it is on its way', async () => (await countOf(personOf('late'))) != null);
    const erasing = test.engine.erase(test.app._id, { account: 'late' });
    await until('it is forgotten', async () => (await countOf(personOf('late'))) == null);
    const push = { task, caps: [DAILY], nowMs };
    await countPush(db(), [new mongo.Binary(personOf('late'))], push);
    expect(await erasing).to.deep.equal({ devices: 1, mayStillArrive: false });
    expect(await countOf(personOf('late'))).to.equal(null);
  });

  it('cost an app without caps nothing, and the others one request for a batch', async () => {
    const devices = [await device({ account: 'one' }), await device({ account: 'two' })];
    const asked = async () => {
      const commands = commandsOf(database().connection);
      await send(devices);
      commands.stop();
      const ofCounts = (name: string, field: string) =>
        commands.named(name).filter((command) => command[field] === CAP_COUNTS).length;
      return ofCounts('update', 'update') + ofCounts('find', 'find') + ofCounts('insert', 'insert');
    };
    // Nobody was known.
    expect(await asked()).to.equal(3);
    expect(await asked()).to.equal(1);
    await set({ caps: null });
    expect(await asked()).to.equal(0);
  });
});
