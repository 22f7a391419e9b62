import { expect } from 'chai';
import { mongo } from 'mongoose';
import { testDatabase } from '../test/support/mongo.js';
import { dbOf } from './database.js';
import { documentsOf, hasSequences, insertBytes } from './insert-bytes.js';

const NAME = 'things';
const bytesOf = (documents: readonly mongo.Document[]) => ({
  count: documents.length,
  bytes: Buffer.concat(documents.map((one) => mongo.BSON.serialize(one))),
});

describe('documents that are inserted as BSON', () => {
  const database = testDatabase();
  const things = () => dbOf(database().connection).collection<{ _id: number }>(NAME);

  it('go the short way with the driver that we have', () => {
    expect(hasSequences).to.equal(true);
  });

  it('are the same on the long way', () => {
    const documents = [{ _id: 1, at: new Date(0) }, { _id: 2 }];
    expect(documentsOf(bytesOf(documents))).to.deep.equal(documents);
  });

  it('are inserted but for those that are there already, which are named', async () => {
    const db = dbOf(database().connection);
    await things().insertOne({ _id: 2 });
    const given = bytesOf([{ _id: 1 }, { _id: 2 }, { _id: 3 }]);
    const refused = await insertBytes(db, NAME, { ...given, unordered: true });
    expect(refused.map(({ index, code }) => ({ index, code }))).to.deep.equal([
      { index: 1, code: 11_000 },
    ]);
    expect(await things().distinct('_id')).to.deep.equal([1, 2, 3]);
  });
});
