import { expect } from 'chai';
import fc from 'fast-check';
import { type mongo, Types } from 'mongoose';
import { testDatabase } from '../test/support/mongo.js';
import { dbOf } from './database.js';
import {
  currentDeliveries,
  type Delivery,
  deliveries,
  deliveriesName,
  deliveryId,
  deliveryRange,
  ensureDeliveries,
  keptUntil,
  splitDeliveryId,
} from './delivery.js';
import { newTaskId } from './task.js';

const id = fc
  .uint8Array({ minLength: 12, maxLength: 12 })
  .map((bytes) => new Types.ObjectId(bytes));

describe('ids of deliveries', () => {
  it('are a task and a device, and can be taken apart again', () => {
    fc.assert(
      fc.property(id, id, (task, device) => {
        const made = deliveryId(task.id, device.id);
        expect(made.length()).to.equal(24);
        expect(splitDeliveryId(made)).to.deep.equal({ task, device });
      }),
    );
  });
});

describe('names of collections of deliveries', () => {
  it('are of a month in UTC and a retention class', () => {
    expect(deliveriesName(new Date('2026-01-31T23:59:59.999Z'), 90)).to.equal(
      'deliveries_2026_01_90',
    );
    expect(deliveriesName(new Date('2026-02-01T00:00:00Z'), 365)).to.equal(
      'deliveries_2026_02_365',
    );
  });

  it('say how long the rows are kept, from the end of the month', () => {
    expect(keptUntil('deliveries_2026_01_30')).to.deep.equal(new Date('2026-03-03T00:00:00Z'));
    expect(keptUntil('deliveries_2025_12_90')).to.deep.equal(new Date('2026-04-01T00:00:00Z'));
    expect(keptUntil('deliveries_2027_02_365')).to.deep.equal(new Date('2028-02-29T00:00:00Z'));
  });

  it('are not mistaken for others', () => {
    for (const name of [
      'deliveries',
      'deliveries_2026_1_30',
      'my_deliveries_2026_01_30',
      'tasks',
    ]) {
      expect(keptUntil(name)).to.equal(null);
    }
  });

  it('are known for this month and the next, also from the 31st', () => {
    const names = currentDeliveries(new Date('2026-01-31T12:00:00Z'));
    expect(names).to.have.members([
      'deliveries_2026_01_30',
      'deliveries_2026_01_90',
      'deliveries_2026_01_365',
      'deliveries_2026_02_30',
      'deliveries_2026_02_90',
      'deliveries_2026_02_365',
    ]);
  });
});

describe('a collection of deliveries', () => {
  const database = testDatabase();
  const NAME = 'deliveries_2026_01_90';
  const db = (): mongo.Db => dbOf(database().connection);
  const rows = () => deliveries(db(), NAME);
  const row = (task: Types.ObjectId, device: Types.ObjectId): Delivery => ({
    _id: deliveryId(task.id, device.id),
    d: device,
    s: 'accepted',
    n: 1,
    t: new Date(0),
  });

  before(() => ensureDeliveries(db(), NAME));

  it('is clustered by its key, and finds the rows of a device', async () => {
    const [found] = await db().listCollections({ name: NAME }).toArray();
    expect(found).to.have.nested.property('options.clusteredIndex.unique', true);
    const plan = (await rows()
      .find({ d: new Types.ObjectId() }, { sort: { t: -1 } })
      .explain('executionStats')) as { executionStats: Record<string, unknown> };
    expect(plan.executionStats).to.include({ totalDocsExamined: 0 });
  });

  it('may be made again, by several processes at a time', async () => {
    await Promise.all(Array.from({ length: 6 }, () => ensureDeliveries(db(), NAME)));
    await Promise.all(
      Array.from({ length: 6 }, () => ensureDeliveries(db(), 'deliveries_2026_02_90')),
    );
    expect(
      await db()
        .listCollections({ name: /^deliveries_2026_02/ })
        .toArray(),
    ).to.have.length(1);
  });

  it('is refused when it is plain, and stays as it was', async () => {
    const name = 'deliveries_2026_03_90';
    await db().collection(name).insertOne({ kept: true });
    const refusal = await ensureDeliveries(db(), name).then(
      () => null,
      (error: unknown) => error,
    );
    expect(refusal).to.be.an('error').with.property('message').that.includes(name);
    expect(await db().collection(name).countDocuments({ kept: true })).to.equal(1);
    expect(await db().collection(name).indexes()).to.have.length(1);
  });

  it('takes one row for a task and a device', async () => {
    const one = row(newTaskId(), new Types.ObjectId());
    await rows().insertOne(one);
    const refusal = await rows()
      .insertOne({ ...one, s: 'failed' })
      .then(
        () => null,
        (error: unknown) => error,
      );
    expect(refusal).to.include({ code: 11000 });
    expect((await rows().findOne({ _id: one._id }))?.s).to.equal('accepted');
  });

  context('when a range of a task is read', () => {
    const bytes = (fill: number, last: number): Types.ObjectId =>
      new Types.ObjectId(Buffer.concat([Buffer.alloc(11, fill), Buffer.from([last])]));
    /** Neighbours in every direction: their bytes end where those of the task begin, and the other way round. */
    const task = bytes(0x55, 0x55);
    const neighbours = [bytes(0x55, 0x54), bytes(0x55, 0x56), bytes(0, 0), bytes(0xff, 0xff)];
    const devices = [
      bytes(0, 0),
      bytes(0, 1),
      bytes(0x55, 0x55),
      bytes(0xff, 0xfe),
      bytes(0xff, 0xff),
    ];
    const inRange = async (after?: Types.ObjectId): Promise<Types.ObjectId[]> => {
      const found = await rows()
        .find({ _id: deliveryRange(task, after) }, { sort: { _id: 1 } })
        .toArray();
      for (const { _id } of found) expect(splitDeliveryId(_id).task).to.deep.equal(task);
      return found.map(({ d }) => d);
    };

    before(() =>
      rows().insertMany([task, ...neighbours].flatMap((one) => devices.map((d) => row(one, d)))),
    );

    it('holds all its rows, from the first device to the last, and no others', async () => {
      expect(await inRange()).to.deep.equal(devices);
    });

    it('goes on behind any device, also one that is not there', async () => {
      for (const [index, device] of devices.entries()) {
        expect(await inRange(device)).to.deep.equal(devices.slice(index + 1));
      }
      expect(await inRange(bytes(0x55, 0x54))).to.deep.equal(devices.slice(2));
    });
  });
});
