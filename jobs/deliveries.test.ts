import { expect } from 'chai';
import { Types } from 'mongoose';
import { dbOf } from '../models/database.js';
import { type Delivery, deliveries, deliveryId, ensureDeliveries } from '../models/delivery.js';
import { newTaskId } from '../models/task.js';
import { commandsOf } from '../test/support/commands.js';
import { testDatabase } from '../test/support/mongo.js';
import { deliveryRows } from './deliveries.js';

const ROWS = 2_600;
const MOST_AT_ONCE = 500;

describe('reading a long report', () => {
  const database = testDatabase();
  const task = { _id: newTaskId(), deliveriesIn: 'deliveries_2026_11_90' };

  it('takes a few rows at a time, so that the process does other things between them', async () => {
    const db = dbOf(database().connection);
    await ensureDeliveries(db, task.deliveriesIn);
    const rows = Array.from({ length: ROWS }, (): Delivery => {
      const d = new Types.ObjectId();
      return { _id: deliveryId(task._id.id, d.id), d, s: 'accepted', n: 1, t: new Date() };
    });
    await deliveries(db, task.deliveriesIn).insertMany(rows);
    const commands = commandsOf(database().connection);
    const devices: string[] = [];
    let inThisTurn = 0;
    let mostInATurn = 0;
    let turn = setImmediate(function next() {
      inThisTurn = 0;
      turn = setImmediate(next);
    });
    for await (const { device } of deliveryRows(db, task, {})) {
      devices.push(device.toHexString());
      inThisTurn += 1;
      mostInATurn = Math.max(mostInATurn, inThisTurn);
    }
    clearImmediate(turn);
    commands.stop();
    expect(devices).to.have.length(ROWS);
    expect(new Set(devices)).to.deep.equal(new Set(rows.map(({ d }) => d.toHexString())));
    expect(mostInATurn).to.be.at.most(MOST_AT_ONCE);
    expect(commands.named('getMore')).to.have.length(Math.floor(ROWS / MOST_AT_ONCE));
  });
});
