import { expect } from 'chai';
import type { mongo, Types } from 'mongoose';
import type { Adapter, Message, Vendor } from '../adapters/adapter.js';
import { loadVendors } from '../adapters/index.js';
import { LATE } from '../adapters/late.js';
import type { Badge, BadgeWish } from '../models/badge.js';
import { type Batch, batches } from '../models/batch.js';
import { dbOf } from '../models/database.js';
import type { Task } from '../models/task.js';
import { type EngineTest, engineTest } from '../test/support/engine.js';
import { testDatabase } from '../test/support/mongo.js';

const NOBODY_ID = 'a-process-that-died';

describe('the number on the icon', () => {
  const database = testDatabase();
  /** By token: what each of its pushes said, in their order. */
  let shown: Map<string, Pick<Message, 'badge' | 'badgeAdded'>[]>;
  let test: EngineTest;
  let made = 0;

  /** The sandbox, and a witness of what it is given. */
  const watched = async (change: Partial<Vendor> = {}): Promise<Map<string, Vendor>> => {
    const sandbox = (await loadVendors()).get('sandbox') as Vendor;
    const open: Vendor['open'] = (settings, deps): Adapter => {
      const adapter = sandbox.open(settings, deps);
      return {
        async send(message, targets, ...rest) {
          const { badge, badgeAdded } = message;
          const outcomes = await adapter.send(message, targets, ...rest);
          targets.forEach(({ token }, index) => {
            // On a busy machine its turn may come too late: then nothing has left.
            if (outcomes[index] === LATE) return;
            const said = badgeAdded == null ? { badge } : { badge, badgeAdded };
            shown.set(token, [...(shown.get(token) ?? []), said]);
          });
          return outcomes;
        },
      };
    };
    return new Map([['sandbox', { ...sandbox, open, ...change }]]);
  };
  const numbers = (token: string): unknown[] => (shown.get(token) ?? []).map(({ badge }) => badge);
  const badges = (): mongo.Collection<Badge> =>
    dbOf(database().connection).collection<Badge>('badges');
  const counted = async (device: Types.ObjectId): Promise<number | undefined> =>
    (await badges().findOne({ _id: device }))?.count;

  const newDevice = async (word = 'accept', fields = {}) => {
    made += 1;
    const token = `sandbox-${word}-badge-${made}`;
    return { token, id: await test.addDevice(token, fields) };
  };
  const accept = (
    devices: readonly { id: Types.ObjectId }[],
    badge: BadgeWish,
    by = test,
  ): Promise<Task> =>
    by.accept({
      audience: { devices: devices.map(({ id }) => id.toHexString()) },
      message: { title: 'Hello', badge, silent: false, priority: 'high', purpose: 'service' },
    });
  const send = async (...asked: Parameters<typeof accept>): Promise<Task> =>
    test.ended(await accept(...asked));

  beforeEach(async () => {
    shown = new Map();
    test = await engineTest(database().connection, { vendors: await watched() });
    await test.addProfile('sandbox');
  });
  afterEach(() => test.engine.stop(2_000));

  it('is one more with each push, for each device by itself', async () => {
    const [first, second] = [await newDevice(), await newDevice()];
    await send([first], '+1');
    await send([first, second], '+1');
    await send([first, second], '+20');
    expect(numbers(first.token)).to.deep.equal([1, 2, 22]);
    expect(numbers(second.token)).to.deep.equal([1, 21]);
  });

  it('goes on from the number that a message sets, or takes away', async () => {
    const device = await newDevice();
    for (const wish of [7, '+1', 0, '+2'] as const) await send([device], wish);
    expect(numbers(device.token)).to.deep.equal([7, 8, 0, 2]);
  });

  it('ends at the most that is allowed', async () => {
    const device = await newDevice();
    await send([device], 99_990);
    await send([device], '+99');
    expect(numbers(device.token)).to.deep.equal([99_990, 99_999]);
    expect(await counted(device.id)).to.equal(99_999);
  });

  it('is given to each push once, however many tasks and processes send at a time', async () => {
    const devices = await Promise.all(Array.from({ length: 20 }, () => newDevice()));
    const other = await engineTest(database().connection, {
      app: test.app,
      secretBox: test.parts.secretBox,
      vendors: await watched(),
    });
    try {
      const tasks = await Promise.all(
        Array.from({ length: 10 }, (_, index) =>
          accept(devices, '+1', index % 2 === 0 ? test : other),
        ),
      );
      await Promise.all(tasks.map((task) => test.ended(task)));
    } finally {
      await other.engine.stop(2_000);
    }
    const all = Array.from({ length: 10 }, (_, index) => index + 1);
    for (const { token } of devices) expect(numbers(token)).to.have.members(all);
  });

  it('stays what it is when a push is tried again', async () => {
    const device = await newDevice('busy1');
    await send([device], '+1');
    expect(numbers(device.token)).to.deep.equal([1, 1]);
    expect(await counted(device.id)).to.equal(1);
  });

  it('is not counted for who is not pushed to', async () => {
    const device = await newDevice('accept', { consent: { push: 'denied', purposes: {} } });
    await send([device, await newDevice()], '+1');
    expect(await counted(device.id)).to.equal(undefined);
  });

  it('was counted before the first byte left: who takes a batch over does not count again', async () => {
    const door = await engineTest(database().connection, {
      app: test.app,
      secretBox: test.parts.secretBox,
      vendors: await watched(),
      lanes: [],
    });
    await test.engine.stop(2_000);
    const device = await newDevice();
    const task = await accept([device], '+1', door);
    await badges().insertOne({ _id: device.id, app: test.app._id, count: 5, at: new Date() });
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(5);
    await batches(dbOf(database().connection)).updateOne(
      { task: task._id },
      { $set: { state: 'sending', owner: NOBODY_ID, badges: bytes as unknown as Batch['badges'] } },
    );
    test = await engineTest(database().connection, {
      app: test.app,
      secretBox: test.parts.secretBox,
      vendors: await watched(),
      timings: { leaseMs: 600, beatMs: 100, watchMs: 150 },
    });
    await test.ended(task);
    await door.engine.stop(2_000);
    expect(numbers(device.token)).to.deep.equal([5]);
    expect(await counted(device.id)).to.equal(5);
  });

  it('is left to a vendor that counts by itself', async () => {
    await test.engine.stop(2_000);
    test = await engineTest(database().connection, {
      app: test.app,
      secretBox: test.parts.secretBox,
      vendors: await watched({ countsBadges: true }),
    });
    const device = await newDevice();
    await send([device], '+3');
    await send([device], 4);
    expect(shown.get(device.token)).to.deep.equal([
      { badge: undefined, badgeAdded: 3 },
      { badge: 4 },
    ]);
    expect(await counted(device.id)).to.equal(undefined);
  });

  it('is forgotten with its device', async () => {
    const device = await newDevice();
    await send([device], '+1');
    await test.engine.erase(test.app._id, { device: device.id });
    expect(await counted(device.id)).to.equal(undefined);
  });
});
