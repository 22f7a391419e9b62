import { expect } from 'chai';
import { mongo, Types } from 'mongoose';
import { commandsOf } from '../test/support/commands.js';
import { testDatabase } from '../test/support/mongo.js';
import { dbOf } from './database.js';
import { findPage } from './find-page.js';

interface Thing {
  _id: Types.ObjectId;
  name: string;
  odd?: unknown;
}

describe('a page of documents', () => {
  const database = testDatabase();
  const NAME = 'things';
  const things = (): mongo.Collection<Thing> => dbOf(database().connection).collection<Thing>(NAME);
  const page = (filter: mongo.Filter<Thing>, limit: number, db = dbOf(database().connection)) =>
    findPage<Thing>(db, NAME, {
      filter,
      projection: { name: 1, odd: 1 },
      sort: { _id: 1 },
      hint: { _id: 1 },
      limit,
    });
  let all: Thing[];

  before(async () => {
    all = Array.from({ length: 300 }, (_, index) => ({
      _id: new Types.ObjectId(),
      name: `thing ${index}`,
    }));
    await things().insertMany(all);
  });

  it('is what a find gives, in one reply', async () => {
    const commands = commandsOf(database().connection);
    const found = await page({}, 250);
    commands.stop();
    expect(found).to.deep.equal(all.slice(0, 250));
    expect(commands.named('find')).to.have.length(1);
    expect(commands.named('getMore')).to.have.length(0);
    const behind = await page({ _id: { $gt: found.at(-1)!._id } }, 250);
    expect(behind).to.deep.equal(all.slice(250));
    expect(await page({ name: 'nothing' }, 250)).to.deep.equal([]);
  });

  it('has types that are rarely seen, too', async () => {
    const odd = { _id: new Types.ObjectId(), name: 'odd', odd: new mongo.Decimal128('1.5') };
    await things().insertOne(odd);
    const [found] = await page({ name: 'odd' }, 1);
    expect(String(found?.odd)).to.equal('1.5');
  });

  it('is asked for by the driver when it cannot be had so', async () => {
    const db = dbOf(database().connection);
    const cut = (): Promise<never> => Promise.reject(new mongo.MongoNetworkError('cut'));
    const broken = Object.assign(Object.create(db) as mongo.Db, { command: cut });
    expect(await page({}, 3, broken)).to.deep.equal(all.slice(0, 3));
  });

  it('tells what is wrong with the question', async () => {
    const error = await page({ $nonsense: 1 }, 3).catch((thrown: unknown) => thrown);
    expect(error).to.be.instanceOf(mongo.MongoServerError);
  });
});
