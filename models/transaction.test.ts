import { expect } from 'chai';
import { mongo } from 'mongoose';
import { testDatabase } from '../test/support/mongo.js';
import { inTransaction } from './transaction.js';

describe('inTransaction', () => {
  const database = testDatabase();

  /** What the driver throws when the connection of an `insertMany` breaks. */
  const brokenBulk = (): Error =>
    new mongo.MongoBulkWriteError(
      new mongo.MongoNetworkError('connection closed', {}),
      {} as mongo.BulkWriteResult,
    );

  /** What it lets through of a socket that ended while a large command was written. */
  const endedSocket = (): Error =>
    Object.assign(new Error('This socket has been ended by the other party'), { code: 'EPIPE' });

  for (const [what, broken] of Object.entries({ brokenBulk, endedSocket })) {
    it(`repeats a bulk write whose connection broke: ${what}`, async () => {
      const { connection } = database();
      let times = 0;
      const written = await inTransaction(connection, async (session) => {
        times += 1;
        const { insertedCount } = await connection
          .collection(what)
          .insertMany([{ times }], { session });
        if (times === 1) throw broken();
        return insertedCount;
      });
      expect({ times, written }).to.deep.equal({ times: 2, written: 1 });
      const stored = await connection.collection(what).find().toArray();
      expect(stored.map((each) => each['times'])).to.deep.equal([2]);
    });
  }

  it('does not repeat what is wrong for good', async () => {
    const { connection } = database();
    let times = 0;
    const twice = inTransaction(connection, async (session) => {
      times += 1;
      const _id = 'the same' as never;
      await connection.collection('wrong').insertMany([{ _id }, { _id }], { session });
    });
    const error: unknown = await twice.catch((refusal: unknown) => refusal);
    expect(error).to.be.instanceOf(mongo.MongoBulkWriteError).and.include({ code: 11_000 });
    expect(times).to.equal(1);
    expect(await connection.collection('wrong').countDocuments()).to.equal(0);
  });
});
