import { expect } from 'chai';
import { Types } from 'mongoose';
import { commandsOf } from '../test/support/commands.js';
import { testDatabase } from '../test/support/mongo.js';
import { dbOf } from './database.js';
import { type Delivery, deliveries, deliveryId, ensureDeliveries } from './delivery.js';
import { isDuplicateKey } from './duplicate-key.js';
import { insertDeliveries } from './insert-rows.js';
import { inTransaction } from './transaction.js';

const NAME = 'deliveries_2026_11_90';
const TASK = new Types.ObjectId();
const someRows = (count: number): Delivery[] =>
  Array.from({ length: count }, (_, index): Delivery => {
    const device = new Types.ObjectId();
    const messageId = index % 2 === 0 ? { m: `message ${index}` } : { r: 'BadDeviceToken' };
    const s = index % 2 === 0 ? 'accepted' : 'failed';
    const _id = deliveryId(TASK.id, device.id);
    return { _id, d: device, s, v: 'apns', p: 'default', n: 1, t: new Date(), ...messageId };
  });

describe('rows that are inserted as BSON', () => {
  const database = testDatabase();
  const db = () => dbOf(database().connection);
  const insert = (rows: readonly Delivery[]): Promise<void> =>
    inTransaction(database().connection, (session) => insertDeliveries(db(), NAME, rows, session));
  const stored = () =>
    deliveries(db(), NAME)
      .find({}, { sort: { _id: 1 } })
      .toArray();

  before(() => ensureDeliveries(db(), NAME));

  it('are what was given, in one request, and none is one too', async () => {
    const rows = someRows(1_000);
    const commands = commandsOf(database().connection);
    await insert(rows);
    commands.stop();
    expect(commands.named('insert')).to.have.length(1);
    const order = (one: Delivery): string => one._id.toString('hex');
    const sorted = [...rows].sort((left, right) => (order(left) < order(right) ? -1 : 1));
    expect(await stored()).to.deep.equal(sorted);
    await insert([]);
    expect(await stored()).to.have.length(1_000);
  });

  it('are refused as a whole when one of them is there already', async () => {
    const before = await stored();
    const [taken] = before;
    const error = await insert([...someRows(2), taken!, ...someRows(2)]).catch(
      (thrown: unknown) => thrown,
    );
    expect(isDuplicateKey(error)).to.equal(true);
    expect(await stored()).to.deep.equal(before);
  });
});
